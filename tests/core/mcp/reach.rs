//! What reaches a call or a stream that is elsewhere: responses, cancellations, changes; and sessions that are kept.

use mcp_wicket::flow::Context;
use mcp_wicket::http::Answer;
use mcp_wicket::mcp::capabilities::Capabilities;
use mcp_wicket::mcp::revision::Revision;
use mcp_wicket::mcp::session::{ObjectName, Session, mint};
use serde_json::{Value as Json, json};

use super::{Post, notification, say};
use crate::world::{ENTROPY, NOW, Said};

const ANN: &str = "user:github:1";

/// Ann's session, and the name of its mailbox.
fn session() -> (String, String) {
    let context = Context::new(NOW, ENTROPY);
    let place = ObjectName::fresh(&context, Some(ANN));
    let session = Session { revision: Revision::V2025_11_25, capabilities: Capabilities::default(), place };
    (mint(&context, None, "", &session), place.mailbox())
}

fn of_ann(body: impl ToString) -> Post {
    Post::new(body).with("protocolVersion", "2025-11-25").with("principal", ANN).with("sessionId", session().0)
}

fn response(id: &Json) -> Json {
    json!({"jsonrpc": "2.0", "id": id, "result": {"roots": []}})
}

#[test]
fn a_response_reaches_whoever_asked() {
    let answered = of_ann(response(&json!("r\"1"))).send_to(|_| Said::Ok("true".into()));
    assert_eq!(answered.answer, Answer::empty(202));
    let effect = answered.effect();
    assert_eq!((&effect["kind"], &effect["object"]), (&json!("reach"), &json!(session().1)));
    assert_eq!(effect["tag"], "answer:r\"1", "no id leads to a stream or to another's call");
    let message: Json = serde_json::from_str(effect["message"].as_str().unwrap()).unwrap();
    assert_eq!(message, json!({"id": "r\"1", "result": {"roots": []}}));
}

#[test]
fn whether_anybody_waits_makes_no_difference_to_the_sender() {
    for said in [Said::Ok("false".into()), Said::Failed("timeout"), Said::Failed("failed")] {
        let answered = of_ann(response(&json!("r1"))).send_to(move |_| said.clone());
        assert_eq!(answered.answer, Answer::empty(202));
    }
}

#[test]
fn what_nobody_can_have_asked_reaches_nobody() {
    let unknown = Post::new(response(&json!("r1"))).with("protocolVersion", "2025-11-25");
    assert!(unknown.refused().is_accepted(), "without a session");
    assert!(of_ann(response(&json!(7))).refused().is_accepted(), "ids of ours are strings");
    let another = of_ann(response(&json!("r1"))).with("principal", "user:github:2");
    assert_eq!(another.refused().fault(), (404, -32001));
}

