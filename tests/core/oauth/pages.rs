//! The pages of errors: status, when to come back, and what the operator's log says.

use mcp_wicket::oauth::browser::page::{self, BrowserTarget, ErrorReason, Reply, error_page, leave};
use serde_json::{Value as Json, json};

use super::json_of;

fn header<'r>(reply: &'r Json, name: &str) -> Option<&'r str> {
    reply["page"]["headers"].as_array()?.iter().find(|it| it[0] == name)?[1].as_str()
}

#[test]
fn each_trouble_has_its_status_and_a_meaning_for_the_log() {
    let all = [
        (ErrorReason::Request, 400),
        (ErrorReason::Redirect, 400),
        (ErrorReason::Expired, 400),
        (ErrorReason::Stale, 400),
        (ErrorReason::Foreign, 403),
        (ErrorReason::Browser, 403),
        (ErrorReason::Form, 403),
        (ErrorReason::Unavailable, 503),
        (ErrorReason::Account, 403),
        (ErrorReason::NotAllowed, 403),
        (ErrorReason::Upstream, 503),
        (ErrorReason::UpstreamSetup, 500),
        (ErrorReason::Late, 503),
        (ErrorReason::Broken, 500),
        (ErrorReason::Busy(7), 429),
    ];
    let mut meanings = Vec::new();
    for (why, status) in all {
        let mut reply = error_page(why, None);
        let refused = reply.refused().clone().unwrap();
        assert!(page::codes().contains(&refused.code), "{why:?}");
        let meaning = refused.reason.into_owned();
        assert!(meaning.len() > 10 && !meanings.contains(&meaning), "{why:?}: {meaning}");
        meanings.push(meaning);
        let reply = json_of(&reply);
        assert_eq!(reply["page"]["status"], status, "{why:?}");
        let expected = match status {
            503 => Some("5"),
            429 => Some("7"),
            _ => None,
        };
        assert_eq!(header(&reply, "retry-after"), expected, "{why:?}");
        assert_eq!(header(&reply, "cache-control"), Some("no-store"));
    }
    let codes = page::codes();
    assert_eq!(codes.len(), 20);
    for code in
        ["unknown_client", "document_unreachable", "document_unusable", "document_host", "client_waits", "turned_away"]
    {
        assert!(codes.contains(&code), "{code}");
    }
    let detailed = |detail: &str| error_page(ErrorReason::Request, Some(detail)).refused().clone().unwrap().reason;
    assert_eq!(detailed("state"), "state");
    assert!(detailed("").contains("malformed"));
}

#[test]
fn whoever_leaves_is_told_where_to() {
    let model = |reply: &Reply| json_of(reply)["page"]["model"].clone();
    let upstream = model(&leave("https://up.example/x", BrowserTarget::Upstream { label: "Up", host: "up.example" }));
    assert_eq!(
        upstream,
        json!({"kind": "leave", "url": "https://up.example/x", "what": "upstream", "host": "up.example", "name": "Up"})
    );
    let unnamed = model(&leave("https://up.example/x", BrowserTarget::Upstream { label: "", host: "up.example" }));
    assert_eq!(unnamed.get("name"), None);
    let client = |outcome, waits| {
        let client = BrowserTarget::Client { name: "App", outcome, schemes: &[], waits, detail: Some("d") };
        json_of(&leave("https://client.example/cb?code=1", client))["page"].clone()
    };
    let failed = client("failed", true);
    assert_eq!(
        (&failed["status"], &failed["model"]["detail"], &failed["model"]["waits"]),
        (&json!(400), &json!("d"), &json!(true))
    );
    let allowed = client("allowed", false);
    assert_eq!(
        (&allowed["status"], allowed["model"].get("detail"), allowed["model"].get("waits")),
        (&json!(200), None, None)
    );
    assert_eq!((&allowed["model"]["host"], &allowed["model"]["where"]), (&json!("client.example"), &json!("https")));
    assert_eq!(client("denied", true)["status"], 200, "whoever said no has done nothing wrong");
}
