//! Ids: whatever a request is known by comes back as it was written.

use serde_json::Value as Json;

use super::{MODERN, Post, modern_request};

const ECHOED: &[&str] = &[
    "0",
    "-0",
    "1",
    "-1",
    "2147483648",
    "9007199254740993",
    "-9223372036854775809",
    "123456789012345678901234567890123456789",
    r#""""#,
    r#""a""#,
    r#""a\"b\\c\/d""#,
    r#""\u0061\u0000\n""#,
    r#""\ud83d\ude00""#,
    "\"é世界😀\u{2028}\"",
    r#""null""#,
    r#""__proto__""#,
    r#""</script>""#,
];

const REFUSED: &[&str] = &[
    "null",
    "true",
    "false",
    "1.0",
    "1.5",
    "-0.0",
    "1e3",
    "1E0",
    "{}",
    "[]",
    "[1]",
    r#"{"id":1}"#,
    // A string that is no Unicode.
    r#""\ud800""#,
];

fn with_id(body: &str, id: &str) -> String {
    body.replacen(r#""id":1"#, &format!(r#""id":{id}"#), 1)
}

/// The text of an id in an answer, which always begins the same way.
fn starts_with_id(text: &str, id: &str) {
    let start = format!(r#"{{"jsonrpc":"2.0","id":{id},"#);
    assert!(text.starts_with(&start), "{text} does not start with {start}");
}

#[test]
fn an_id_is_echoed_as_it_was_written() {
    let legacy = |method: &str| Post::new(format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}"}}"#));
    let posts = [
        legacy("ping"),
        legacy("tools/list"),
        legacy("no/such"),
        legacy("tools/call"),
        Post::modern("tools/list", Json::Null),
        Post::modern("server/discover", Json::Null),
        Post::modern("no/such", Json::Null),
        Post::modern("tools/call", serde_json::json!({"name": "echo"})),
        Post::modern("tools/call", serde_json::json!({"name": "unknown"})),
        Post::new(modern_request("tools/list", Json::Null)),
        Post::new(r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}"#),
    ];
    for post in posts {
        for id in ECHOED {
            let body = with_id(&post.body, id);
            assert_ne!(body, if *id == "1" { String::new() } else { post.body.clone() });
            starts_with_id(Post { body, ..post.clone() }.send().text(), id);
        }
    }
}

#[test]
fn an_id_in_a_batch_is_echoed_as_it_was_written() {
    for id in ECHOED {
        let text = Post::new(format!(r#"[{{"jsonrpc":"2.0","id":{id},"method":"ping"}}]"#)).send();
        assert_eq!(text.text(), format!(r#"[{{"jsonrpc":"2.0","id":{id},"result":{{}}}}]"#));
    }
}

#[test]
fn an_id_reaches_the_handler_as_it_was_written() {
    for id in ECHOED {
        let body = with_id(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}"#, id);
        let request = Post::new(body).send().effect()["request"].clone();
        assert_eq!(request, serde_json::from_str::<Json>(id).unwrap(), "{id}");
    }
}

#[test]
fn what_is_no_id_is_refused_and_not_echoed() {
    for id in REFUSED {
        for body in [
            format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#),
            format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"notifications/initialized"}}"#),
            format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#),
            format!(r#"[{{"jsonrpc":"2.0","id":{id},"method":"ping"}}]"#),
        ] {
            for version in [None, Some(MODERN)] {
                let answered = Post::new(&body).with("protocolVersion", version).refused();
                assert_eq!(answered.fault(), (400, -32600), "{body}");
                assert!(answered.json().get("id").is_none(), "{body}");
            }
        }
    }
}

#[test]
fn two_ids_are_none() {
    let answered = Post::new(r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#).refused();
    assert_eq!(answered.fault(), (400, -32600));
    assert!(answered.json().get("id").is_none());
}
