//! Which pages may talk to the server, under which names it answers, and what CORS tells them.

use mcp_wicket::auth::Guarded;
use mcp_wicket::auth::no_auth::{Head, guard};
use mcp_wicket::http::Answer;
use mcp_wicket::http::cors::preflight;
use mcp_wicket::http::origin::{Foreign, Policy, origin_of};

const OWN: &str = "https://mcp.example.com/mcp?x=1";
const PEER: Option<&str> = Some("203.0.113.7");

fn policy(origins: &[&str], hosts: &[&str]) -> Policy {
    let owned = |list: &[&str]| list.iter().map(|&entry| entry.to_owned()).collect();
    Policy { allowed_origins: owned(origins), allowed_hosts: owned(hosts) }
}

/// What the default policy says to a page of `origin`, on a server with a public name.
fn judge(origin: &str) -> Result<(), Foreign> {
    Policy::default().judge(OWN, Some(origin), PEER)
}

const ALLOWED: &[&str] = &[
    "https://mcp.example.com",
    "https://claude.ai",
    "https://chatgpt.com",
    "http://localhost",
    "http://localhost:3000",
    "https://localhost",
    "https://localhost:8443",
    "http://127.0.0.1",
    "http://127.0.0.1:6274",
    "https://127.0.0.1:6274",
    "http://127.9.9.9",
    "http://127.255.255.254:1",
    "http://[::1]",
    "http://[::1]:8080",
    "https://[::1]:8080",
];

const LOOKALIKES: &[&str] = &[
    "",
    " ",
    "null",
    "*",
    "https://evil.com",
    // Of our own name.
    "http://mcp.example.com",
    "https://mcp.example.com:8443",
    "https://mcp.example.com:443",
    "https://mcp.example.com/",
    "https://mcp.example.com.evil.com",
    "https://evil.mcp.example.com",
    "https://example.com",
    "https://mcp.example.co",
    "https://MCP.example.com",
    "mcp.example.com",
    "//mcp.example.com",
    // Of the hosted clients.
    "https://claude.ai.evil.com",
    "https://xclaude.ai",
    "https://evil.com/claude.ai",
    "https://evil.com#claude.ai",
    "https://evil.com?claude.ai",
    "https://claude.ai@evil.com",
    "https://claude.ai:443",
    "https://claude.ai:8443",
    "https://claude.ai/",
    "https://claude.ai.",
    "http://claude.ai",
    "https://CLAUDE.AI",
    "HTTPS://claude.ai",
    " https://claude.ai",
    "https://claude.ai ",
    "https://claude.ai, https://evil.com",
    "https://claude.ai https://evil.com",
    "https://www.chatgpt.com",
    "https://chatgpt.com.evil.com",
    "https://chatgpt.comx",
    "http://chatgpt.com",
    // Of loopback.
    "http://localhost.evil.com",
    "http://xlocalhost",
    "http://evil.localhost",
    "http://localhost.",
    "http://LOCALHOST",
    "http://Localhost:3000",
    "HTTP://localhost",
    "http://localhost:",
    "http://localhost:x",
    "http://localhost:80x",
    "http://localhost:-1",
    "http://localhost:80:80",
    "http://localhost/",
    "http://localhost:3000/",
    "http://localhost#x",
    "http://localhost@evil.com",
    "http://localhost:80@evil.com",
    "http://evil.com@localhost",
    "http://user:pass@localhost:80",
    "http://a@127.0.0.1",
    "http://evil.com:@127.0.0.1",
    "http://127.0.0.1:",
    "http://127.0.0.1.evil.com",
    "http://127.0.0.1.",
    "http://127.1",
    "http://127",
    "http://2130706433",
    "http://0x7f000001",
    "http://0177.0.0.1",
    "http://127.0.0.01",
    "http://127.0.0.256",
    "http://128.0.0.1",
    "http://126.255.255.255",
    "http://0.0.0.0",
    "http://[::1].evil.com",
    "http://[::1]evil.com",
    "http://[::1]:",
    "http://[::1]:x",
    "http://::1",
    "http://[::1",
    "http://::1]",
    "http://[[::1]]",
    "http://[127.0.0.1]",
    "http://[localhost]",
    "http://[::]",
    "http://[::2]",
    "http://[0:0:0:0:0:0:0:1]",
    "http://[::1%25lo]",
    "http://[::ffff:127.0.0.1]",
    "http://[::ffff:7f00:1]",
    "ws://localhost",
    "ftp://127.0.0.1",
    "file://localhost",
    "chrome-extension://localhost",
    "javascript://localhost",
    "localhost",
    "localhost:3000",
    "http:localhost",
    "http:/localhost",
    "://localhost",
    "http://",
    "http://:80",
    "http://évil.com",
    "http://127.0.0.1\n",
    "http://127.0.0.1\0",
];

