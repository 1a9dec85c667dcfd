//! What HTTP itself decides: method, media types, size, encoding; and what is no JSON-RPC message at all.

use serde_json::{Value as Json, json};

use super::{MODERN, Post, modern_request, notification, request};

fn ping() -> Post {
    Post::new(request("ping", Json::Null))
}

/// Refused without an id, since none was read.
fn refused(post: &Post) -> (u16, i64) {
    let answered = post.refused();
    assert!(answered.json().get("id").is_none(), "{post:?}");
    answered.fault()
}

#[test]
fn a_body_is_json_by_its_content_type() {
    for taken in [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "Application/JSON",
        " application/json\t; x",
        "application/json, application/json",
        "application/json-rpc",
        "application/jsonrequest",
        "application/vnd.x+json",
    ] {
        assert_eq!(ping().with("contentType", taken).send().status(), 200, "{taken}");
    }
    for other in [
        "",
        "text/plain",
        "text/json",
        "application/jsonx",
        "application/jso",
        "application/json+x",
        "text/x+json",
        "multipart/form-data",
        "application/x-www-form-urlencoded",
        "text/plain; application/json",
        "text/plain, application/json",
        "*/*",
        "json",
    ] {
        assert_eq!(refused(&ping().with("contentType", other)), (415, -32600), "{other}");
    }
    assert_eq!(ping().without("contentType").send().status(), 200, "a program");
    let page = ping().without("contentType").with("page", true);
    assert_eq!(refused(&page), (415, -32600), "a page needs no preflight for it");
}

#[test]
fn an_answer_is_json_if_the_client_takes_it() {
    for taken in [
        "application/json",
        "application/json, text/event-stream",
        "text/event-stream,application/json",
        "APPLICATION/JSON",
        "application/*",
        "*/*",
        "text/html, */*;q=0.1",
        "text/event-stream, application/json;q=0.9",
        "\tapplication/json ; q=1",
        "application/json;q=0.001",
        "application/json;q=0, */*",
    ] {
        assert_eq!(ping().with("accept", taken).send().status(), 200, "{taken}");
    }
    for other in ["", "text/html", "application/jsonx", "application/xml", "json", "application/json;q=0"] {
        let post = ping().with("accept", other);
        assert_eq!(post.refused().fault(), (406, -32600), "{other}");
        // What is answered with a status alone depends on no media type.
        let taken = Post::new(notification("notifications/initialized")).with("accept", other);
        assert!(taken.refused().is_accepted(), "{other}");
    }
    assert_eq!(ping().without("accept").send().status(), 200, "who says nothing takes anything");
}

#[test]
fn an_answer_is_one_event_if_the_client_takes_nothing_else() {
    for accept in ["text/event-stream", "text/*", "application/json; charset=utf-8 ; Q=0.000, text/event-stream"] {
        for (post, status) in [(ping(), 200), (Post::new("{"), 400)] {
            let plain = post.send();
            let streamed = post.with("accept", accept).send();
            assert_eq!((streamed.status(), streamed.header("content-type")), (status, Some("text/event-stream")));
            assert_eq!(
                (streamed.text(), streamed.answer.event, plain.answer.event),
                (plain.text(), true, false),
                "{accept}"
            );
        }
        let call = Post::modern("tools/call", json!({"name": "add"})).with("accept", accept).send();
        assert_eq!(call.effect().get("shortcut"), None, "the shim knows how to write JSON only");
        assert!(call.answer.event && call.text().starts_with('{'));
    }
}

#[test]
fn a_head_is_answered_as_a_get_without_its_stream() {
    let head = |post: Post| post.with("method", "HEAD").without("contentType").refused();
    assert_eq!(head(Post::new("")).status(), 405);
    let stream = head(Post::new("").with("transport", "sse-stream"));
    assert_eq!((stream.status(), stream.header("content-type")), (200, Some("text/event-stream")));
    assert_eq!(head(Post::new("").with("transport", "sse-messages")).status(), 405);
}

#[test]
fn a_body_that_was_not_read_is_refused() {
    let unread = |why: &str| Post::new("").with("unread", why);
    assert_eq!(refused(&unread("oversize")), (413, -32600));
    assert_eq!(refused(&unread("encoding")), (400, -32700));
    assert_eq!(refused(&unread("no_room")), (503, -32603));
    assert_eq!(refused(&unread("oversize").with("contentType", "text/plain")), (413, -32600));
    assert_eq!(refused(&unread("encoding").with("contentType", "text/plain")), (415, -32600));
}

