//! Tables over the pure rules.

use std::cell::Cell;
use std::cmp::Ordering;

use mcp_wicket::oauth::client::document::is_url;
use mcp_wicket::oauth::client::metadata::presentable;
use mcp_wicket::oauth::redirect::{Kind, canonical, judge, matches};
use mcp_wicket::oauth::{ServerConfig, scope};
use mcp_wicket::unique::distinct;
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
        "https://wiki.intranet/client.json",
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
        "cursor:",
        "cursor:x",
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
}

#[test]
fn apps_have_schemes_of_their_own() {
    for uri in [
        "kiro://kiro.oauth/callback",
        "warp://mcp/oauth2callback",
        "vscodium://callback",
        "com.example.app:/oauth2redirect",
        "com.example.app://oauth2redirect",
        "unknown-app://cb",
        "web+mcp://cb",
        "a1:/cb",
    ] {
        assert_eq!(judge(uri, &[]), Some(Kind::Scheme), "{uri}");
        assert_eq!(judge(uri, &["steam".into()]), Some(Kind::Scheme), "the option adds to them: {uri}");
    }
    for uri in [
        // Hosts without a scheme, and places that are no URL.
        "localhost:8080/cb",
        "client.example:8080/cb",
        "urn:ietf:wg:oauth:2.0:oob",
        "com.example.app:oauth2redirect",
        "c:/cb",
        "Kiro://cb",
        "1password://cb",
        "-x://cb",
        "kiro_x://cb",
        "kiro://user@host/cb",
        // What the system or the browser itself does something with.
        "intent://x#Intent;scheme=https;end",
        "intent://x/",
        "mailto:/ann@example.com",
        "ms-msdt:/id",
        "ms-settings:/x",
        "search-ms:/x",
        "chrome://settings/",
        "chrome-extension://abc/x",
        "moz-extension://abc/x",
        "itms-services://?action=download-manifest",
        "ssh://host/",
        "tel:/1",
        "localhost://x",
    ] {
        assert_eq!(judge(uri, &[]), None, "{uri}");
    }
    for scheme in ["javascript", "data", "vbscript", "blob", "file", "about", "filesystem", "view-source", "http"] {
        let uri = format!("{scheme}:/x");
        assert_eq!(judge(&uri, &[scheme.to_owned()]), None, "no set-up allows {uri}");
        assert!(judge(&format!("{}:/x", scheme.to_uppercase()), &[scheme.to_uppercase()]).is_none());
    }
    assert_eq!(judge("myapp:x", &["myapp".into()]), Some(Kind::Scheme));
    assert_eq!(judge("ssh://host/", &["ssh".into()]), Some(Kind::Scheme));
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
    for (loose, scopes) in
        [("", vec![]), (" ", vec![]), ("a ", vec!["a"]), (" a", vec!["a"]), ("a  b\t", vec!["a", "b"])]
    {
        assert_eq!(scope::parse(loose).unwrap(), scopes, "{loose:?}");
    }
    for wrong in ["a\"b", "a\\b", "é", "a é"] {
        assert_eq!(scope::parse(wrong), None, "{wrong:?}");
    }
}

/// Counts how often it is compared.
#[derive(Clone)]
struct Counted<'a>(usize, &'a Cell<usize>);

impl PartialEq for Counted<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Counted<'_> {}
impl PartialOrd for Counted<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Counted<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.1.set(self.1.get() + 1);
        self.0.cmp(&other.0)
    }
}

#[test]
fn twice_as_many_scopes_are_about_twice_the_work() {
    let compared = |many: usize| {
        let count = Cell::new(0);
        assert_eq!(distinct((0..many).map(|number| Counted(number, &count))).len(), many);
        count.get()
    };
    let (one, two, four) = (compared(8_000), compared(16_000), compared(32_000));
    assert!(two < one * 5 / 2 && four < two * 5 / 2, "{one} {two} {four}");
    let many = (0..16_000).map(|number| format!("{number:x}")).collect::<Vec<_>>();
    assert_eq!(scope::parse(&many.join(" ")).unwrap(), many);
}

