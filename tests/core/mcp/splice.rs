//! The shortcut of the hot path: where the shim takes it, the answer is the one that another step would have given.

use serde_json::{Value as Json, json};

use super::{MODERN, Post, SERVER_INFO, WITH_INITIALIZE, request, say};
use crate::random::Random;
use crate::world::Said;

/// The answer as `js/boundary/stencils.ts` makes it of a shortcut and its effect's outcome.
fn spliced(effect: &Json, outcome: &str) -> String {
    let shortcut = &effect["shortcut"];
    let (head, tail) = (shortcut["head"].as_str().expect("a shortcut"), shortcut["tail"].as_str().unwrap());
    let inside = if shortcut["open"] == true { &outcome[1..] } else { outcome };
    [head, inside, tail].concat()
}

/// The answer by a step more, and by the shortcut.
fn both_ways(post: &Post, outcome: &str, splice: &str) -> (String, String) {
    let mut shortcut = None;
    let answered = post.send_to(|effect| {
        shortcut = Some(spliced(effect, splice));
        Said::Ok(outcome.into())
    });
    assert_eq!(answered.status(), 200);
    assert_eq!(answered.answer.headers, [("content-type", "application/json".to_owned())], "all that the shim answers");
    (answered.text().to_owned(), shortcut.expect("there was an effect"))
}

fn same_both_ways(post: &Post, outcome: &str, splice: &str) {
    let (stepped, shortcut) = both_ways(post, outcome, splice);
    assert_eq!(stepped, shortcut, "{splice}");
    serde_json::from_str::<Json>(&shortcut).expect("it is JSON");
}

fn posts(method: &str, params: &Json) -> Vec<Post> {
    let mut posts = WITH_INITIALIZE.map(|version| Post::legacy(version, method, params.clone())).to_vec();
    posts.push(Post::modern(method, params.clone()));
    for id in [r#""a\"\u0062""#, "-0", "123456789012345678901234567890"] {
        for post in posts.clone().iter().rev().take(2) {
            let body = post.body.replacen(r#""id":1"#, &format!(r#""id":{id}"#), 1);
            posts.push(Post { body, ..post.clone() });
        }
    }
    posts
}

#[test]
fn a_list_is_the_same_both_ways() {
    for post in posts("tools/list", &Json::Null) {
        for list in ["[]", r#"[{"name":"a\"","inputSchema":{}}]"#, r#"[ {"name" : "b"} , {} ]"#] {
            same_both_ways(&post, &format!(r#"{{"all":{list}}}"#), list);
        }
    }
}

/// Results that have `content` as an array, and beside it `structuredContent` and `isError` at most.
fn plain(random: &mut Random) -> String {
    let contents =
        ["[]", r#"[{"type":"text","text":"a\"\\\n"}]"#, r#"[{"type":"text","text":"é😀"},{"x":[1.50,null]}]"#];
    let structured = ["{}", "null", "[1,2]", r#"{"a":{"content":5,"_meta":1}}"#, "\"x\"", "1e5"];
    let mut members = vec![format!(r#""content":{}"#, random.of(&contents))];
    if random.below(2) == 0 {
        members.insert(random.below(2), format!(r#""structuredContent":{}"#, random.of(&structured)));
    }
    if random.below(2) == 0 {
        let place = random.below(members.len() + 1);
        members.insert(place, format!(r#""isError":{}"#, random.of(&["true", "false"])));
    }
    format!("{{{}}}", members.join(","))
}

/// What `isPlain` of `js/boundary/stencils.ts` says.
fn takes_shortcut(plain: &Json, result: &Json) -> bool {
    let content = result["content"].as_array().unwrap();
    let structured = result.get("structuredContent");
    let known = |block: &Json| plain["kinds"].as_array().is_none_or(|kinds| kinds.contains(&block["type"]));
    let fits = match (structured, plain["structured"].as_str()) {
        (None, _) => true,
        (Some(_), None) => !content.is_empty(),
        (Some(structured), Some("object")) => !content.is_empty() && structured.is_object(),
        (Some(_), Some(_)) => false,
    };
    fits && content.iter().all(known)
}

#[test]
fn a_plain_result_is_the_same_both_ways() {
    let mut random = Random::new(0x7370_6c69_6365);
    let mut taken = 0;
    for post in posts("tools/call", &json!({"name": "t", "arguments": {"a": 1}})) {
        for _ in 0..50 {
            let result = plain(&mut random);
            let outcome = format!(r#"{{"returned":{result}}}"#);
            let effect = post.send_to(|_| Said::Ok(outcome.clone())).effect().clone();
            if takes_shortcut(&effect["shortcut"]["plain"], &serde_json::from_str(&result).unwrap()) {
                taken += 1;
                same_both_ways(&post, &outcome, &result);
            }
        }
    }
    assert!(taken > 200, "{taken}");
}

#[test]
fn every_server_is_the_same_both_ways() {
    for server in [json!({}), json!({"name": "a\"b", "version": "1", "icons": [{"src": "https://x/\u{e9}"}]})] {
        for post in posts("tools/call", &json!({"name": "t"})) {
            let result = r#"{"content":[]}"#;
            same_both_ways(&post.with("server", server.clone()), &format!(r#"{{"returned":{result}}}"#), result);
        }
    }
}

#[test]
fn the_shortcut_answers_in_full() {
    let mut shortcut = String::new();
    Post::modern("tools/call", json!({"name": "echo"})).send_to(|effect| {
        shortcut = spliced(effect, r#"{"content":[]}"#);
        say(effect)
    });
    let expected = json!({
        "jsonrpc": "2.0",
        "id": 1,
        "result": {"resultType": "complete", "_meta": {SERVER_INFO: super::server_info()}, "content": []},
    });
    assert_eq!(serde_json::from_str::<Json>(&shortcut).unwrap(), expected);
}

#[test]
fn there_is_no_shortcut_where_an_answer_is_not_the_whole_response() {
    for batch in [json!([request("tools/list", Json::Null)]), json!([request("tools/call", json!({"name": "echo"}))])] {
        let answered = Post::new(&batch).send();
        assert!(answered.effect().get("shortcut").is_none(), "{batch}");
        assert!(answered.json().is_array());
    }
}

#[test]
fn there_is_no_shortcut_around_what_is_no_list_and_no_call() {
    for post in [
        Post::modern("server/discover", Json::Null),
        Post::new(request("initialize", json!({"protocolVersion": "2025-11-25"}))),
    ] {
        assert!(post.send().effect().get("shortcut").is_none());
    }
    assert!(Post::modern("tools/list", Json::Null).send().effect().get("shortcut").is_some());
    assert_eq!(MODERN, "2026-07-28");
}
