//! Arguments that headers mirror (`Mcp-Param-*`).

use serde_json::{Value as Json, json};

use super::{Post, text_result};
use crate::world::Said;

/// A call of a tool whose arguments `a` (string), `n` (integer), `f` (boolean) and `deep.b` (string) are mirrored, with
/// these headers. True if the tool has run.
fn call(arguments: &str, headers: &[(&str, &str)]) -> (super::InputResponse, bool) {
    let post = Post::modern("tools/call", json!({"name": "t"}));
    let body = post.body.replace(r#""name":"t""#, &format!(r#""name":"t","arguments":{arguments}"#));
    let post = Post { body, ..post };
    let mirrored = json!({"mirrored": {
        "arguments": [["A", ["a"], "string"], ["N", ["n"], "integer"], ["F", ["f"], "boolean"], ["B", ["deep", "b"], "string"]],
        "headers": headers,
    }});
    let mut ran = false;
    let answered = post.send_to(|effect| {
        ran = effect.get("mirror").is_none();
        Said::Ok(if ran { json!({"returned": text_result("ran")}) } else { mirrored.clone() }.to_string())
    });
    (answered, ran)
}

#[test]
fn headers_that_say_the_same_let_the_tool_run() {
    for (arguments, headers) in [
        ("{}", vec![]),
        (r#"{"a":null,"n":null}"#, vec![]),
        (r#"{"a":"us-west1"}"#, vec![("a", "us-west1")]),
        (r#"{"a":"us-west1"}"#, vec![("a", " us-west1\t"), ("other", "x")]),
        (r#"{"a":""}"#, vec![("a", "")]),
        (r#"{"a":"Hello, 世界"}"#, vec![("a", "=?base64?SGVsbG8sIOS4lueVjA==?=")]),
        (r#"{"a":" padded "}"#, vec![("a", "=?base64?IHBhZGRlZCA=?=")]),
        (r#"{"a":"line1\nline2"}"#, vec![("a", "=?base64?bGluZTEKbGluZTI=?=")]),
        (r#"{"a":"=?base64?literal?="}"#, vec![("a", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=")]),
        (r#"{"a":"SGVsbG8=?="}"#, vec![("a", "SGVsbG8=?=")]),
        (r#"{"a":"\u0061"}"#, vec![("a", "a")]),
        (r#"{"n":42}"#, vec![("n", "42")]),
        (r#"{"n":42.0}"#, vec![("n", "42")]),
        (r#"{"n":42}"#, vec![("n", "42.00")]),
        (r#"{"n":4.2e1}"#, vec![("n", "42")]),
        (r#"{"n":-0}"#, vec![("n", "0")]),
        (r#"{"n":-7}"#, vec![("n", "-7")]),
        (r#"{"n":9007199254740991}"#, vec![("n", "9007199254740991")]),
        (r#"{"f":true}"#, vec![("f", "true")]),
        (r#"{"deep":{"b":"x","c":1}}"#, vec![("b", "x")]),
        (r#"{"deep":[]}"#, vec![]),
        (r#"{"a":"x","n":1,"f":false}"#, vec![("f", "false"), ("n", "1"), ("a", "x")]),
    ] {
        let (answered, ran) = call(arguments, &headers);
        assert!(ran, "{arguments} {headers:?}: {}", answered.text());
        assert_eq!((answered.status(), answered.waits.len()), (200, 2));
    }
}

#[test]
fn headers_that_are_missing_or_say_something_else_are_refused() {
    for (arguments, headers) in [
        (r#"{"a":"x"}"#, vec![]),
        (r#"{"a":"x"}"#, vec![("b", "x")]),
        (r#"{"a":"x"}"#, vec![("a", "X")]),
        (r#"{"a":"x"}"#, vec![("a", "x, x")]),
        (r#"{"a":"x"}"#, vec![("a", "")]),
        (r#"{"a":"x"}"#, vec![("a", "=?base64?eA?=")]),
        (r#"{"a":"x"}"#, vec![("a", "=?base64?e!==?=")]),
        (r#"{"a":"x"}"#, vec![("a", "=?BASE64?eA==?=")]),
        (r#"{"a":"x"}"#, vec![("a", "=?base64?eA==")]),
        (r#"{"a":"x"}"#, vec![("a", "=?base64?/w==?=")]),
        ("{}", vec![("a", "x")]),
        (r#"{"a":null}"#, vec![("a", "x")]),
        (r#"{"n":42}"#, vec![("n", "43")]),
        (r#"{"n":42}"#, vec![("n", "42x")]),
        (r#"{"n":42}"#, vec![("n", "")]),
        (r#"{"n":42}"#, vec![("n", "-42")]),
        (r#"{"n":42.5}"#, vec![("n", "42.5")]),
        (r#"{"n":9007199254740992}"#, vec![("n", "9007199254740992")]),
        (r#"{"n":1e300}"#, vec![("n", "1")]),
        (r#"{"n":1e-300}"#, vec![("n", "0")]),
        (r#"{"f":true}"#, vec![("f", "True")]),
        (r#"{"f":true}"#, vec![("f", "1")]),
        (r#"{"deep":{"b":"x"}}"#, vec![]),
        (r#"{"deep":{"b":"x"}}"#, vec![("b", "y")]),
    ] {
        let (answered, ran) = call(arguments, &headers);
        assert!(!ran, "{arguments} {headers:?}");
        assert_eq!(answered.fault(), (400, -32020), "{arguments} {headers:?}");
        assert!(answered.message().contains("Mcp-Param-"), "{}", answered.message());
    }
}

#[test]
fn what_leads_nowhere_is_left_to_the_schema() {
    for arguments in [r#"{"deep":5}"#, r#"{"deep":[]}"#, r#"{"deep":{}}"#] {
        assert!(call(arguments, &[]).1, "{arguments}");
    }
    for arguments in [r#"{"a":{}}"#, r#"{"a":["x"]}"#] {
        let (answered, ran) = call(arguments, &[]);
        assert_eq!((ran, answered.fault()), (false, (400, -32020)), "{arguments} fits into no header");
    }
}

#[test]
fn older_revisions_have_no_such_headers() {
    let answered = Post::legacy("2025-11-25", "tools/call", json!({"name": "echo"})).send();
    assert_eq!(answered.effect().get("mirror"), None);
    let modern = Post::modern("tools/call", json!({"name": "echo"})).send();
    assert_eq!(modern.effect().get("mirror"), Some(&Json::Bool(true)));
}