#[test]
fn a_resource_is_named_in_each_way_that_clients_do() {
    let server = super::server(json!({"aliases": ["urn:notes"]}));
    let canonical = |named: &str| server.canonical("https://mcp.example.com", named);
    for ours in [
        "https://mcp.example.com/mcp",
        "https://mcp.example.com/mcp/",
        "https://mcp.example.com/mcp?tenant=1",
        "https://mcp.example.com/sse",
        "https://mcp.example.com",
        "https://mcp.example.com/",
        "https://mcp.example.com/?x=1",
        "https://mcp.example.com?x=1",
        "https://mcp.example.com:443/mcp",
        "HTTPS://MCP.example.com/mcp",
        "urn:notes",
    ] {
        assert_eq!(canonical(ours).as_deref(), Some("https://mcp.example.com/mcp"), "{ours}");
    }
    for other in [
        "",
        "/mcp",
        "mcp.example.com",
        "http://mcp.example.com/mcp",
        "https://mcp.example.com:8443/mcp",
        "https://mcp.example.com:80/mcp",
        "https://mcp.example.com.evil.example/mcp",
        "https://mcp.example.com@evil.example/mcp",
        "https://evil.example/https://mcp.example.com/mcp",
        "https://evil.example/mcp",
        "https://mcp.example.com/MCP",
        "https://mcp.example.com/mcp2",
        "https://mcp.example.com/other",
        "https://mcp.example.com/mcp/../other",
        "https://mcp.example.com/mcp#x",
        "https://mcp.example.com#x",
        "urn:notes/",
    ] {
        assert_eq!(canonical(other), None, "{other}");
    }
    let tenants = super::server(json!({"resources": ["/mcp"], "below": ["/mcp"]}));
    let canonical = |named: &str| tenants.canonical("https://mcp.example.com", named);
    assert_eq!(canonical("https://mcp.example.com/mcp/acme").as_deref(), Some("https://mcp.example.com/mcp"));
    for other in ["/mcp2/acme", "/other/mcp/acme", "/mcp/../other", "/mcp/a/../../other"] {
        assert_eq!(canonical(&["https://mcp.example.com", other].concat()), None, "{other}");
    }
    let local = super::server(json!({}));
    assert!(local.canonical("http://localhost:8787", "http://localhost:8787/").is_some());
    assert!(local.canonical("http://localhost", "http://localhost:80/mcp").is_some());
    assert!(local.canonical("http://localhost", "http://localhost:443/mcp").is_none());
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
        ServerConfig::read(&options.to_string()).unwrap_err()
    };
    for (more, says) in [
        (json!({"resources": []}), "apiHandlers"),
        (json!({"issuer": "http://mcp.example.com"}), "issuer"),
        (json!({"issuer": "https://mcp.example.com/"}), "issuer"),
        (json!({"issuer": "http://localhost.evil.example"}), "issuer"),
        (json!({"issuer": 5}), "issuer must be a string"),
        (json!({"name": ["a"]}), "name must be a string"),
        (json!({"authorizeEndpoint": "authorize"}), "authorizeEndpoint must be a path such as /authorize"),
        (json!({"callbackEndpoint": "https://mcp.example.com/callback"}), "callbackEndpoint must be a path"),
        (json!({"tokenEndpoint": 5}), "tokenEndpoint must be a path such as /token, beginning with a slash: 5"),
        (json!({"tokenEndpoint": "/a/../token"}), "tokenEndpoint must be a path"),
        (json!({"authorizeEndpoint": "/mcp"}), "authorizeEndpoint and apiHandlers have the same path, /mcp"),
        (json!({"tokenEndpoint": "/authorize"}), "tokenEndpoint and authorizeEndpoint have the same path, /authorize"),
        (json!({"resources": ["/token"]}), "tokenEndpoint and apiHandlers"),
        (
            json!({"routes": ["/mcp", "/mcp/message"], "revocationEndpoint": "/mcp/message"}),
            "revocationEndpoint and apiHandlers",
        ),
        (json!({"scopes": "mcp"}), "scopes must be a list"),
        (json!({"scopeTexts": {"mcp": 5}}), "scopes must be an object of strings"),
        (json!({"schemes": "cursor"}), "redirectSchemes must be a list"),
        (json!({"aliases": "https://a.example"}), "resourceAliases must be a list"),
        (json!({"scopes": ["a b"]}), "scopes"),
        (json!({"codeTtl": 29}), "codeTtl"),
        (json!({"codeTtl": 601}), "codeTtl"),
        (json!({"codeTtl": "300s"}), "codeTtl"),
        (json!({"codeTtl": "300"}), "codeTtl"),
        (json!({"codeTtl": null}), "codeTtl"),
        (json!({"codeTtl": 45.5}), "codeTtl"),
        (json!({"limits": {"token": -1}}), "limits.token"),
        (json!({"refreshReplay": 121}), "refreshReplay"),
        (json!({"schemes": ["javascript"]}), "redirectSchemes"),
        (json!({"schemes": ["myapp:"]}), "redirectSchemes"),
        (json!({"schemes": ["MyApp"]}), "redirectSchemes"),
        (json!({"accessTokenTtl": 59}), "accessTokenTtl"),
        (json!({"accessTokenTtl": 3601}), "accessTokenTtl"),
        (json!({"refreshReplay": 1.5}), "refreshReplay"),
    ] {
        assert!(with(more.clone()).contains(says), "{more}: {}", with(more.clone()));
    }
}

#[test]
fn what_a_server_has_not_got_takes_no_path() {
    let read = |more: serde_json::Value| ServerConfig::read(&more.to_string());
    let servers = json!({"files": "s".repeat(32)});
    for (route, has, option) in [
        ("/introspect", json!({"resourceServers": servers}), "introspectionEndpoint"),
        ("/jwks", json!({"jwt": true}), "jwksEndpoint"),
    ] {
        let mut options = json!({"resources": [route]});
        assert!(read(options.clone()).is_ok(), "{route}");
        options.as_object_mut().unwrap().extend(has.as_object().unwrap().clone());
        assert!(read(options).unwrap_err().contains(&format!("{option} and apiHandlers")), "{route}");
    }
    assert!(read(json!({"resources": ["/"], "issuer": "http://localhost:8787"})).is_ok());
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

#[test]
fn a_redirect_uri_has_2048_characters_at_most_and_a_port_that_is_one() {
    let longest = format!("https://client.example/{}", "x".repeat(2048 - "https://client.example/".len()));
    assert_eq!(judge(&longest, &[]), Some(Kind::Https));
    assert_eq!(judge(&format!("{longest}x"), &[]), None);
    for (uri, is_one) in [
        ("http://[::1]/cb", true),
        ("http://[::1]:65535/cb", true),
        ("http://[::1]:65536/cb", false),
        ("http://[::1]:/cb", false),
        ("http://[::1]:+1/cb", false),
        ("https://client.example:443/cb", true),
        ("https://client.example:x/cb", false),
    ] {
        assert_eq!(judge(uri, &[]).is_some(), is_one, "{uri}");
    }
    assert_eq!(canonical("http://localhost:3000/cb?x", &[]), "http://localhost/cb?x");
    assert_eq!(canonical("https://client.example:8443/cb", &[]), "https://client.example:8443/cb");
    assert_eq!(canonical("com.example.app:/cb", &[]), "com.example.app:/cb");
}