#[test]
fn a_cancellation_reaches_its_call() {
    let cancelled =
        |id: &Json| json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}});
    let tag_of = |id: Json| {
        let answered = of_ann(cancelled(&id)).send_to(|_| Said::Ok("true".into()));
        assert_eq!(answered.answer, Answer::empty(202));
        let effect = answered.effect();
        assert_eq!((&effect["cancels"], effect["message"].as_str().unwrap()), (&id, r#"{"cancel":true}"#));
        effect["tag"].as_str().unwrap().to_owned()
    };
    let tags = [tag_of(json!(1)), tag_of(json!("1")), tag_of(json!("x".repeat(5000)))];
    assert!(tags.iter().all(|tag| tag.starts_with("call:") && tag.len() < 100));
    assert!(tags[0] != tags[1] && tags[1] != tags[2], "an id is more than its digits");
    let escaped = of_ann(cancelled(&json!("1")).to_string().replace(r#""1""#, r#""\u0031""#));
    let escaped = escaped.send_to(|_| Said::Ok("true".into()));
    assert_eq!(escaped.effect()["tag"], tags[1], "however it is written");
    assert!(of_ann(notification("notifications/cancelled")).refused().is_accepted());
    assert!(of_ann(notification("notifications/initialized")).refused().is_accepted());
}

fn get() -> Post {
    let head = json!({"method": "GET", "server": {"name": "test"}, "accept": "text/event-stream", "streams": true,
                      "principal": ANN, "sessionId": session().0, "protocolVersion": "2025-11-25"});
    Post { head, body: String::new() }
}

#[test]
fn a_stream_hears_of_lists_and_of_what_its_session_follows() {
    let answered = get().send_to(|effect| match effect["kind"].as_str().unwrap() {
        "ask" => Said::Ok(r#"["notes://1"]"#.into()),
        "listen" => Said::Ok("true".into()),
        kind => panic!("nothing answers {kind}"),
    });
    assert_eq!(answered.answer, Answer::empty(200));
    let listen = &answered.waits[1][0];
    assert_eq!(listen["sources"][0], json!({"object": session().1, "tags": ["stream"]}));
    assert!(listen["sources"][1]["object"].as_str().unwrap().starts_with("hub:"));
    let says = listen["says"].as_object().unwrap();
    assert_eq!(says.keys().collect::<Vec<_>>(), ["prompts", "resource:notes://1", "resources", "tools"]);
    let updated: Json = serde_json::from_str(says["resource:notes://1"].as_str().unwrap()).unwrap();
    assert_eq!(updated["params"], json!({"uri": "notes://1"}));
}

#[test]
fn a_stream_goes_on_where_it_broke_off() {
    let stream = "AAAAAAAAAAAAAAAAAAAAAA";
    let answered = get().with("lastEventId", format!("{stream}.7")).send_to(|_| Said::Ok("true".into()));
    let effect = answered.effect();
    assert_eq!(effect["resumes"], json!({"stream": stream, "after": 7}));
    assert_eq!(effect["sources"], json!([{"object": session().1, "tags": [format!("events:{stream}")]}]));
    assert_eq!(effect["says"], json!({}), "of this stream only");
    for id in ["", ".", "x.1", &format!("{stream}."), &format!("{stream}.-1"), &format!("{stream}.99999999999"), stream]
    {
        assert_eq!(get().with("lastEventId", id).refused().fault(), (400, -32600), "{id}");
    }
}

#[test]
fn a_stream_belongs_to_a_session_of_its_reader() {
    assert_eq!(get().without("sessionId").refused().fault(), (405, -32600));
    assert_eq!(get().with("principal", "user:github:2").refused().fault(), (404, -32001));
    assert_eq!(get().with("accept", "application/json").refused().fault(), (406, -32600));
    assert_eq!(get().without("streams").refused().fault(), (405, -32600));
    assert_eq!(get().with("protocolVersion", "2026-07-28").refused().fault(), (405, -32600));
}

#[test]
fn listeners_wait_for_their_own_principal_and_for_everybody() {
    let sources = |principal: Json| {
        let params = json!({"notifications": {"toolsListChanged": true}});
        let post = Post::modern("subscriptions/listen", params).with("principal", principal);
        post.send_to(|_| Said::Ok("true".into())).effect()["sources"].clone()
    };
    let all = [json!(null), json!(""), json!(ANN), json!("user:github:2")].map(sources);
    for (at, one) in all.iter().enumerate() {
        assert_eq!(one[0]["tags"][1], "all");
        assert_eq!(one[0]["object"], all[0][0]["object"], "one hub for a server");
        for other in &all[at + 1..] {
            assert_ne!(one[0]["tags"][0], other[0]["tags"][0]);
        }
    }
}

#[test]
fn a_session_that_is_kept_is_there_or_not() {
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let post = of_ann(list).with("kept", true);
    let with = |there: &'static str| {
        move |effect: &Json| if effect["kind"] == "ask" { Said::Ok(there.into()) } else { say(effect) }
    };
    let answered = post.send_to(with("true"));
    assert_eq!(answered.waits[0], [json!({"kind": "ask", "object": session().1, "call": "touch", "input": null})]);
    assert_eq!(answered.result()["tools"][0]["name"], "echo");
    assert_eq!(post.send_to(with("false")).fault(), (404, -32001));
    assert_eq!(post.send_to(|_| Said::Failed("timeout")).fault(), (503, -32603));
    let mut delete = post;
    delete.head["method"] = "DELETE".into();
    let answered = delete.send_to(with("true"));
    assert_eq!(answered.answer, Answer::empty(204));
    assert_eq!(answered.waits[1][0]["call"], "end");
    assert_eq!(delete.send_to(with("false")).fault(), (404, -32001));
    assert_eq!(delete.without("kept").refused().fault(), (405, -32600));
}
