//! Stencils: what a step says of requests like its own is what their own steps say.

use mcp_wicket::crypto::Keys;
use mcp_wicket::flow::Step;
use mcp_wicket::http::Answer;
use mcp_wicket::mcp::sealing::Sealing;
use mcp_wicket::mcp::{Request, serve};
use serde_json::{Value as Json, json};

use super::{Post, WITH_INITIALIZE, modern_request, request};
use crate::random::Random;
use crate::world::{NOW, first_step, head};

const DAY: u64 = 24 * 3600 * 1000;

/// The first step of a request.
fn step_at(now: u64, post: &Post) -> Step<Answer> {
    let input = head(&post.head);
    let request = Request::read(&input).unwrap();
    first_step(now, async |flow| serve(flow, &request, &post.body).await)
}

/// A step that waits for one effect, as the shim reads it: the effect, its head, and the stencil if it has one.
fn read(step: &Step<Answer>) -> (Json, String, Option<Vec<u64>>) {
    let text = step.json();
    let (step, head) = text.rsplit_once('\n').unwrap_or_else(|| panic!("it does not wait: {text}"));
    let mut step = serde_json::from_str::<Json>(step).unwrap();
    let effect = step["wait"][0]["effect"].take();
    (
        effect,
        head.to_owned(),
        step["shortcut"].get("stencil").map(|stencil| serde_json::from_value(stencil.clone()).unwrap()),
    )
}

fn stencil(post: &Post) -> Option<Vec<u64>> {
    read(&step_at(NOW, post)).2
}

/// The body with another id, other arguments and another token, as the stencil has their places.
fn filled(body: &str, stencil: &[u64], texts: [&str; 3]) -> String {
    let at = |place: &u64| usize::try_from(*place).unwrap();
    let mut holes = stencil[3..].chunks(2).map(|hole| at(&hole[0])..at(&hole[1])).zip(texts).collect::<Vec<_>>();
    holes.sort_by_key(|(place, _)| place.start);
    let (mut filled, mut from) = (String::new(), 0);
    for (place, text) in holes {
        filled.extend([&body[from..place.start], text]);
        from = place.end;
    }
    filled + &body[from..]
}

fn echo() -> Json {
    json!({"name": "echo", "arguments": {"text": "a"}})
}

/// Calls on every wire, with all that may stand beside the arguments.
fn calls() -> Vec<Post> {
    let mut calls = WITH_INITIALIZE.map(|version| Post::legacy(version, "tools/call", echo())).to_vec();
    calls.push(Post::new(request("tools/call", echo())));
    calls.push(Post::modern("tools/call", echo()));
    let mut with_progress = modern_request("tools/call", echo());
    with_progress["params"]["_meta"]["progressToken"] = "p1".into();
    calls.push(Post::of_modern_body(&with_progress).with("principal", "user:github:1").with("client", "c1"));
    with_progress["params"]["_meta"]["progressToken"] = 7.into();
    calls.push(Post::of_modern_body(&with_progress));
    let opened = Post::new(request("initialize", json!({"protocolVersion": "2025-11-25"}))).send();
    let session = opened.header("mcp-session-id").unwrap().to_owned();
    calls.push(Post::legacy("2025-11-25", "tools/call", echo()).with("sessionId", session));
    // As the official clients write it: the id at the end.
    let body = r#"{"method":"tools/call","params":{"name":"echo","arguments":{"text":"a"}},"jsonrpc":"2.0","id":3}"#;
    calls.push(Post::new(body).with("protocolVersion", "2025-06-18"));
    let spaced = " { \"id\" : 70 ,\n\"jsonrpc\":\"2.0\",\"method\":\"tools/call\",\"params\":{\"arguments\" : { } ,\"name\":\"echo\"}} ";
    calls.push(Post::new(spaced));
    calls
}

