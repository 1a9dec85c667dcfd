//! Batches, which revision 2025-03-26 alone has: what one may hold, and in which order its answers come.

use serde_json::{Value as Json, json};

use super::{Post, notification, say, text_result};
use crate::world::Said;

fn numbered(id: u32, method: &str, params: Json) -> Json {
    let mut request = super::request(method, params);
    request["id"] = json!(id);
    request
}

fn call(id: u32, tool: &str) -> Json {
    numbered(id, "tools/call", json!({"name": tool, "arguments": {"id": id}}))
}

fn ids(answers: &Json) -> Vec<u64> {
    answers.as_array().unwrap().iter().map(|answer| answer["id"].as_u64().unwrap()).collect()
}

#[test]
fn answers_come_in_the_order_of_the_requests() {
    let batch = json!([
        call(5, "echo"),
        notification("notifications/initialized"),
        numbered(3, "ping", Json::Null),
        numbered(9, "tools/list", Json::Null),
        call(1, "echo"),
        {"jsonrpc": "2.0", "id": 77, "result": {}},
        numbered(2, "no/such", Json::Null),
        call(4, "unknown"),
    ]);
    let answered = Post::new(&batch).send();
    assert_eq!(answered.status(), 200);
    let answers = answered.json();
    assert_eq!(ids(&answers), [5, 3, 9, 1, 2, 4]);
    assert_eq!(answers[0]["result"], text_result(r#"{"id":5}"#));
    assert_eq!(answers[1]["result"], json!({}));
    assert_eq!(answers[2]["result"]["tools"][0]["name"], "echo");
    assert_eq!(answers[3]["result"], text_result(r#"{"id":1}"#));
    assert_eq!(answers[4]["error"]["code"], -32601);
    assert_eq!(answers[5]["error"]["code"], -32602);
    let kinds = answered.waits.iter().map(|wait| wait.iter().map(|effect| effect["kind"].as_str().unwrap()).collect());
    let kinds = kinds.collect::<Vec<Vec<_>>>();
    assert_eq!(kinds, [vec!["call", "list", "call", "call"]], "all that is needed is asked for at once");
}

#[test]
fn a_batch_of_one_is_answered_by_a_batch_of_one() {
    for (request, effects) in
        [(call(1, "echo"), 1), (numbered(1, "tools/list", Json::Null), 1), (numbered(1, "ping", Json::Null), 0)]
    {
        let answered = Post::new(json!([request])).send();
        assert_eq!(ids(&answered.json()), [1]);
        assert_eq!(answered.waits.iter().flatten().count(), effects);
        for effect in answered.waits.iter().flatten() {
            assert!(
                effect.get("shortcut").is_none(),
                "the shim would answer with something that is no batch: {effect}"
            );
        }
    }
}

#[test]
fn one_failure_is_one_requests_failure() {
    let batch = json!([call(1, "echo"), call(2, "broken"), call(3, "echo"), numbered(4, "tools/list", Json::Null)]);
    let answered = Post::new(&batch).send_to(|effect| match (effect["kind"].as_str(), effect["name"].as_str()) {
        (Some("list"), _) => Said::Failed("timeout"),
        (_, Some("broken")) => Said::Failed("failed"),
        _ => say(effect),
    });
    let answers = answered.json();
    assert_eq!((answered.status(), ids(&answers)), (200, vec![1, 2, 3, 4]));
    assert_eq!(answers[1]["error"]["code"], -32603);
    assert_eq!(answers[3]["error"]["code"], -32603);
    assert!(answers[0]["result"].is_object() && answers[2]["result"].is_object());
}

#[test]
fn faults_of_a_requests_own_do_not_keep_the_others_from_being_carried_out() {
    let batch = json!([
        numbered(1, "tools/call", json!({"name": 5})),
        numbered(2, "tools/call", json!({"name": "echo", "arguments": []})),
        numbered(3, "tools/list", json!({"cursor": "x"})),
        call(4, "echo"),
    ]);
    let answers = Post::new(&batch).send().json();
    let codes = answers.as_array().unwrap().iter().map(|answer| answer["error"]["code"].as_i64()).collect::<Vec<_>>();
    assert_eq!(codes, [Some(-32602), Some(-32602), Some(-32602), None]);
}

#[test]
fn a_batch_without_requests_is_taken_in() {
    for batch in [
        json!([notification("notifications/initialized")]),
        json!([notification("notifications/cancelled"), notification("no/such")]),
        json!([{"jsonrpc": "2.0", "id": 1, "result": {}}]),
        json!([{"jsonrpc": "2.0", "id": 1, "error": {}}, notification("notifications/initialized")]),
    ] {
        assert!(Post::new(&batch).refused().is_accepted(), "{batch}");
    }
}

#[test]
fn the_same_id_twice_is_answered_twice() {
    assert_eq!(ids(&Post::new(json!([call(1, "echo"), call(1, "echo")])).send().json()), [1, 1]);
}

#[test]
fn initialize_is_never_part_of_a_batch() {
    let initialize = numbered(1, "initialize", json!({"protocolVersion": "2025-03-26"}));
    for batch in
        [json!([initialize]), json!([numbered(2, "ping", Json::Null), initialize]), json!([initialize, initialize])]
    {
        for version in [None, Some("2025-03-26")] {
            let answered = Post::new(&batch).with("protocolVersion", version).refused();
            assert_eq!(answered.fault(), (400, -32600), "{batch}");
            assert!(answered.message().contains("initialize"), "{}", answered.message());
            assert_eq!(answered.header("mcp-session-id"), None);
        }
    }
}

#[test]
fn other_revisions_have_no_batches() {
    for version in ["2024-11-05", "2025-06-18", "2025-11-25", "2026-07-28"] {
        for batch in
            [json!([notification("notifications/initialized")]), json!([{"jsonrpc": "2.0", "id": 1, "result": {}}])]
        {
            let answered = Post::new(&batch).with("protocolVersion", version).refused();
            assert_eq!(answered.fault(), (400, -32600), "{version} {batch}");
        }
        let requests = json!([numbered(1, "ping", Json::Null), numbered(2, "ping", Json::Null)]);
        let answered = Post::new(&requests).with("protocolVersion", version).refused();
        assert_eq!(answered.status(), 400, "{version}");
    }
}

#[test]
fn a_batch_is_refused_whole() {
    let good = call(1, "echo");
    for (bad, code) in [
        (json!({"jsonrpc": "2.0", "id": null, "method": "ping"}), -32600),
        (json!({"id": 2, "method": "ping"}), -32600),
        (json!([[]]), -32600),
        (json!({"jsonrpc": "2.0", "id": 2, "method": "ping", "params": []}), -32602),
        (json!({"jsonrpc": "2.0", "id": 2, "method": "ping", "params": {"_meta": 1}}), -32602),
    ] {
        let answered = Post::new(json!([good, bad, good])).refused();
        assert_eq!(answered.fault(), (400, code), "{bad}: nothing was run");
    }
}

#[test]
fn a_batch_is_told_by_its_first_character() {
    let answered = Post::new("\r\n\t [ {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"} ] ").send();
    assert_eq!(answered.text(), r#"[{"jsonrpc":"2.0","id":1,"result":{}}]"#);
}

#[test]
fn a_batch_under_a_session_speaks_the_sessions_revision() {
    for (version, status) in [("2025-03-26", 200), ("2025-06-18", 400), ("2024-11-05", 400)] {
        let handshake = Post::new(super::request("initialize", json!({"protocolVersion": version}))).send();
        let session = handshake.header("mcp-session-id").unwrap();
        let batch = Post::new(json!([numbered(1, "ping", Json::Null)])).with("sessionId", session);
        assert_eq!(batch.send().status(), status, "{version}");
    }
    let batch = Post::new(json!([numbered(1, "ping", Json::Null)])).with("sessionId", "no such session");
    assert_eq!(batch.refused().fault(), (404, -32001));
}

#[test]
fn a_batch_holds_at_most_a_hundred_messages() {
    let pings = |count: u32| Json::Array((0..count).map(|id| numbered(id, "ping", Json::Null)).collect());
    assert_eq!(ids(&Post::new(pings(100)).send().json()).len(), 100);
    let refused = Post::new(pings(101)).send();
    assert_eq!((refused.status(), &refused.json()["error"]["code"]), (400, &json!(-32600)));
    assert!(refused.waits.is_empty());
}
