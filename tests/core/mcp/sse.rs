//! HTTP+SSE: the stream, and the endpoint that takes its messages.

use mcp_wicket::mcp::session::ObjectName;
use serde_json::{Value as Json, json};

use super::{Post, notification, request, say};
use crate::session::open;
use crate::world::{NOW, Said, World};

const ANN: &str = "user:github:1";

fn stream() -> Post {
    let post = Post::new("").with("transport", "sse-stream").with("method", "GET").with("principal", ANN);
    post.without("contentType").with("accept", "text/event-stream")
}

/// The stream that is kept open until its client goes away.
fn opened(post: &Post) -> Json {
    let answered = post.send_to(|_| Said::Ok("true".into()));
    assert_eq!(answered.answer, mcp_wicket::http::Answer::empty(200));
    let effect = answered.effect();
    assert_eq!(effect["kind"], "listen");
    effect.clone()
}

fn session_of(stream: &Json) -> String {
    stream["endpoint"].as_str().unwrap().to_owned()
}

/// A message of the session that the stream has opened.
fn message(body: &Json) -> Post {
    let session = session_of(&opened(&stream()));
    Post::new(body).with("transport", "sse-messages").with("sessionId", session).with("principal", ANN)
}

/// A server whose stream is open.
fn listening(effect: &Json) -> Said {
    match effect["kind"].as_str() {
        Some("listening") => Said::Ok("true".into()),
        // What the client can be asked for is kept.
        Some("ask") if effect["call"] == "begin" => Said::Ok("null".into()),
        Some("ask") if effect["call"] == "recall" => Said::Ok("{}".into()),
        _ => say(effect),
    }
}

#[test]
fn a_stream_begins_with_a_session_of_its_opener() {
    let listen = opened(&stream());
    let session = open(&session_of(&listen), Some(ANN), NOW).unwrap();
    assert_eq!(session.revision.name(), "2024-11-05");
    assert_eq!(open(&session_of(&listen), Some("user:github:2"), NOW), None);
    assert_eq!(listen["sources"][0], json!({"object": session.place.mailbox(), "tags": ["stream"]}));
    assert_eq!(stream().send_to(|_| Said::Failed("unreachable")).fault(), (503, -32603));
}

#[test]
fn a_stream_hears_of_lists_that_change_anywhere() {
    let listen = opened(&stream());
    assert_eq!(listen["says"].as_object().unwrap().keys().collect::<Vec<_>>(), ["prompts", "resources", "tools"]);
    let hub = |listen: &Json| listen["sources"][1]["object"].as_str().unwrap().to_owned();
    assert!(hub(&listen).starts_with("hub:"));
    let of = |class: &str| hub(&opened(&stream().with("agent", class)));
    assert_eq!(of("MyMCP"), of("MyMCP"));
    assert!(of("MyMCP") != of("Other") && of("MyMCP") != hub(&listen));
}

#[test]
fn a_stream_in_an_object_leads_back_to_it() {
    let place = ObjectName::of_principal(ANN);
    let listen = opened(&stream().with("place", place.name()));
    assert_eq!(open(&session_of(&listen), Some(ANN), NOW).unwrap().place, place);
}

#[test]
fn each_endpoint_takes_one_method() {
    for (transport, takes, allow) in [("sse-stream", "GET", "GET, OPTIONS"), ("sse-messages", "POST", "POST, OPTIONS")]
    {
        for method in ["GET", "POST", "DELETE", "PUT", "HEAD", "get"] {
            // A HEAD is answered as a GET, without the stream.
            if method != takes && (method, takes) != ("HEAD", "GET") {
                let answered = stream().with("transport", transport).with("method", method).refused();
                assert_eq!(answered.fault(), (405, -32600), "{transport} {method}");
                assert_eq!(answered.header("allow"), Some(allow));
            }
        }
    }
}

#[test]
fn a_message_asks_whether_its_stream_is_open_and_then_goes_on() {
    let post = message(&request("tools/list", Json::Null));
    let answered = post.send_to(listening);
    assert_eq!(answered.result()["tools"][0]["name"], "echo");
    let session = open(post.head["sessionId"].as_str().unwrap(), Some(ANN), NOW).unwrap();
    let mailbox = session.place.mailbox();
    let is_open = json!({"kind": "listening", "object": mailbox});
    let agreed = json!({"kind": "ask", "object": mailbox, "call": "recall", "input": null});
    assert_eq!(answered.waits[0], [is_open.clone(), agreed]);
    let said = post.clone().with("protocolVersion", "2025-06-18").send_to(listening);
    assert_eq!(said.waits[0], [is_open], "a client that says what it speaks need not be asked");
    assert_eq!(answered.waits[1][0]["kind"], "list");
    assert_eq!(answered.waits.len(), 2);
}

