//! Which pages may talk to the server, and under which names it answers.

use mcp_wicket::http::origin::{OriginPolicy, OriginRejection, RequestSource, origin_of};
use mcp_wicket::json::read;

pub(crate) const OWN: &str = "https://mcp.example.com/mcp?x=1";
pub(crate) const PEER: Option<&str> = Some("203.0.113.7");

fn policy(origins: &[&str], hosts: &[&str]) -> OriginPolicy {
    let owned = |list: &[&str]| list.iter().map(|&entry| entry.to_owned()).collect();
    OriginPolicy { allowed_origins: owned(origins), allowed_hosts: owned(hosts) }
}

/// A request that has come over a connection, under the name that its URL has.
fn sent<'a>(url: &'a str, origin: Option<&'a str>, peer: Option<&'a str>) -> RequestSource<'a> {
    let host = origin_of(url).split_once("://").map(|(_, host)| host);
    RequestSource { origin, host, peer, ..RequestSource::default() }
}

trait Judge {
    fn asked(&self, url: &str, origin: Option<&str>, peer: Option<&str>) -> Result<(), OriginRejection>;
}

impl Judge for OriginPolicy {
    fn asked(&self, url: &str, origin: Option<&str>, peer: Option<&str>) -> Result<(), OriginRejection> {
        self.check(url, sent(url, origin, peer))
    }
}

/// What the default policy says to a page of `origin`, on a server with a public name.
fn judge(origin: &str) -> Result<(), OriginRejection> {
    OriginPolicy::default().asked(OWN, Some(origin), PEER)
}

pub(crate) const ALLOWED: &[&str] = &[
    "https://mcp.example.com",
    "https://claude.ai",
    "https://claude.com",
    "https://chatgpt.com",
    "app://obsidian.md",
    "capacitor://localhost",
    "ionic://localhost",
    "tauri://localhost",
    "http://tauri.localhost",
    "https://tauri.localhost",
    "vscode-file://vscode-app",
    "vscode-webview://1q2w3e4r5t-6y7u",
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

pub(crate) const LOOKALIKES: &[&str] = &[
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
    "https://claude.com.evil.com",
    "http://claude.com",
    // Of apps; extensions of browsers are none, and neither is what a browser opens from a file.
    "app://evil.md",
    "app://obsidian.md.evil",
    "app://obsidian.md:80",
    "tauri://localhost.evil.com",
    "tauri://evil.com",
    "http://tauri.localhost:80",
    "http://tauri.localhost.evil.com",
    "capacitor://evil.com",
    "vscode-webview://",
    "vscode-webview://a.evil.com",
    "vscode-webview://a/b",
    "vscode-webview://a@evil",
    "vscode-file://evil",
    "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
    "moz-extension://6a2b3c4d-0000-4000-8000-000000000000",
    "file://",
    "ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi",
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
    "http://::1:80",
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
        assert_eq!(judge(origin), Err(OriginRejection::Origin), "{origin:?}");
    }
}

#[test]
fn callers_without_an_origin_are_no_pages() {
    assert_eq!(OriginPolicy::default().asked(OWN, None, PEER), Ok(()));
    assert_eq!(OriginPolicy::default().asked(OWN, None, None), Ok(()));
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
        let policy = policy(&[], &["a.example"]);
        assert_eq!(origin_of(url), own);
        assert_eq!(policy.asked(url, Some(own), PEER), Ok(()), "{url}");
        for other in others {
            assert_eq!(policy.asked(url, Some(other), PEER), Err(OriginRejection::Origin), "{url} from {other}");
        }
    }
}

#[test]
fn over_plain_http_the_own_origin_counts_only_where_the_name_is_known() {
    // A rebound page on loopback can claim any sender's address, and its requests are of "its own" origin.
    for peer in [Some("1.1.1.1"), Some("2606:4700::1111"), Some("not an address"), Some("")] {
        let url = "http://evil.example.com:8787/mcp";
        let judged = OriginPolicy::default().asked(url, Some("http://evil.example.com:8787"), peer);
        assert_eq!(judged, Err(OriginRejection::Origin), "{peer:?}");
        assert_eq!(OriginPolicy::default().asked(url, Some("https://claude.ai"), peer), Ok(()), "{peer:?}");
        let known = policy(&[], &["evil.example.com:8787"]);
        assert_eq!(known.asked(url, Some("http://evil.example.com:8787"), peer), Ok(()), "{peer:?}");
    }
}