/// The text of an object.
fn object(random: &mut Random) -> String {
    let names = ["a", "id", "arguments", "__proto__", "é😀", "\\u0061\\\"", "jsonrpc"];
    let values = [
        "1",
        "-0.5e3",
        "\"x\"",
        "\"},\\\"id\\\":2\"",
        "null",
        "[]",
        "{}",
        "[{\"a\":[1,{\"b\":\"é\"}]}]",
        "1e40",
        "true",
    ];
    let members = (0..random.below(5)).map(|_| format!("\"{}\":{}", random.of(&names), random.of(&values)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

#[test]
fn a_request_like_another_is_answered_like_it() {
    let mut random = Random::new(7);
    for post in calls() {
        let (effect, head, stencil) = read(&step_at(NOW, &post));
        let stencil = stencil.unwrap_or_else(|| panic!("there is none for {post:?}"));
        let id = effect["request"].to_string();
        for _ in 0..200 {
            let other = random.of(&["0", "1", "7", "42", "999999999999999"]);
            let token = random.of(&["0", "8", "123456789012345"]);
            let arguments = object(&mut random);
            let body = filled(&post.body, &stencil, [other, &arguments, token]);
            let step = step_at(NOW, &Post { body: body.clone(), ..post.clone() });
            let text = step.json();
            let (own, own_head, _) = read(&step);
            let mut expected = effect.clone();
            expected["request"] = serde_json::from_str(other).unwrap();
            expected["arguments"] = Json::Null;
            assert!(text.contains(&format!("\"arguments\":{arguments}")), "{text} passes on {arguments}");
            let mut own = own;
            own["arguments"] = Json::Null;
            assert_eq!(own, expected, "{body}");
            let at = usize::try_from(stencil[2]).unwrap();
            assert_eq!(own_head, [&head[..at], other, &head[at + id.len()..]].concat(), "{body}");
        }
    }
}

#[test]
fn most_holds_always_and_a_session_as_long_as_it_lives() {
    for post in calls() {
        let Some(stencil) = stencil(&post) else { panic!("there is none for {post:?}") };
        let until = stencil[0];
        if post.head.get("sessionId").is_none() {
            assert_eq!(until, 8_640_000_000_000_000);
            continue;
        }
        assert_eq!(until, NOW / 1000 * 1000 + 30 * DAY + 999);
        assert!(matches!(step_at(until, &post), Step::Wait(_)), "it lives until then");
        assert!(matches!(step_at(until + 1, &post), Step::Done { .. }), "and no longer");
    }
}

#[test]
fn only_a_session_is_somebodys() {
    for post in calls() {
        let of = |post: &Post| stencil(post).map(|stencil| stencil[1]);
        let personal = u64::from(post.head.get("sessionId").is_some());
        assert_eq!(of(&post), Some(personal), "{post:?}");
        if personal == 0 {
            let somebody = post.clone().with("principal", "user:github:2").with("client", "c2");
            assert_eq!(read(&step_at(NOW, &somebody)), read(&step_at(NOW, &post)), "for everybody the same");
        }
    }
}

#[test]
fn what_depends_on_more_has_none() {
    let modern = modern_request("tools/call", echo());
    let with = |name: &str, value: Json| {
        let mut body = modern.clone();
        body["params"][name] = value;
        Post::of_modern_body(&body)
    };
    assert!(stencil(&with("name", "other".into())).is_some(), "the tool is part of the text");
    for without in [
        with("requestState", "AQ".into()).with("accept", "application/json"),
        with("name", "é".into()).with("mcpName", "=?base64?w6k=?="),
        with("arguments", json!({"text": "é"})),
        with("note", "x".repeat(8192).into()),
        Post::modern("tools/call", json!({"name": "echo"})),
        Post::modern("tools/list", Json::Null),
        Post::new(json!([request("tools/call", echo())])).with("protocolVersion", "2025-03-26"),
    ] {
        let waits = match step_at(NOW, &without) {
            step @ Step::Wait(_) => read(&step).2,
            _ => None,
        };
        assert_eq!(waits, None, "{without:?}");
    }
    for id in ["\"1\"", "-1", "1234567890123456"] {
        let body = request("tools/call", echo()).to_string().replacen("\"id\":1", &format!("\"id\":{id}"), 1);
        assert_eq!(stencil(&Post::new(body)), None, "{id}");
    }
}

#[test]
fn a_session_that_is_kept_is_asked_for_each_time() {
    let opened = Post::new(request("initialize", json!({"protocolVersion": "2025-11-25"}))).send();
    let session = opened.header("mcp-session-id").unwrap().to_owned();
    let call = Post::legacy("2025-11-25", "tools/call", echo()).with("sessionId", session.as_str());
    assert!(stencil(&call).is_some());
    assert_eq!(stencil(&call.clone().with("kept", true)), None);
    // Where the keys are not known yet, they are asked for first.
    let input = head(&call.head);
    let request = Request::read(&input).unwrap().with_keys(Sealing::Ask);
    let step = first_step(NOW, async |flow| serve(flow, &request, &call.body).await);
    assert_eq!(read(&step).2, None);
    // And a sealed session, like any other, holds for as long as it lives.
    let keys = Keys::parse("7Hq2vZ4cX9mK1pR8sT5wY3nB6dF0gJ2lQ8uE4iO6aL1").unwrap();
    let request = Request::read(&input).unwrap().with_keys(Sealing::Keys(&keys));
    let step = first_step(NOW, async |flow| serve(flow, &request, &call.body).await);
    assert!(matches!(step, Step::Done { .. }), "an unsealed one opens nothing there");
}
