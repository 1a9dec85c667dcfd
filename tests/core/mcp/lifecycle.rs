//! `initialize` and `server/discover`: what is agreed on, and what the server says of itself.

use serde_json::{Value as Json, json};

use super::{MODERN, Post, SERVER_INFO, WITH_INITIALIZE, request, server_info};
use crate::world::Said;

fn initialize(params: Json) -> Post {
    Post::new(request("initialize", params))
}

fn described(json: &str) -> impl FnMut(&Json) -> Said {
    let json = json.to_owned();
    move |_| Said::Ok(json.clone())
}

#[test]
fn a_revision_that_both_know_is_agreed_on() {
    for version in WITH_INITIALIZE {
        let answered = initialize(json!({"protocolVersion": version, "capabilities": {}})).send();
        let result = json!({
            "protocolVersion": version,
            "capabilities": {"tools": {}},
            "serverInfo": server_info(),
            "instructions": "Ask.",
        });
        assert_eq!(answered.result(), result);
        assert_eq!(answered.effect(), &json!({"kind": "describe"}));
    }
}

#[test]
fn any_other_revision_is_answered_with_the_newest_that_has_initialize() {
    for version in [MODERN, "2024-10-07", "2099-01-01", "1.0", "", " 2025-06-18", "2025-06-18 ", "DRAFT-2026-v1"] {
        let answered = initialize(json!({"protocolVersion": version})).send();
        assert_eq!(answered.result()["protocolVersion"], "2025-11-25", "{version:?}");
        assert!(answered.header("mcp-session-id").is_some());
    }
}

#[test]
fn a_handshake_without_a_version_is_refused() {
    for params in [
        Json::Null,
        json!({}),
        json!({"protocolVersion": null}),
        json!({"protocolVersion": 5}),
        json!({"protocolVersion": {}}),
    ] {
        let answered = initialize(params.clone()).refused();
        assert_eq!(answered.fault(), (200, -32602), "{params}");
        assert_eq!(answered.header("mcp-session-id"), None);
        assert!(answered.message().contains("protocolVersion"));
    }
}

#[test]
fn a_server_without_instructions_gives_none() {
    let answered = initialize(json!({"protocolVersion": "2025-11-25"})).send_to(described(r#"{"registered":[]}"#));
    let result = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": server_info()});
    assert_eq!(answered.result(), result);
}

#[test]
fn what_is_declared_comes_through_as_it_stands_beside_what_is_registered() {
    let declared = r#"{ "tools" : {"listChanged":true}, "extensions":{"a/b":{"x":1.50}}, "prompts": null }"#;
    let capabilities =
        r#"{"tools":{"listChanged":true},"extensions":{"a/b":{"x":1.50}},"prompts":{"listChanged":true},"logging":{}}"#;
    let text = format!(
        r#"{{"registered":["tools","prompts"],"declared":{declared},"instructions":"a\"\u0062\n","listens":true}}"#
    );
    let post = initialize(json!({"protocolVersion": "2025-11-25"}));
    let answered = post.send_to(described(&text));
    assert!(answered.text().contains(capabilities), "{}", answered.text());
    assert!(answered.text().contains(r#""instructions":"a\"b\n""#), "{}", answered.text());
    let discovered = Post::modern("server/discover", Json::Null).send_to(described(&text));
    assert!(discovered.text().contains(capabilities), "{}", discovered.text());
}

#[test]
fn what_needs_an_object_is_not_announced_without_one_whatever_is_declared() {
    let declared = json!({
        "logging": {},
        "tools": {"listChanged": true},
        "resources": {"subscribe": true, "listChanged": true, "x": 1},
        "completions": {},
        "tasks": {"list": {}},
        "experimental": {"a": {}},
    });
    let text = json!({"registered": ["tools", "prompts"], "declared": declared}).to_string();
    let works = json!({
        "tools": {}, "resources": {"x": 1}, "prompts": {}, "completions": {}, "experimental": {"a": {}},
    });
    let answered = initialize(json!({"protocolVersion": "2025-11-25"})).send_to(described(&text));
    assert_eq!(answered.result()["capabilities"], works);
    let discovered = Post::modern("server/discover", Json::Null).send_to(described(&text));
    let mut with_logs = works;
    with_logs["logging"] = json!({});
    assert_eq!(discovered.result()["capabilities"], with_logs, "there each request says which messages it wants");
}

#[test]
fn where_clients_can_hear_of_changes_that_is_said() {
    let text =
        r#"{"registered":["tools","resources","prompts","completions"],"declared":{"prompts":{}},"listens":true}"#;
    let capabilities = json!({
        "tools": {"listChanged": true},
        "resources": {"subscribe": true, "listChanged": true},
        "prompts": {},
        "completions": {},
        "logging": {},
    });
    let answered = initialize(json!({"protocolVersion": "2025-11-25"})).send_to(described(text));
    assert_eq!(answered.result()["capabilities"], capabilities);
    let discovered = Post::modern("server/discover", Json::Null).send_to(described(text));
    assert_eq!(discovered.result()["capabilities"], capabilities);
}

#[test]
fn discover_says_what_is_served_and_how_long_that_may_be_kept() {
    let answered = Post::modern("server/discover", Json::Null).send();
    let result = json!({
        "resultType": "complete",
        "_meta": {SERVER_INFO: server_info()},
        "supportedVersions": [MODERN],
        "capabilities": {"tools": {}, "logging": {}},
        "instructions": "Ask.",
        "ttlMs": 60000,
        "cacheScope": "private",
    });
    assert_eq!(answered.result(), result);
    assert_eq!(answered.header("mcp-session-id"), None);
    assert_eq!(answered.effect(), &json!({"kind": "describe"}));
}

#[test]
fn a_server_that_cannot_say_what_it_is_is_at_fault() {
    for failure in ["timeout", "unreachable", "refused", "failed"] {
        let answered = initialize(json!({"protocolVersion": "2025-11-25"})).send_to(|_| Said::Failed(failure));
        assert_eq!(answered.fault(), (200, -32603));
        assert_eq!(answered.header("mcp-session-id"), None, "no session without a handshake");
        let answered = Post::modern("server/discover", Json::Null).send_to(|_| Said::Failed(failure));
        assert_eq!(answered.fault(), (500, -32603));
    }
}

#[test]
fn a_ping_is_answered_by_the_older_revisions() {
    for version in WITH_INITIALIZE {
        let answered = Post::legacy(version, "ping", Json::Null).refused();
        assert_eq!(answered.text(), r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
    }
}