#[test]
fn the_own_page_hosted_clients_and_programs_on_the_visitors_machine_may_connect() {
    for origin in ALLOWED {
        assert_eq!(judge(origin), Ok(()), "{origin}");
    }
}

#[test]
fn what_only_looks_like_them_may_not() {
    for origin in LOOKALIKES {
        assert_eq!(judge(origin), Err(Foreign::Origin), "{origin:?}");
    }
}

#[test]
fn callers_without_an_origin_are_no_pages() {
    assert_eq!(Policy::default().judge(OWN, None, PEER), Ok(()));
    assert_eq!(Policy::default().judge(OWN, None, None), Ok(()));
}

#[test]
fn the_own_origin_is_scheme_host_and_port() {
    for (url, own, others) in [
        ("https://a.example/mcp", "https://a.example", ["http://a.example", "https://a.example:444"]),
        ("https://a.example:444/mcp", "https://a.example:444", ["https://a.example", "https://a.example:4444"]),
        ("https://a.example", "https://a.example", ["https://a.example.", "https://a.exampl"]),
        ("https://a.example?b=https://c.example/", "https://a.example", ["https://c.example", "https://a.example?b="]),
        ("https://a.example#https://c.example/", "https://a.example", ["https://c.example", "https://a.example#"]),
        ("http://a.example/mcp", "http://a.example", ["https://a.example", "http://a.example:80"]),
    ] {
        let policy = Policy::default();
        assert_eq!(origin_of(url), own);
        assert_eq!(policy.judge(url, Some(own), PEER), Ok(()), "{url}");
        for other in others {
            assert_eq!(policy.judge(url, Some(other), PEER), Err(Foreign::Origin), "{url} from {other}");
        }
    }
}

#[test]
fn further_origins_are_those_that_are_configured_to_the_letter() {
    let policy = policy(&["https://app.example.com", "vscode-webview://x", "null"], &[]);
    for origin in ["https://app.example.com", "vscode-webview://x", "null"] {
        assert_eq!(policy.judge(OWN, Some(origin), PEER), Ok(()), "{origin}");
    }
    for origin in ["https://app.example.com:443", "https://app.example.com.evil.com", "https://App.example.com", ""] {
        assert_eq!(policy.judge(OWN, Some(origin), PEER), Err(Foreign::Origin), "{origin}");
    }
}

#[test]
fn a_server_on_loopback_answers_to_loopback_names() {
    for host in ["localhost", "localhost:8787", "127.0.0.1", "127.0.0.1:8787", "127.9.9.9:1", "[::1]", "[::1]:8787"] {
        for peer in [None, Some("127.0.0.1"), Some("::1"), Some("::ffff:127.0.0.1")] {
            let (url, own) = (format!("http://{host}/mcp"), format!("http://{host}"));
            assert_eq!(Policy::default().judge(&url, None, peer), Ok(()), "{host} {peer:?}");
            assert_eq!(Policy::default().judge(&url, Some(&own), peer), Ok(()), "{host} {peer:?}");
        }
    }
}

