//! What a client sends is bounded before it is kept or repeated.

use serde_json::{Value as Json, json};

use super::{Post, modern_request, request};
use crate::world::{Said, World};

/// More than any answer repeats.
const LONG: usize = 50_000;
/// An answer that repeats a URI is longer than it by this much at most.
const MOST: usize = 8 * 1024 + 2 * 1024;

fn long() -> String {
    "x".repeat(LONG)
}

/// `json` with each of its texts, one at a time, and each of its objects' names made long.
fn each_made_long(json: &Json) -> Vec<Json> {
    match json {
        Json::String(text) => {
            // A URI is one all the same.
            vec![Json::String(format!("{text}{}", long()))]
        }
        Json::Array(elements) => {
            let made = |at: usize, made: Json| {
                let mut elements = elements.clone();
                elements[at] = made;
                Json::Array(elements)
            };
            let each = elements.iter().enumerate();
            each.flat_map(|(at, element)| each_made_long(element).into_iter().map(move |it| made(at, it))).collect()
        }
        Json::Object(members) => {
            let made = |name: &str, made: Json| {
                let mut members = members.clone();
                members.insert(name.to_owned(), made);
                Json::Object(members)
            };
            let mut all = vec![made(&long(), json!(1)), made("more", Json::String(long()))];
            for (name, value) in members {
                all.extend(each_made_long(value).into_iter().map(|value| made(name, value)));
            }
            all
        }
        other => vec![other.clone()],
    }
}

fn requests() -> Vec<(&'static str, Json)> {
    vec![
        ("ping", json!({})),
        ("no/such", json!({})),
        (
            "initialize",
            json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}}),
        ),
        ("server/discover", json!({})),
        ("tools/list", json!({"cursor": "a"})),
        (
            "tools/call",
            json!({"name": "no", "arguments": {"a": "b"}, "requestState": "a", "inputResponses": {"a": {"b": "c"}}}),
        ),
        ("prompts/get", json!({"name": "no", "arguments": {"a": "b"}})),
        ("resources/read", json!({"uri": "a:b"})),
        ("resources/subscribe", json!({"uri": "a:b"})),
        ("resources/unsubscribe", json!({"uri": "a:b"})),
        ("resources/templates/list", json!({"cursor": "a"})),
        ("logging/setLevel", json!({"level": "error"})),
        (
            "completion/complete",
            json!({"ref": {"type": "ref/prompt", "name": "a"}, "argument": {"name": "a", "value": "b"}}),
        ),
        (
            "completion/complete",
            json!({"ref": {"type": "ref/resource", "uri": "a:b"}, "argument": {"name": "a", "value": "b"}}),
        ),
        ("subscriptions/listen", json!({"notifications": {"resourceSubscriptions": ["a:b"]}})),
    ]
}

/// A server that knows nothing that it is asked for.
fn unknown(effect: &Json) -> Said {
    Said::Ok(match effect["kind"].as_str().unwrap() {
        "describe" => r#"{"registered":["tools"]}"#.into(),
        "list" => r#"{"some":{"keys":[],"items":[]}}"#.into(),
        "root-key" => "null".into(),
        "listen" | "reach" | "listening" => "true".into(),
        "ask" => r#""""#.into(),
        "read" if effect["template"].is_null() && effect["uri"] != "a:b" => {
            r#"{"elsewhere":{"templates":[],"uris":[]}}"#.into()
        }
        _ => r#""unknown""#.into(),
    })
}

fn answer_of(post: &Post) -> usize {
    let (answer, _) = post.end_in(World::new(unknown));
    // What an effect of this test's world says may be none; then there is no answer that repeats anything.
    answer.map_or(0, |answer| {
        let headers = answer.headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        headers + answer.body.map_or(0, |body| body.len())
    })
}

#[test]
fn no_answer_repeats_more_than_a_little_of_its_request() {
    for (method, params) in requests() {
        let bodies = [request(method, params.clone()), modern_request(method, params.clone())];
        for (body, is_modern) in bodies.iter().zip([false, true]) {
            for long in each_made_long(body) {
                let post = if is_modern { Post::of_modern_body(&long) } else { Post::new(&long) };
                let length = answer_of(&post);
                assert!(length <= MOST, "{method}: {length} bytes for {post:.300?}");
                let length = answer_of(&Post::new(json!([long])).with("protocolVersion", "2025-03-26"));
                assert!(length <= MOST, "{method} in a batch: {length} bytes for {post:.300?}");
            }
            for member in
                ["contentType", "accept", "protocolVersion", "mcpMethod", "mcpName", "sessionId", "lastEventId"]
            {
                let post = Post::new(body).with(member, long());
                let length = answer_of(&post);
                assert!(length <= MOST, "{method}: {length} bytes for a long {member}");
            }
        }
    }
}

