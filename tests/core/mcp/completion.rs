//! `completion/complete`.

use serde_json::{Value as Json, json};

use super::{MODERN, Post};
use crate::world::Said;

fn complete(params: Json) -> [Post; 2] {
    [Post::legacy("2025-11-25", "completion/complete", params.clone()), Post::modern("completion/complete", params)]
}

fn of_prompt() -> Json {
    json!({"ref": {"type": "ref/prompt", "name": "greet"}, "argument": {"name": "city", "value": "P"}})
}

#[test]
fn values_come_with_how_many_there_are() {
    for (total, more) in [(0, false), (2, false), (100, false), (101, true), (5000, true)] {
        for post in complete(of_prompt()) {
            let outcome = json!({"values": {"values": ["Paris", "Pau"], "total": total}}).to_string();
            let answered = post.send_to(|_| Said::Ok(outcome.clone()));
            let expected = json!({"values": ["Paris", "Pau"], "total": total, "hasMore": more});
            assert_eq!(answered.result()["completion"], expected);
            let effect = answered.effect();
            assert_eq!((&effect["prompt"], &effect["most"]), (&json!("greet"), &json!(100)));
        }
    }
}

#[test]
fn a_template_is_named_by_its_text() {
    let mut params = of_prompt();
    params["ref"] = json!({"type": "ref/resource", "uri": "notes://{id}"});
    params["context"] = json!({"arguments": {"folder": "a"}});
    for post in complete(params) {
        let answered = post.send_to(|_| Said::Ok(r#"{"values":{"values":[],"total":0}}"#.into()));
        let effect = answered.effect();
        assert_eq!((&effect["template"], &effect["known"]), (&json!("notes://{id}"), &json!({"folder": "a"})));
    }
}

#[test]
fn what_is_null_is_absent() {
    for (context, known) in [
        (json!(null), None),
        (json!({"arguments": null}), None),
        (json!({"arguments": {"a": null, "b": "x"}}), Some(json!({"b": "x"}))),
    ] {
        let mut params = of_prompt();
        params["context"] = context.clone();
        for post in complete(params) {
            let answered = post.send_to(|_| Said::Ok(r#"{"values":{"values":[],"total":0}}"#.into()));
            assert_eq!(answered.effect().get("known"), known.as_ref(), "{context}");
        }
    }
}

#[test]
fn what_is_malformed_is_refused() {
    let wrong = [
        ("ref", json!(null)),
        ("ref", json!({})),
        ("ref", json!({"type": "ref/tool", "name": "x"})),
        ("ref", json!({"type": "ref/prompt"})),
        ("ref", json!({"type": "ref/prompt", "name": 5})),
        ("ref", json!({"type": "ref/resource", "name": "x"})),
        ("argument", json!(null)),
        ("argument", json!({"name": "x"})),
        ("argument", json!({"name": "x", "value": 5})),
        ("argument", json!({"value": "x"})),
        ("argument", json!({"name": "x", "value": "a".repeat(8193)})),
        ("context", json!([])),
        ("context", json!({"arguments": []})),
        ("context", json!({"arguments": {"a": 5}})),
    ];
    for (member, value) in wrong {
        let mut params = of_prompt();
        params[member] = value.clone();
        for post in complete(params) {
            let answered = post.refused();
            assert_eq!(answered.fault(), (200, -32602), "{member} {value}");
            assert!(answered.message().contains(&format!("`params.{member}")), "{}", answered.message());
        }
    }
}

#[test]
fn other_outcomes_have_codes_of_their_own() {
    let outcomes = [(r#""unknown""#, -32602), (r#""absent""#, -32601), (r#"{"threw":"7f"}"#, -32603)];
    for (outcome, code) in outcomes {
        for post in complete(of_prompt()) {
            let is_modern = post.head["protocolVersion"] == MODERN;
            let (status, found) = post.send_to(|_| Said::Ok(outcome.into())).fault();
            assert_eq!(found, code, "{outcome}");
            assert_eq!(status, if code == -32601 && is_modern { 404 } else { 200 }, "{outcome}");
        }
    }
}