#[test]
fn a_server_on_loopback_answers_to_no_rebound_name() {
    for host in [
        "evil.com",
        "evil.com:8787",
        "localhost.evil.com",
        "127.0.0.1.evil.com:8787",
        "127.0.0.1.nip.io",
        "192.168.1.5:8787",
        "0.0.0.0:8787",
        "a@localhost",
        "localhost:",
    ] {
        for peer in [None, Some("127.0.0.1"), Some("127.1.2.3"), Some("::1"), Some("::ffff:127.0.0.1")] {
            let (url, own) = (format!("http://{host}/mcp"), format!("http://{host}"));
            for origin in [None, Some(own.as_str()), Some("https://claude.ai"), Some("http://localhost")] {
                let judged = Policy::default().judge(&url, origin, peer);
                assert_eq!(judged, Err(Foreign::Host), "{host} {peer:?} {origin:?}");
            }
            assert_eq!(policy(&[], &[host]).judge(&url, Some(&own), peer), Ok(()), "{host} is configured");
            assert_eq!(policy(&[], &["other"]).judge(&url, None, peer), Err(Foreign::Host));
            assert_eq!(policy(&[&own], &[]).judge(&url, Some(&own), peer), Err(Foreign::Host), "origins are no hosts");
        }
    }
}

#[test]
fn a_configured_host_is_compared_with_its_port() {
    let policy = policy(&[], &["dev.example:8787"]);
    assert_eq!(policy.judge("http://dev.example:8787/mcp", None, None), Ok(()));
    for host in ["dev.example", "dev.example:87", "x.dev.example:8787", "dev.example:8787.evil.com"] {
        assert_eq!(policy.judge(&format!("http://{host}/mcp"), None, None), Err(Foreign::Host), "{host}");
    }
    assert_eq!(policy.judge("http://dev.example:8787/", Some("https://evil.com"), None), Err(Foreign::Origin));
}

#[test]
fn a_server_that_is_not_on_loopback_answers_to_any_name() {
    for peer in [None, Some("127.0.0.1"), PEER] {
        assert_eq!(Policy::default().judge("https://any.example/mcp", None, peer), Ok(()), "https {peer:?}");
    }
    for peer in ["203.0.113.7", "10.0.0.1", "2001:db8::1", "::ffff:8.8.8.8", "fe80::1"] {
        assert_eq!(Policy::default().judge("http://any.example/mcp", None, Some(peer)), Ok(()), "http {peer}");
    }
}

fn head<'a>(method: &'a str, origin: Option<&'a str>, requested: Option<&'a str>) -> Head<'a> {
    Head {
        method: method.into(),
        url: OWN.into(),
        methods: "GET, POST".into(),
        origin: origin.map(Into::into),
        peer: PEER.map(Into::into),
        requested_headers: requested.map(Into::into),
    }
}

fn guarded(method: &str, origin: Option<&str>, requested: Option<&str>) -> Result<Vec<(&'static str, String)>, Answer> {
    match guard(&Policy::default(), &head(method, origin, requested)) {
        Guarded::Pass(pass) => Ok(pass.headers),
        Guarded::Answer(answer) => Err(answer),
    }
}

const EXPOSED: (&str, &str) =
    ("access-control-expose-headers", "WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version, Retry-After");

fn owned(headers: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    headers.iter().map(|&(name, value)| (name, value.to_owned())).collect()
}

#[test]
fn an_answer_to_a_page_says_which_page_and_what_it_may_read() {
    let headers = guarded("POST", Some("https://claude.ai"), None).unwrap();
    let expected = [("vary", "Origin"), ("access-control-allow-origin", "https://claude.ai"), EXPOSED];
    assert_eq!(headers, owned(&expected), "exactly these: no credentials");
}

#[test]
fn an_answer_to_anybody_else_says_that_it_depends_on_the_origin() {
    assert_eq!(guarded("POST", None, None).unwrap(), owned(&[("vary", "Origin")]));
}

