//! Multi round-trip requests: what a round gives away, and what the next one may bring.

use std::cell::Cell;

use mcp_wicket::crypto::Keys;
use mcp_wicket::mcp::sealing::Sealing;
use mcp_wicket::mcp::{Request, serve};
use serde_json::{Value as Json, json};

use super::{InputResponse, MODERN, Post, text_result};
use crate::world::{ENTROPY, NOW, Said, World};

const SECRET: &str = "7Hq2vZ4cX9mK1pR8sT5wY3nB6dF0gJ2lQ8uE4iO6aL1";
const MINUTE: u64 = 60 * 1000;

/// A request to a server that has keys.
fn send(post: &Post, now: u64, entropy: [u8; 32], say: impl FnMut(&Json) -> Said) -> InputResponse {
    let keys = Keys::parse(SECRET).unwrap();
    let input = crate::world::head(&post.head);
    let request = Request::read(&input).unwrap().with_keys(Sealing::Keys(&keys));
    let world = World::new(say).at(now).with_entropy(entropy);
    let ended = world.run(async |flow| serve(flow, &request, &post.body).await);
    InputResponse { answer: ended.answer.unwrap(), waits: ended.waits }
}

/// The answers that a round brings, by their keys.
fn answers(rounds: &Json) -> Json {
    let pairs = rounds["answers"].as_array().into_iter().flatten();
    pairs.map(|pair| (pair[0].as_str().unwrap().to_owned(), pair[1].clone())).collect()
}

