//! `tools/list` and `tools/call`: what is asked of the server behind, and what becomes of each of its answers.

use mcp_wicket::flow::FlowError;
use serde_json::{Value as Json, json};

use super::{Post, SERVER_INFO, WITH_INITIALIZE, say, server_info, text_result};
use crate::world::{Said, World};

fn call_of(version: &str, params: Json) -> Post {
    if version == super::MODERN {
        Post::modern("tools/call", params)
    } else {
        Post::legacy(version, "tools/call", params)
    }
}

fn versions() -> impl Iterator<Item = &'static str> {
    WITH_INITIALIZE.into_iter().chain([super::MODERN])
}

/// A call of the tool `t"` on each wire, for which the server says `outcome`.
fn each_wire(outcome: &Said) -> [super::InputResponse; 2] {
    ["2025-11-25", super::MODERN]
        .map(|version| call_of(version, json!({"name": "t\""})).with("mcpName", "t\"").send_to(|_| outcome.clone()))
}

fn ok(json: &str) -> Said {
    Said::Ok(json.into())
}

fn page(items: &str) -> String {
    format!(r#"{{"all":{items}}}"#)
}

#[test]
fn a_list_is_what_the_server_says() {
    let tools = r#"[{"name":"a","inputSchema":{"type":"object","x":1.50}}, {"name":"b"}]"#;
    for version in WITH_INITIALIZE {
        let answered = Post::legacy(version, "tools/list", Json::Null).send_to(|_| ok(&page(tools)));
        assert_eq!(answered.text(), format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":{tools}}}}}"#));
        assert_eq!((&answered.effect()["kind"], &answered.effect()["of"]), (&json!("list"), &json!("tools")));
    }
    let answered = Post::modern("tools/list", Json::Null).send_to(|_| ok(&page(tools)));
    let expected = json!({
        "resultType": "complete",
        "_meta": {SERVER_INFO: server_info()},
        "ttlMs": 60000,
        "cacheScope": "private",
        "tools": serde_json::from_str::<Json>(tools).unwrap(),
    });
    assert_eq!(answered.result(), expected);
    assert!(answered.text().contains(tools), "as it stands");
}

#[test]
fn a_list_has_one_page() {
    for cursor in [json!("x"), json!(5)] {
        let legacy = Post::legacy("2025-11-25", "tools/list", json!({"cursor": cursor})).refused();
        let modern = Post::modern("tools/list", json!({"cursor": cursor})).refused();
        assert_eq!([legacy.fault(), modern.fault()], [(200, -32602); 2], "{cursor}");
    }
}

#[test]
fn a_list_that_cannot_be_had_is_the_servers_fault() {
    for failure in ["timeout", "unreachable", "refused", "failed"] {
        let legacy = Post::legacy("2025-11-25", "tools/list", Json::Null).send_to(|_| Said::Failed(failure));
        let modern = Post::modern("tools/list", Json::Null).send_to(|_| Said::Failed(failure));
        assert_eq!([legacy.fault(), modern.fault()], [(200, -32603), (500, -32603)]);
    }
}

#[test]
fn a_call_hands_over_what_the_request_says_as_it_stands() {
    let arguments = r#"{"b" : 1.50, "a":[ "\u0061", 9007199254740993 ], "a":2,"__proto__":{}}"#;
    let params = format!(r#"{{"name":"ec\u0068o","arguments":{arguments}}}"#);
    let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
    let input = crate::world::head(&json!({"method": "POST", "server": {}, "contentType": "application/json"}));
    let request = mcp_wicket::mcp::Request::read(&input).unwrap();
    let step = crate::world::step("", async |flow| mcp_wicket::mcp::serve(flow, &request, &body).await);
    let mcp_wicket::flow::Step::Wait(asked) = step else { panic!("it waits: {step:?}") };
    let effect = &asked[0].effect;
    assert!(
        effect.starts_with(&*format!(r#"{{"kind":"call","name":"echo","arguments":{arguments},"request":1"#)),
        "{effect}"
    );
}

#[test]
fn what_a_request_does_not_say_is_not_handed_over() {
    for version in WITH_INITIALIZE {
        let answered = call_of(version, json!({"name": "echo"})).send();
        let effect = answered.effect();
        assert!(effect.get("arguments").is_none(), "{effect}");
    }
}

#[test]
fn a_call_names_a_tool() {
    for version in versions() {
        for params in
            [json!({}), json!({"name": null}), json!({"name": 5}), json!({"name": ["echo"]}), json!({"Name": "echo"})]
        {
            let answered = call_of(version, params.clone()).refused();
            assert_eq!(answered.fault(), (200, -32602), "{version} {params}");
            assert_eq!(answered.json()["id"], 1);
        }
    }
    assert_eq!(Post::legacy("2025-11-25", "tools/call", Json::Null).refused().fault(), (200, -32602));
    let lone = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\ud800"}}"#;
    assert_eq!(Post::new(lone).refused().fault(), (200, -32602), "a name that is no Unicode");
}

#[test]
fn arguments_are_an_object() {
    for version in versions() {
        for arguments in [json!([]), json!("{}"), json!(5), json!(true)] {
            let answered = call_of(version, json!({"name": "echo", "arguments": arguments})).refused();
            assert_eq!(answered.fault(), (200, -32602), "{version} {arguments}");
            assert!(answered.message().contains("arguments"));
        }
    }
}

#[test]
fn arguments_that_are_null_are_absent() {
    for version in versions() {
        let answered = call_of(version, json!({"name": "echo", "arguments": null}))
            .send_to(|_| ok(r#"{"returned":{"content":[]}}"#));
        assert_eq!((answered.effect().get("arguments"), answered.status()), (None, 200), "{version}");
    }
}

#[test]
fn what_a_tool_returns_is_the_result() {
    for answered in each_wire(&ok(r#"{"returned":{"content":[{"type":"text","text":"hi"}]}}"#)) {
        assert_eq!(answered.result()["content"], text_result("hi")["content"]);
        assert!(answered.result().get("isError").is_none());
    }
}

#[test]
fn an_unknown_tool_is_an_error_of_the_protocol() {
    for answered in each_wire(&ok(r#""unknown""#)) {
        assert_eq!(answered.fault(), (200, -32602));
        assert!(answered.message().contains(r#""t\"""#), "{}", answered.message());
    }
}

#[test]
fn what_the_model_should_see_is_a_result_that_says_it_failed() {
    for outcome in [r#"{"invalid":"a\"b\n"}"#, r#"{"refused":"a\"b\n"}"#] {
        let [legacy, modern] = each_wire(&ok(outcome));
        let expected = json!({"content": [{"type": "text", "text": "a\"b\n"}], "isError": true});
        assert_eq!(legacy.result(), expected);
        assert_eq!(modern.result()["content"], expected["content"]);
        assert_eq!(modern.result()["isError"], true);
        assert_eq!(modern.result()["resultType"], "complete");
        assert_eq!(modern.result()["_meta"], json!({SERVER_INFO: server_info()}));
    }
}

#[test]
fn what_was_thrown_is_told_by_its_number_in_the_log_only() {
    for answered in each_wire(&ok(r#"{"threw":"7f3a\"9"}"#)) {
        let result = answered.result();
        assert_eq!(result["isError"], true);
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(text.contains(r#"7f3a"9"#) && text.contains(r#""t\"""#), "{text}");
        assert_eq!(result["content"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn a_call_that_could_not_be_made_is_the_servers_fault() {
    for failure in ["timeout", "unreachable", "refused", "failed"] {
        let [legacy, modern] = each_wire(&Said::Failed(failure));
        assert_eq!([legacy.fault(), modern.fault()], [(200, -32603), (500, -32603)]);
        for answered in [legacy, modern] {
            assert_eq!(answered.json()["id"], 1);
            assert!(!answered.text().contains(failure), "why is for the operator");
        }
    }
}

#[test]
fn an_outcome_of_no_shape_that_was_promised_breaks_the_flow() {
    for lie in [
        "null",
        "5",
        "[]",
        "{}",
        r#""returned""#,
        r#"{"invalid":5}"#,
        r#"{"refused":null}"#,
        r#"{"threw":{}}"#,
        r#"{"done":{}}"#,
    ] {
        let post = call_of("2025-11-25", json!({"name": "echo"}));
        assert_eq!(post.end_in(World::new(|_| ok(lie))).0, Err(FlowError::Shape), "{lie}");
    }
    for (method, lie) in
        [("tools/list", "{}"), ("tools/list", "null"), ("server/discover", "{}"), ("server/discover", "[]")]
    {
        let post = Post::modern(method, Json::Null);
        assert_eq!(post.end_in(World::new(|_| ok(lie))).0, Err(FlowError::Shape), "{method} {lie}");
    }
    for lie in [
        r#"{"registered":null}"#,
        r#"{"registered":[5]}"#,
        r#"{"registered":[],"declared":[]}"#,
        r#"{"instructions":"x"}"#,
    ] {
        let post = Post::new(super::request("initialize", json!({"protocolVersion": "2025-11-25"})));
        assert_eq!(post.end_in(World::new(|_| ok(lie))).0, Err(FlowError::Shape), "{lie}");
    }
}

#[test]
fn a_name_is_only_a_name() {
    for name in ["", "__proto__", "constructor", "a/b c\n", "é世界", "\"", "\0", &"x".repeat(10_000)] {
        for version in versions() {
            let header = mcp_wicket::mcp::header::encode(name).into_owned();
            let answered = call_of(version, json!({"name": name})).with("mcpName", header).send_to(say);
            assert_eq!(answered.effect()["name"], name);
            assert_eq!(answered.fault(), (200, -32602));
        }
    }
}