#[test]
fn a_handshake_gives_no_second_session() {
    let post = message(&request("initialize", json!({"protocolVersion": "2024-11-05"})));
    let answered = post.send_to(listening);
    assert_eq!(answered.result()["protocolVersion"], "2024-11-05");
    assert_eq!(answered.header("mcp-session-id"), None);
}

#[test]
fn a_handshake_keeps_what_the_client_can_be_asked_for() {
    let params = json!({"protocolVersion": "2024-11-05", "capabilities": {"roots": {}, "sampling": {}}});
    let post = message(&request("initialize", params));
    let session = open(post.head["sessionId"].as_str().unwrap(), Some(ANN), NOW).unwrap();
    let answered = post.send_to(listening);
    let kept = json!({"kind": "ask", "object": session.place.mailbox(), "call": "begin", "input": 20 + (1 << 8)});
    assert_eq!(answered.waits.last().unwrap(), &[kept]);
    let failing = |effect: &Json| if effect["kind"] == "ask" { Said::Failed("timeout") } else { listening(effect) };
    assert_eq!(post.send_to(failing).fault(), (200, -32603));
}

/// Not every client repeats it in a header.
#[test]
fn a_message_speaks_the_revision_that_was_agreed_on() {
    for (number, version) in [(0, "none"), (1, "2024-11-05"), (2, "2025-03-26"), (3, "2025-06-18"), (4, "2025-11-25")] {
        let server = |effect: &Json| match effect["kind"].as_str() {
            Some("ask") => Said::Ok(json!({"capabilities": number << 8}).to_string()),
            Some("call") => Said::Ok(json!({"returned": {"content": [], "structuredContent": {"a": 1}}}).to_string()),
            _ => listening(effect),
        };
        let result = message(&request("tools/call", json!({"name": "echo"}))).send_to(server).result();
        assert_eq!(result.get("structuredContent").is_some(), number >= 3, "{version}");
    }
}

#[test]
fn a_notification_is_taken_in() {
    let answered = message(&notification("notifications/initialized")).send_to(listening);
    assert_eq!(answered.answer, mcp_wicket::http::Answer::empty(202));
}

#[test]
fn a_message_without_an_open_stream_of_its_sender_is_refused() {
    let post = message(&request("tools/list", Json::Null));
    let without = |effect: &Json| match effect["kind"].as_str() {
        Some("listening") => Said::Ok("false".into()),
        Some("ask") if effect["call"] == "recall" => Said::Ok("{}".into()),
        _ => panic!("nothing is carried out: {effect}"),
    };
    assert_eq!(post.send_to(without).fault(), (404, -32001));
    assert_eq!(post.send_to(|_| Said::Failed("timeout")).fault(), (503, -32603));
    assert_eq!(post.clone().without("sessionId").refused().fault(), (400, -32600));
    for stranger in [Json::Null, json!("user:github:2")] {
        assert_eq!(
            post.clone().with("principal", stranger).refused().fault(),
            (404, -32001),
            "nobody's stream is asked for"
        );
    }
    for session in ["", "no such session"] {
        assert_eq!(post.clone().with("sessionId", session).refused().fault(), (404, -32001));
    }
    let later = World::silent().at(NOW + 31 * 24 * 3600 * 1000);
    assert_eq!(post.send_in(later).fault(), (404, -32001));
}

#[test]
fn an_answer_about_the_stream_is_yes_or_no() {
    for lie in ["null", "1", "\"true\"", "{}", "[true]"] {
        let post = message(&request("tools/list", Json::Null));
        let ended = post.end_in(World::new(|_| Said::Ok(lie.into()))).0;
        assert_eq!(ended, Err(mcp_wicket::flow::FlowError::Shape), "{lie}");
    }
}

#[test]
fn the_head_of_a_message_is_checked_before_its_stream_is_asked_for() {
    let post = message(&request("tools/list", Json::Null));
    assert_eq!(post.clone().with("contentType", "text/plain").refused().fault(), (415, -32600));
    assert_eq!(post.with("unread", "oversize").refused().fault(), (413, -32600));
}