/// A tool that asks for a name, until it is told that there is an answer; it keeps that it was paid.
fn asks(single: bool) -> impl FnMut(&Json) -> Said {
    move |effect| {
        if effect["kind"] == "ask" {
            return Said::Ok("true".into());
        }
        let rounds = &effect["rounds"];
        Said::Ok(
            match answers(rounds).get("name") {
                Some(answer) => json!({"returned": text_result(&answer["response"].to_string())}),
                None => json!({"asks": {
                    "questions": [["name", r#"{"method":"roots/list","params":{}}"#]],
                    "answers": rounds["answers"].as_array().map_or(json!([]), |all| json!(all)),
                    "once": [["paid", 1]],
                    "single": single,
                }}),
            }
            .to_string(),
        )
    }
}

fn call(params: Json) -> Post {
    Post::modern("tools/call", params)
}

fn first() -> Json {
    json!({"name": "pay", "arguments": {"to": "Ann", "sum": 5}})
}

/// The first round's result.
fn begun(params: Json, single: bool) -> Json {
    send(&call(params), NOW, ENTROPY, asks(single)).result()
}

/// The parameters of the next round.
fn next(mut params: Json, state: &Json) -> Json {
    params["inputResponses"] = json!({"name": {"roots": []}, "stranger": {"roots": []}});
    params["requestState"] = state.clone();
    params
}

#[test]
fn a_round_ends_with_its_questions_and_a_state_that_nobody_can_read() {
    let result = begun(first(), false);
    assert_eq!(result["resultType"], "input_required");
    assert_eq!(result["inputRequests"], json!({"name": {"method": "roots/list", "params": {}}}));
    assert!(result.get("content").is_none() && result.get("ttlMs").is_none());
    let state = result["requestState"].as_str().unwrap();
    assert!(state.len() > 100 && state.bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(!state.contains("paid"));
}

#[test]
fn the_next_round_brings_what_was_asked_for_and_what_was_done() {
    let state = begun(first(), false)["requestState"].clone();
    let answered = send(&call(next(first(), &state)), NOW + 9 * MINUTE, [8; 32], asks(false));
    let rounds = &answered.effect()["rounds"];
    let answers = answers(rounds);
    assert_eq!(answers["name"]["response"], json!({"roots": []}));
    assert_eq!(answers["name"]["asked"].as_str().unwrap().len(), 22);
    assert_eq!((&rounds["once"], &rounds["sealed"]), (&json!([["paid", 1]]), &json!(true)));
    assert_eq!(rounds["answers"].as_array().unwrap().len(), 1, "nobody asked the stranger");
    assert_eq!(answered.result()["resultType"], "complete");
}

#[test]
fn arguments_may_be_written_otherwise_but_must_be_the_same() {
    let state = begun(first(), false)["requestState"].clone();
    let body = call(next(first(), &state)).body;
    let rewritten = body.replace(r#"{"sum":5,"to":"Ann"}"#, r#"{ "to" : "\u0041nn", "sum":5 }"#);
    assert_ne!(body, rewritten, "the test rewrites something");
    let post = Post { body: rewritten, ..call(next(first(), &state)) };
    assert_eq!(send(&post, NOW, [8; 32], asks(false)).result()["resultType"], "complete");
}

#[test]
fn a_state_opens_for_its_own_call_only() {
    let state = begun(first(), false)["requestState"].clone();
    let changed = |change: fn(&mut Json)| {
        let mut params = next(first(), &state);
        change(&mut params);
        call(params)
    };
    let principal = |name: &'static str| call(next(first(), &state)).with("principal", name);
    let posts = [
        ("swapped arguments", changed(|params| params["arguments"]["sum"] = json!(500))),
        ("no arguments", changed(|params| params["arguments"] = json!({}))),
        ("one argument more", changed(|params| params["arguments"]["more"] = json!(null))),
        ("a swapped tool", changed(|params| params["name"] = json!("pay_more"))),
        ("another principal", principal("user:github:2")),
        ("another client", call(next(first(), &state)).with("client", "other")),
        ("another endpoint", call(next(first(), &state)).with("endpoint", "https://mcp.example.com/admin")),
        (
            "another method",
            Post::modern("prompts/get", {
                let mut params = next(json!({"name": "pay", "arguments": {"to": "Ann"}}), &state);
                params["_meta"] = json!({});
                params
            }),
        ),
    ];
    for (what, post) in posts {
        let answered = send(&post, NOW, [8; 32], |effect| panic!("{what} runs: {effect}"));
        assert_eq!(answered.fault(), (200, -32602), "{what}");
    }
}

#[test]
fn a_state_that_was_changed_is_over_or_is_none_is_refused() {
    let state = begun(first(), false)["requestState"].as_str().unwrap().to_owned();
    let mut wrong = vec![json!(format!("{state}-TAMPERED")), json!(""), json!("x"), json!(7), json!({})];
    for at in (0..state.len()).step_by(7) {
        let mut bytes = state.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        wrong.push(json!(String::from_utf8(bytes).unwrap()));
    }
    for state in wrong {
        let answered = send(&call(next(first(), &state)), NOW, [8; 32], |effect| panic!("it runs: {effect}"));
        assert_eq!(answered.fault(), (200, -32602), "{state}");
    }
    let state = json!(state);
    let late = send(&call(next(first(), &state)), NOW + 10 * MINUTE + 1, [8; 32], |effect| panic!("it runs: {effect}"));
    assert_eq!(late.fault(), (200, -32602));
}

#[test]
fn a_destructive_tools_state_is_spent() {
    let state = begun(first(), true)["requestState"].clone();
    let used = Cell::new(0);
    let spend = |effect: &Json| match effect["kind"].as_str() {
        Some("ask") => {
            assert_eq!(effect["call"], "spend");
            assert!(effect["object"].as_str().unwrap().starts_with("spent:"));
            used.set(used.get() + 1);
            Said::Ok((used.get() == 1).to_string())
        }
        _ => asks(true)(effect),
    };
    let post = call(next(first(), &state));
    assert_eq!(send(&post, NOW, [8; 32], spend).result()["resultType"], "complete");
    let again = send(&post, NOW, [9; 32], spend);
    assert_eq!(again.fault(), (200, -32602), "the final round is not run twice");
    assert_eq!(again.waits.len(), 1, "the tool is not run");
    let unreachable =
        |effect: &Json| if effect["kind"] == "ask" { Said::Failed("timeout") } else { asks(true)(effect) };
    assert_eq!(send(&post, NOW, [9; 32], unreachable).fault(), (503, -32603));
}

#[test]
fn responses_have_a_shape() {
    for responses in [json!([]), json!("x"), json!({"name": 1}), json!({"name": []})] {
        let mut params = first();
        params["inputResponses"] = responses.clone();
        let answered = send(&call(params), NOW, ENTROPY, |effect| panic!("it runs: {effect}"));
        assert_eq!(answered.fault(), (200, -32602), "{responses}");
    }
}

#[test]
fn responses_without_a_state_are_only_what_the_client_says() {
    let mut params = first();
    params["inputResponses"] = json!({"name": {"roots": []}});
    let answered = send(&call(params), NOW, ENTROPY, asks(false));
    let rounds = &answered.effect()["rounds"];
    assert_eq!(rounds, &json!({"answers": [["name", {"response": {"roots": []}}]], "once": [], "sealed": false}));
}

#[test]
fn two_rounds_have_two_states() {
    let one = begun(first(), false)["requestState"].clone();
    let answered = send(&call(first()), NOW, [8; 32], asks(false));
    assert_ne!(answered.result()["requestState"], one);
}

#[test]
fn without_a_key_nothing_can_be_asked() {
    let post = call(first());
    let answered = post.send_to(asks(false));
    assert_eq!(answered.fault(), (500, -32603));
    assert!(answered.message().contains("WICKET_SECRET"));
}

#[test]
fn older_revisions_know_no_rounds() {
    let params = next(first(), &json!("x"));
    let answered = Post::legacy("2025-11-25", "tools/call", params).send_to(|effect| {
        assert!(effect.get("rounds").is_none());
        Said::Ok(json!({"returned": text_result("done")}).to_string())
    });
    assert_eq!(answered.status(), 200);
    assert_ne!(MODERN, "2025-11-25");
}

#[test]
fn a_round_whose_state_is_not_spent_has_a_name_to_spend_it_by() {
    let name = |single| {
        let state = begun(first(), single)["requestState"].clone();
        let answered = send(&call(next(first(), &state)), NOW, [8; 32], asks(single));
        let run = answered.waits.last().and_then(|wait| wait.first()).unwrap();
        run["rounds"].get("unspent").and_then(Json::as_str).map(str::to_owned)
    };
    assert_eq!(name(false).unwrap().len(), 22);
    assert_eq!(name(true), None, "it has been spent already");
    let answered = send(&call(json!({"name": "pay", "inputResponses": {"name": {}}})), NOW, ENTROPY, asks(false));
    assert!(answered.effect()["rounds"].get("unspent").is_none(), "there is no state");
}