#[test]
fn ids_are_no_longer_than_256_bytes() {
    let with_id = |id: Json| {
        let mut body = request("tools/list", json!({}));
        body["id"] = id;
        Post::new(body)
    };
    assert_eq!(with_id(json!("x".repeat(254))).send().status(), 200);
    for id in [json!("x".repeat(255)), json!(long())] {
        let refused = with_id(id).refused();
        assert_eq!(refused.fault(), (400, -32600));
        assert_eq!(refused.message(), "`id` is longer than 256 bytes.");
        assert!(refused.json().get("id").is_none());
    }
    let digits = Post::new(format!(r#"{{"jsonrpc":"2.0","id":{},"method":"ping"}}"#, "1".repeat(257)));
    assert_eq!(digits.refused().fault(), (400, -32600));
}

#[test]
fn metadata_and_progress_tokens_are_bounded() {
    let with_meta = |name: &str, value: String| {
        let mut body = modern_request("tools/call", json!({"name": "echo", "arguments": {}}));
        body["params"]["_meta"][name] = value.into();
        body
    };
    let cases = [
        ("progressToken", 254, None),
        ("progressToken", 255, Some("`params._meta.progressToken` is longer than 256 bytes.")),
        ("com.example/more", 60 * 1024, None),
        ("com.example/more", 64 * 1024, Some("`params._meta` is longer than 64 KiB.")),
    ];
    for (name, length, refused) in cases {
        let body = with_meta(name, "x".repeat(length));
        let mut older = body.clone();
        older["params"]["_meta"].as_object_mut().unwrap().remove(super::VERSION);
        for post in [Post::of_modern_body(&body), Post::new(older)] {
            match refused {
                None => assert_eq!(post.send().status(), 200, "{name} of {length}"),
                Some(message) => {
                    let answered = post.refused();
                    assert_eq!(answered.fault(), (400, -32602));
                    assert_eq!(answered.message(), message);
                }
            }
        }
    }
}

#[test]
fn what_one_stream_follows_is_bounded() {
    let listen = |uris: Vec<String>| {
        Post::modern("subscriptions/listen", json!({"notifications": {"resourceSubscriptions": uris}}))
    };
    let uri = |length: usize, at: usize| format!("{:x<length$}", format!("note:{at:04}"));
    let heard = |post: &Post| post.send_to(unknown).status() == 200 && post.send_to(unknown).json()["error"].is_null();
    assert!(heard(&listen((0..1000).map(|at| uri(131, at)).collect())));
    assert!(heard(&listen(vec![uri(8192, 1)])));
    let cases = [
        ((0..1001).map(|at| uri(20, at)).collect::<Vec<_>>(), "at most 1,000 strings"),
        ((0..1000).map(|at| uri(132, at)).collect(), "longer than 128 KiB in total"),
        (vec![uri(8193, 1)], "longer than 8 KiB"),
        ((0..1000).map(|at| uri(4000, at)).collect(), "longer than 256 KiB"),
    ];
    for (uris, message) in cases {
        let refused = listen(uris).refused();
        assert_eq!(refused.fault(), (200, -32602));
        assert!(refused.message().contains(message), "{}", refused.message());
    }
}

#[test]
fn a_stream_for_which_there_is_no_room_comes_back_later() {
    let post = Post::modern("subscriptions/listen", json!({"notifications": {"toolsListChanged": true}}));
    let answered = post.send_to(|_| Said::Failed("refused"));
    assert_eq!(answered.fault(), (503, -32603));
    assert!(answered.message().ends_with("Try again later."), "{}", answered.message());
}

#[test]
fn a_result_for_which_there_is_no_room_is_told_and_the_others_of_its_batch_are_there() {
    let call = |id: u32, name: &str| {
        let mut body = request("tools/call", json!({"name": name}));
        body["id"] = id.into();
        body
    };
    let post = Post::new(json!([call(1, "small"), call(2, "large")])).with("protocolVersion", "2025-03-26");
    let answers = post.send_to(|effect| match effect["name"].as_str() {
        Some("small") => Said::Ok(json!({"returned": super::text_result("here")}).to_string()),
        _ => Said::Failed("refused"),
    });
    let answers = answers.json();
    assert_eq!(answers[0]["result"]["content"][0]["text"], "here");
    let message =
        "The tool returned more than 8 MiB, alone or together with the rest of its batch: request less at once.";
    assert_eq!(answers[1]["error"], json!({"code": -32603, "message": message}));
}

#[test]
fn a_uri_that_is_followed_is_no_longer_than_8_kib() {
    for method in ["resources/subscribe", "resources/unsubscribe", "resources/read"] {
        let refused = Post::legacy("2025-11-25", method, json!({"uri": format!("note:{}", long())})).refused();
        assert_eq!(refused.fault(), (200, -32602), "{method}");
    }
}