#[test]
fn a_foreign_page_gets_a_refusal_it_cannot_read() {
    for method in ["POST", "GET", "OPTIONS", "DELETE"] {
        let answer = guarded(method, Some("https://evil.com"), None).unwrap_err();
        assert_eq!(answer.status, 403);
        assert_eq!(answer.headers, owned(&[("content-type", "application/json"), ("vary", "Origin")]));
        let body: serde_json::Value = serde_json::from_str(answer.body.as_deref().unwrap()).unwrap();
        assert_eq!(body["error"]["code"], -32600);
        assert!(body["error"]["message"].as_str().unwrap().contains("allowedOrigins"));
        assert!(body.get("id").is_none());
    }
}

#[test]
fn a_foreign_host_gets_a_refusal_that_names_the_option() {
    let head = Head { url: "http://evil.com/mcp".into(), peer: None, ..head("POST", None, None) };
    let Guarded::Answer(answer) = guard(&Policy::default(), &head) else { panic!("it is refused") };
    assert_eq!(answer.status, 403);
    assert!(answer.body.unwrap().contains("allowedHosts"));
}

#[test]
fn a_preflight_is_judged_as_its_request_will_be() {
    for origin in ALLOWED.iter().chain(LOOKALIKES) {
        let request = guarded("POST", Some(origin), None);
        let preflight = guarded("OPTIONS", Some(origin), Some("content-type")).unwrap_err();
        assert_eq!(request.is_ok(), preflight.status == 204, "{origin}");
        let allowed = preflight.headers.iter().find(|(name, _)| *name == "access-control-allow-origin");
        assert_eq!(allowed.map(|(_, value)| value.as_str()), request.is_ok().then_some(*origin), "{origin}");
    }
}

#[test]
fn a_preflight_is_answered_exactly() {
    let answer =
        guarded("OPTIONS", Some("https://chatgpt.com"), Some("Content-Type, MCP-Protocol-Version")).unwrap_err();
    assert_eq!((answer.status, &answer.body), (204, &None));
    let expected = [
        ("access-control-allow-methods", "GET, POST"),
        ("access-control-allow-headers", "content-type, mcp-protocol-version"),
        ("access-control-max-age", "86400"),
        ("vary", "Origin"),
        ("access-control-allow-origin", "https://chatgpt.com"),
        EXPOSED,
        ("allow", "GET, POST, OPTIONS"),
    ];
    assert_eq!(answer.headers, owned(&expected));
}

const EVERY: &str = "accept, authorization, content-type, dpop, last-event-id, mcp-method, mcp-name, \
                     mcp-protocol-version, mcp-session-id";

#[test]
fn a_preflight_allows_what_is_known_of_what_is_asked_for() {
    for (requested, allowed) in [
        (None, EVERY),
        (Some(""), EVERY),
        (Some("x-unknown"), EVERY),
        (Some("x-unknown, Accept,cookie"), "accept"),
        (Some("AUTHORIZATION"), "authorization"),
        (Some(" accept ,\tdpop , , mcp-name"), "accept, dpop, mcp-name"),
        (Some("mcp-param-region, Mcp-Param-User_Id-2"), "mcp-param-region, mcp-param-user_id-2"),
        (Some("mcp-paramx, mcp-parameter-a, xmcp-param-a"), EVERY),
        (Some("mcp-param-"), EVERY),
        (Some(EVERY), EVERY),
    ] {
        let answer = preflight("POST", requested);
        let header = answer.headers.iter().find(|(name, _)| *name == "access-control-allow-headers").unwrap();
        assert_eq!(header.1, allowed, "{requested:?}");
    }
}

#[test]
fn a_preflight_repeats_nothing_that_could_become_a_header_of_its_own() {
    for requested in [
        "mcp-param-a\r\nset-cookie: x=1",
        "mcp-param-a\nx: y",
        "mcp-param-a b",
        "mcp-param-a:b",
        "mcp-param-é",
        "mcp-param-a\0",
        "mcp-param-a;b",
        "accept\r\nset-cookie: x=1",
        "mcp-param-\"",
    ] {
        let answer = preflight("POST", Some(requested));
        assert!(answer.headers.contains(&("access-control-allow-headers", EVERY.into())), "{requested:?}");
        assert!(answer.headers.iter().all(|(_, value)| !value.contains(['\r', '\n', '\0'])), "{requested:?}");
    }
}
