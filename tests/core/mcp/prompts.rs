//! `prompts/get`.

use serde_json::{Value as Json, json};

use super::{MODERN, Post, WITH_INITIALIZE};
use crate::world::Said;

fn get_of(version: &str, params: Json) -> Post {
    if version == MODERN { Post::modern("prompts/get", params) } else { Post::legacy(version, "prompts/get", params) }
}

fn versions() -> impl Iterator<Item = &'static str> {
    WITH_INITIALIZE.into_iter().chain([MODERN])
}

#[test]
fn a_prompt_is_what_its_handler_returns() {
    let returned = json!({
        "description": "é",
        "messages": [{"role": "user", "content": {"type": "text", "text": "Hi"}, "x": 1}],
    });
    for version in versions() {
        let params = json!({"name": "greet", "arguments": {"name": "Ada"}});
        let answered = get_of(version, params).send_to(|_| Said::Ok(json!({"returned": returned}).to_string()));
        let result = answered.result();
        assert_eq!((&result["description"], &result["messages"]), (&returned["description"], &returned["messages"]));
        let effect = answered.effect();
        assert_eq!((&effect["kind"], &effect["name"]), (&json!("get"), &json!("greet")));
        assert_eq!(effect["arguments"], json!({"name": "Ada"}));
    }
}

#[test]
fn arguments_are_strings() {
    let wrong = [json!([]), json!("x"), json!({"a": 5}), json!({"a": {}}), json!({"a": true})];
    for version in versions() {
        for arguments in &wrong {
            let answered = get_of(version, json!({"name": "greet", "arguments": arguments})).refused();
            assert_eq!(answered.fault(), (200, -32602), "{version} {arguments}");
            assert!(answered.message().contains("`params.arguments`"));
        }
    }
    let twice =
        r#"{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"p","arguments":{"a":"1","a":"2"}}}"#;
    assert_eq!(Post::new(twice).refused().fault(), (200, -32602));
}

#[test]
fn arguments_that_are_null_are_absent() {
    let returned = |_: &Json| Said::Ok(r#"{"returned":{"messages":[]}}"#.into());
    for version in versions() {
        for (sent, given) in [
            (json!(null), None),
            (json!({"a": null}), Some(json!({}))),
            (json!({"a": null, "b": "x"}), Some(json!({"b": "x"}))),
        ] {
            let answered = get_of(version, json!({"name": "greet", "arguments": sent})).send_to(returned);
            assert_eq!(answered.effect().get("arguments"), given.as_ref(), "{version} {sent}");
            assert_eq!(answered.result()["messages"], json!([]));
        }
    }
}

#[test]
fn a_prompt_has_a_name_that_is_known() {
    for version in versions() {
        assert_eq!(get_of(version, json!({"name": 5})).without("mcpName").refused().fault(), (200, -32602));
        let answered = get_of(version, json!({"name": "none"})).send_to(|_| Said::Ok(r#""unknown""#.into()));
        assert_eq!(answered.fault(), (200, -32602));
        assert_eq!(answered.message(), "Unknown prompt \"none\".");
        let invalid = |_: &Json| Said::Ok(r#"{"invalid":"name: missing"}"#.into());
        let answered = get_of(version, json!({"name": "greet"})).send_to(invalid);
        assert_eq!((answered.fault(), answered.message()), ((200, -32602), "name: missing".into()));
    }
}

#[test]
fn content_that_a_revision_does_not_know_becomes_what_it_knows() {
    let link = json!({"type": "resource_link", "uri": "notes://1", "name": "One"});
    let audio = json!({"type": "audio", "data": "AA==", "mimeType": "audio/wav"});
    let returned = json!({"messages": [{"role": "user", "content": link}, {"content": audio, "role": "assistant"}]});
    let kinds = WITH_INITIALIZE.map(|version| {
        let answered =
            get_of(version, json!({"name": "p"})).send_to(|_| Said::Ok(json!({"returned": returned}).to_string()));
        let messages = answered.result()["messages"].clone();
        assert_eq!((&messages[0]["role"], &messages[1]["role"]), (&json!("user"), &json!("assistant")));
        [messages[0]["content"]["type"].clone(), messages[1]["content"]["type"].clone()]
    });
    let expected = [["text", "resource"], ["text", "audio"], ["resource_link", "audio"], ["resource_link", "audio"]];
    assert_eq!(kinds, expected.map(|kinds| kinds.map(Json::from)));
}

#[test]
fn a_handler_that_returns_no_messages_is_at_fault() {
    for returned in [json!(null), json!(5), json!({}), json!({"messages": "x"}), json!({"messages": [], "_meta": 5})] {
        let answered =
            get_of(MODERN, json!({"name": "p"})).send_to(|_| Said::Ok(json!({"returned": returned}).to_string()));
        assert_eq!(answered.fault(), (200, -32603), "{returned}");
    }
}