#[test]
fn further_origins_are_those_that_are_configured_to_the_letter() {
    let policy = policy(&["https://app.example.com", "vscode-webview://x", "null"], &[]);
    for origin in ["https://app.example.com", "vscode-webview://x", "null"] {
        assert_eq!(policy.asked(OWN, Some(origin), PEER), Ok(()), "{origin}");
    }
    for origin in ["https://app.example.com:443", "https://app.example.com.evil.com", "https://App.example.com", ""] {
        assert_eq!(policy.asked(OWN, Some(origin), PEER), Err(OriginRejection::Origin), "{origin}");
    }
}

#[test]
fn a_server_on_loopback_answers_to_loopback_names() {
    for host in ["localhost", "localhost:8787", "127.0.0.1", "127.0.0.1:8787", "127.9.9.9:1", "[::1]", "[::1]:8787"] {
        for peer in [None, Some("127.0.0.1"), Some("::1"), Some("::ffff:127.0.0.1")] {
            let (url, own) = (format!("http://{host}/mcp"), format!("http://{host}"));
            assert_eq!(OriginPolicy::default().asked(&url, None, peer), Ok(()), "{host} {peer:?}");
            assert_eq!(OriginPolicy::default().asked(&url, Some(&own), peer), Ok(()), "{host} {peer:?}");
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
        "evil.com.",
        "evil.internal.com",
        "evil..internal",
        "evil.local",
        "svc.cluster.local",
        "a@localhost",
        "a@mcp",
        "mcp:x",
        "192.168.1.500",
        "2130706433",
        "localhost:",
    ] {
        for peer in [None, Some("127.0.0.1"), Some("127.1.2.3"), Some("::1"), Some("::ffff:127.0.0.1")] {
            let (url, own) = (format!("http://{host}/mcp"), format!("http://{host}"));
            for origin in [None, Some(own.as_str()), Some("https://claude.ai"), Some("http://localhost")] {
                let judged = OriginPolicy::default().asked(&url, origin, peer);
                assert_eq!(judged, Err(OriginRejection::Host), "{host} {peer:?} {origin:?}");
            }
            assert_eq!(policy(&[], &[host]).asked(&url, Some(&own), peer), Ok(()), "{host} is configured");
            assert_eq!(policy(&[], &["other"]).asked(&url, None, peer), Err(OriginRejection::Host));
            assert_eq!(
                policy(&[&own], &[]).asked(&url, Some(&own), peer),
                Err(OriginRejection::Host),
                "origins are no hosts"
            );
        }
    }
}

#[test]
fn a_configured_host_is_compared_with_its_port() {
    let policy = policy(&[], &["dev.example:8787"]);
    assert_eq!(policy.asked("http://dev.example:8787/mcp", None, None), Ok(()));
    for host in ["dev.example", "dev.example:87", "x.dev.example:8787", "dev.example:8787.evil.com"] {
        assert_eq!(policy.asked(&format!("http://{host}/mcp"), None, None), Err(OriginRejection::Host), "{host}");
    }
    assert_eq!(policy.asked("http://dev.example:8787/", Some("https://evil.com"), None), Err(OriginRejection::Origin));
}

#[test]
fn a_server_that_is_not_on_loopback_answers_to_any_name() {
    for peer in [None, Some("127.0.0.1"), PEER] {
        assert_eq!(OriginPolicy::default().asked("https://any.example/mcp", None, peer), Ok(()), "https {peer:?}");
    }
    for peer in ["203.0.113.7", "10.0.0.1", "2001:db8::1", "::ffff:8.8.8.8", "fe80::1"] {
        assert_eq!(OriginPolicy::default().asked("http://any.example/mcp", None, Some(peer)), Ok(()), "http {peer}");
    }
}

#[test]
fn a_name_that_no_page_of_the_web_can_have_may_lead_to_loopback_but_its_pages_are_foreign() {
    for host in [
        "mcp",
        "mcp:8787",
        "MCP",
        "LOCALHOST:8787",
        "my_server-1:80",
        "host.docker.internal:8787",
        "mcp.default.internal",
        "mcp.localhost:8787",
        "192.168.1.5:8787",
        "0.0.0.0:8787",
        "[fd00::1]:8787",
    ] {
        let (url, own) = (format!("http://{host}/mcp"), format!("http://{host}"));
        for peer in [None, Some("127.0.0.1"), Some("::1")] {
            assert_eq!(OriginPolicy::default().asked(&url, None, peer), Ok(()), "{host}");
            assert_eq!(OriginPolicy::default().asked(&url, Some("http://localhost:6274"), peer), Ok(()), "{host}");
            assert_eq!(OriginPolicy::default().asked(&url, Some(&own), peer), Err(OriginRejection::Origin), "{host}");
        }
    }
}

#[test]
fn what_has_come_over_no_connection_was_sent_by_no_browser() {
    for url in ["http://mcp/mcp", "http://evil.com/mcp", "http://mcp.example.com:8787/mcp", "http://x.workers.dev/"] {
        for peer in [None, Some("127.0.0.1"), Some("203.0.113.7")] {
            let sender = RequestSource { peer, ..RequestSource::default() };
            assert_eq!(OriginPolicy::default().check(url, sender), Ok(()), "{url}");
            // What a page has sent, and a Worker has passed on, is still the page's.
            let passed_on = RequestSource { origin: Some("https://evil.com"), ..sender };
            assert_eq!(OriginPolicy::default().check(url, passed_on), Err(OriginRejection::Origin), "{url}");
        }
    }
    // A copy of a request, with a URL of its own, has the name that its sender called.
    let copied = |host| RequestSource { host: Some(host), peer: Some("127.0.0.1"), ..RequestSource::default() };
    assert_eq!(OriginPolicy::default().check("http://mcp/mcp", copied("localhost:8787")), Ok(()));
    assert_eq!(OriginPolicy::default().check("http://mcp/mcp", copied("evil.com:8787")), Err(OriginRejection::Host));
}

#[test]
fn behind_a_proxy_with_a_name_of_its_own_browsers_are_known_by_what_they_say() {
    let url = "http://mcp.example.com/mcp";
    let proxied = RequestSource { proxied: true, ..sent(url, None, Some("127.0.0.1")) };
    assert_eq!(OriginPolicy::default().check(url, proxied), Ok(()), "a program");
    assert_eq!(
        OriginPolicy::default().check(url, RequestSource { browser: true, ..proxied }),
        Err(OriginRejection::Host)
    );
    // The proxy writes its own name into the page's origin.
    let page = RequestSource { origin: Some("http://mcp.example.com"), ..proxied };
    assert_eq!(OriginPolicy::default().check(url, page), Err(OriginRejection::Origin));
    let inspector = RequestSource { origin: Some("http://localhost:6274"), browser: true, ..proxied };
    assert_eq!(OriginPolicy::default().check(url, inspector), Ok(()));
}

#[test]
fn every_origin_may_ask_where_that_is_said_and_rebound_names_still_lead_nowhere() {
    for said in [r#"{"allowedOrigins":["*"]}"#, r#"{"allowedOrigins":["https://a.example","*"]}"#] {
        let policy = read::<OriginPolicy>(said).unwrap();
        for origin in ["https://evil.com", "null", "chrome-extension://x"] {
            assert_eq!(policy.asked(OWN, Some(origin), PEER), Ok(()), "{origin}");
        }
        let rebound = policy.asked("http://evil.com/mcp", Some("http://evil.com"), None);
        assert_eq!(rebound, Err(OriginRejection::Host));
    }
    for said in [r#"{"allowedOrigins":"https://a.example"}"#, r#"{"allowedOrigins":1}"#, r#"{"allowedHosts":"*"}"#] {
        assert!(read::<OriginPolicy>(said).is_err(), "{said}");
    }
}

#[test]
fn pages_that_are_listed_may_ask_and_no_others() {
    let policy = read::<OriginPolicy>(r#"{"allowedOrigins":["https://a.example"]}"#).unwrap();
    assert_eq!(policy.asked(OWN, Some("https://a.example"), PEER), Ok(()));
    assert_eq!(policy.asked(OWN, Some("https://b.example"), PEER), Err(OriginRejection::Origin));
    assert_eq!(OriginRejection::ALL.map(OriginRejection::name), ["origin", "host"]);
}
