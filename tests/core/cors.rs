//! What pages are told: the headers of each answer, and the answers to preflights.

use mcp_wicket::guard::GuardDecision;
use mcp_wicket::guard::no_auth::{GuardInput, guard};
use mcp_wicket::http::Answer;
use mcp_wicket::http::cors::preflight;
use mcp_wicket::http::origin::OriginPolicy;

use crate::origin::{ALLOWED, LOOKALIKES, OWN, PEER};

fn head(method: &str, origin: Option<&str>, requested: Option<&str>) -> GuardInput {
    GuardInput {
        method: method.into(),
        url: OWN.into(),
        methods: "GET, POST".into(),
        origin: origin.map(Into::into),
        bearer: false,
        host: None,
        peer: PEER.map(Into::into),
        proxied: false,
        browser: false,
        requested_headers: requested.map(Into::into),
    }
}

fn guarded(method: &str, origin: Option<&str>, requested: Option<&str>) -> Result<Vec<(&'static str, String)>, Answer> {
    match guard(&OriginPolicy::default(), &head(method, origin, requested)) {
        GuardDecision::Pass(pass) => Ok(pass.headers),
        GuardDecision::Answer(answer) => Err(answer),
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
    let head = GuardInput {
        url: "http://evil.com/mcp".into(),
        host: Some("evil.com".into()),
        peer: None,
        ..head("POST", None, None)
    };
    let GuardDecision::Answer(answer) = guard(&OriginPolicy::default(), &head) else { panic!("it is refused") };
    assert_eq!(answer.status, 403);
    assert!(answer.body.unwrap().contains("allowedHosts"));
}

#[test]
fn behind_a_token_of_the_authorization_header_every_page_may_ask_without_credentials() {
    for origin in ["https://evil.com", "null", "http://evil.com:8787", "app://anything"] {
        for url in [OWN, "http://evil.com:8787/mcp"] {
            let ask = |method| {
                let head = GuardInput { bearer: true, url: url.into(), peer: None, ..head(method, Some(origin), None) };
                guard(&OriginPolicy::default(), &head)
            };
            let GuardDecision::Pass(pass) = ask("POST") else { panic!("{origin} may ask") };
            let expected = [("vary", "Origin"), ("access-control-allow-origin", origin), EXPOSED];
            assert_eq!(pass.headers, owned(&expected), "exactly these: no credentials");
            let GuardDecision::Answer(answer) = ask("OPTIONS") else { panic!("a preflight ends here") };
            assert_eq!(answer.status, 204);
            assert!(answer.headers.iter().all(|(name, _)| *name != "access-control-allow-credentials"));
        }
    }
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
fn a_preflight_allows_what_is_asked_for_but_what_the_edge_says() {
    for (requested, allowed) in [
        (None, EVERY),
        (Some(""), EVERY),
        (Some("X-API-Key"), "x-api-key"),
        (Some("traceparent, Accept,CF-Connecting-IP,cf-access-jwt-assertion"), "traceparent, accept"),
        (Some("cf-ray"), EVERY),
        (Some("AUTHORIZATION"), "authorization"),
        (Some(" accept ,\tdpop , , mcp-name"), "accept, dpop, mcp-name"),
        (Some("mcp-param-region, Mcp-Param-User_Id-2"), "mcp-param-region, mcp-param-user_id-2"),
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