#[test]
fn what_is_no_json_is_a_parse_error() {
    for body in [
        "",
        " ",
        "{",
        "[",
        "{]",
        "[1",
        "[}",
        "not json",
        "{\"jsonrpc\":\"2.0\",}",
        "\u{feff}{}",
        "{}{}",
        "'",
        "\u{c}[]",
    ] {
        for version in [None, Some(MODERN), Some("2025-11-25")] {
            assert_eq!(refused(&Post::new(body).with("protocolVersion", version)), (400, -32700), "{body:?}");
        }
    }
}

#[test]
fn what_is_json_and_no_message_is_an_invalid_request() {
    for body in ["1", "null", "\"x\"", "true", "{}", r#"{"id":null}"#, r#"{"jsonrpc":"2.0","jsonrpc":"2.0"}"#] {
        assert_eq!(refused(&Post::new(body)), (400, -32600), "{body}");
    }
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":{}{}}}}}"#,
        "[".repeat(200),
        "]".repeat(200)
    );
    assert_eq!(refused(&Post::new(deep)), (400, -32600));
    let wide = (0..1000).map(|number| format!(r#""{number}":0"#)).collect::<Vec<_>>().join(",");
    assert_eq!(refused(&Post::new(format!("{{{wide}}}"))), (400, -32600));
}

#[test]
fn a_message_has_one_form() {
    for (members, code) in [
        (json!({"method": "ping"}), -32600),
        (json!({"jsonrpc": "1.0", "method": "ping"}), -32600),
        (json!({"jsonrpc": 2.0, "method": "ping"}), -32600),
        (json!({"jsonrpc": null, "method": "ping"}), -32600),
        (json!({"jsonrpc": "2.0"}), -32600),
        (json!({"jsonrpc": "2.0", "method": 5}), -32600),
        (json!({"jsonrpc": "2.0", "method": null}), -32600),
        (json!({"jsonrpc": "2.0", "method": ["ping"]}), -32600),
        (json!({"jsonrpc": "2.0", "method": "ping", "result": {}}), -32600),
        (json!({"jsonrpc": "2.0", "method": "ping", "error": {}}), -32600),
        (json!({"jsonrpc": "2.0", "result": {}, "error": {}}), -32600),
        (json!({"jsonrpc": "2.0", "method": "ping", "params": [1]}), -32602),
        (json!({"jsonrpc": "2.0", "method": "ping", "params": "x"}), -32602),
    ] {
        let mut body = members.clone();
        body["id"] = json!("a\"b");
        let answered = Post::new(&body).refused();
        assert_eq!(answered.fault(), (400, code), "{body}");
        assert_eq!(answered.json()["id"], "a\"b", "an id that could be read is told");
    }
    for answer in [r#""result":{}"#, r#""error":{}"#] {
        let body = format!(r#"{{"jsonrpc":"2.0",{answer}}}"#);
        assert_eq!(refused(&Post::new(&body)), (400, -32600), "an answer without an id: {body}");
    }
}

#[test]
fn members_that_nobody_knows_are_no_reason_to_refuse() {
    let mut body = modern_request("tools/list", json!({"extra": [1, 2]}));
    body["__proto__"] = json!({"method": "x"});
    body["extension"] = json!(null);
    assert_eq!(Post::of_modern_body(&body).send().status(), 200);
}

#[test]
fn a_messages_members_may_come_in_any_order_and_spacing() {
    let body =
        "\n { \"params\" : { } ,\t\"method\" : \"p\\u0069ng\" , \"id\" : 1 , \"json\\u0072pc\" : \"2\\u002e0\" } \r\n";
    assert_eq!(Post::new(body).send().text(), r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
}

#[test]
fn the_head_must_be_readable() {
    let read =
        |more: &str| mcp_wicket::mcp::Request::read(&format!(r#"{{"method":"POST","server":{{}}{more}}}"#)).is_some();
    assert!(read("") && read(r#","contentType":"","transport":"sse-stream","unread":"no_room""#));
    for more in [
        r#","more":1"#,
        r#","server":{}"#,
        r#","transport":"pigeon""#,
        r#","transport":1"#,
        r#","unread":"lost""#,
        r#","principal":1"#,
        r#","sessionId":5"#,
        r#","kept":"object""#,
    ] {
        assert!(!read(more), "{more}");
    }
    for head in
        ["", "{}", "[]", "\"POST\"", r#"{"method":"POST"}"#, r#"{"server":{}}"#, r#"{"method":"POST","server":[]}"#]
    {
        let read = mcp_wicket::mcp::Request::read(head).is_some();
        assert!(!read, "{head:?}");
    }
}
