//! Tables over the pure rules.

use mcp_wicket::oauth::document::is_url;
use mcp_wicket::oauth::redirect::{Kind, judge, matches};
use mcp_wicket::oauth::register::presentable;
use mcp_wicket::oauth::{Server, scope};
use serde_json::json;

#[test]
fn urls_that_are_fetched_lead_to_public_names() {
    for good in [
        "https://claude.ai/oauth/mcp-client",
        "https://app.example.com/client.json",
        "https://app.example.com:443/client.json?v=1",
    ] {
        assert!(is_url(good), "{good}");
    }
    for wrong in [
        "http://app.example.com/client.json",
        "https://app.example.com",
        "https://app.example.com/",
        "https://localhost/client.json",
        "https://a.localhost/client.json",
        "https://127.0.0.1/client.json",
        "https://2130706433/client.json",
        "https://0x7f000001/client.json",
        "https://0x7f.0x0.0x0.0x1/client.json",
        "https://127.1/client.json",
        "https://0177.0.0.01/client.json",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/client.json",
        "https://[::ffff:127.0.0.1]/client.json",
        "https://[64:ff9b::7f00:1]/client.json",
        "https://metadata.google.internal/computeMetadata/v1/",
        "https://printer.local/client.json",
        "https://router/client.json",
        "https://user@app.example.com/client.json",
        "https://app.example.com:8443/client.json",
        "https://app.example.com/a/../client.json",
        "https://app.example.com/./client.json",
        "https://app.example.com/client.json#x",
        "https://app.example.com\\@127.0.0.1/client.json",
        "https://app.example.com./client.json",
        "https://.example.com/client.json",
        "https://exämple.com/client.json",
        "https://app.example.com/client json",
        "file:///etc/passwd",
        "",
    ] {
        assert!(!is_url(wrong), "{wrong}");
    }
    assert!(!is_url(&format!("https://app.example.com/{}", "x".repeat(2048))));
}

#[test]
fn redirect_uris_are_of_three_kinds() {
    for (uri, kind) in [
        ("https://client.example/cb?x=1", Kind::Https),
        ("https://client.example:8443/cb", Kind::Https),
        ("https://localhost/cb", Kind::Https),
        ("http://localhost:3334/cb", Kind::Loopback),
        ("http://127.9.9.9/cb", Kind::Loopback),
        ("http://[::1]:1/cb", Kind::Loopback),
        ("cursor://anysphere.cursor-mcp/oauth/callback", Kind::Scheme),
        ("vscode://vscode.github-authentication/did-authenticate", Kind::Scheme),
    ] {
        assert_eq!(judge(uri, &[]), Some(kind), "{uri}");
    }
    for uri in [
        "",
        "cb",
        "//client.example",
        "https://",
        "https:///cb",
        "https://?",
        "http://client.example/cb",
        "http://localhost@evil.example/",
        "https://a@b.example/",
        "https://b.example/#x",
        "javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///x",
        "unknown://x",
        "cursor:",
        "cursor://a@b/c",
        "https://a.example:99999/",
        "https://a.example:+1/",
        "https://a.example/\u{0}",
        "https://a.example/é",
        "HTTPS://a.example/",
        "https://a b/",
        "http://0x7f000001/",
        "http://localhost./",
        "http://[::2]/",
    ] {
        assert_eq!(judge(uri, &[]), None, "{uri}");
    }
    assert_eq!(judge("cursor://x", &["myapp".into()]), None);
    assert_eq!(judge("myapp://x", &["myapp".into()]), Some(Kind::Scheme));
    assert_eq!(judge("javascript:alert(1)", &["javascript".into()]), None);
}

#[test]
fn only_the_port_of_loopback_is_free() {
    for (registered, uri, same) in [
        ("https://a.example/cb", "https://a.example/cb", true),
        ("https://a.example/cb", "https://a.example:443/cb", false),
        ("https://a.example/cb", "https://a.example/cb/", false),
        ("https://a.example/cb", "https://A.example/cb", false),
        ("http://localhost/cb", "http://localhost:5/cb", true),
        ("http://localhost:4/cb", "http://localhost:5/cb", true),
        ("http://localhost/cb", "http://127.0.0.1/cb", false),
        ("http://localhost/cb", "http://localhost/cb?x", false),
        ("cursor://a/b", "cursor://a/c", false),
    ] {
        assert_eq!(matches(registered, uri, &[]), same, "{registered} {uri}");
    }
}

#[test]
fn scopes() {
    assert_eq!(scope::parse("a b a").unwrap(), ["a", "b"]);
    for wrong in ["", " ", "a ", " a", "a  b", "a\tb", "a\"b", "a\\b", "é"] {
        assert_eq!(scope::parse(wrong), None, "{wrong:?}");
    }
}

#[test]
fn names_are_shown_without_what_people_cannot_see() {
    assert_eq!(presentable(" a\u{202e}b\u{0}\u{feff}\u{200b}c \n"), "abc");
}

#[test]
fn a_set_up_that_cannot_be_is_refused_with_the_option_and_the_fix() {
    let with = |more: serde_json::Value| {
        let mut options = json!({"resources": ["/mcp"]});
        options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Server::read(&options.to_string()).unwrap_err()
    };
    for (more, says) in [
        (json!({"resources": []}), "apiHandlers"),
        (json!({"issuer": "http://mcp.example.com"}), "issuer"),
        (json!({"issuer": "https://mcp.example.com/"}), "issuer"),
        (json!({"authorize": "authorize"}), "authorize"),
        (json!({"scopes": ["a b"]}), "scopes"),
        (json!({"accessTokenTtl": 59}), "accessTokenTtl"),
        (json!({"accessTokenTtl": 3601}), "accessTokenTtl"),
        (json!({"refreshReplay": 1.5}), "refreshReplay"),
    ] {
        assert!(with(more.clone()).contains(says), "{more}");
    }
}

#[test]
fn a_redirect_uri_that_answers_for_us_is_none() {
    let judged = |uri: &str| judge(uri, &[]).is_some();
    for name in ["code", "state", "iss", "error", "error_description", "c%6Fde", "%69ss"] {
        for uri in ["https://client.example/cb?", "http://127.0.0.1/cb?x=1&", "cursor://client/cb?"] {
            assert!(!judged(&format!("{uri}{name}=theirs")), "{uri}{name}");
        }
    }
    for uri in
        ["https://client.example/cb?tenant=1&codes=2", "https://client.example/code=1", "cursor://client/state?x=code"]
    {
        assert!(judged(uri), "{uri}");
    }
    assert!(!judged("https://client.example/cb?%"), "a query that cannot be read");
}
