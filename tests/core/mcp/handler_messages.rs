//! What a running handler may say before its answer.

use mcp_wicket::flow::Context;
use mcp_wicket::json::{Value, write};
use mcp_wicket::mcp::capabilities::Capabilities;
use mcp_wicket::mcp::handler_messages::{HandlerMessageOutcome, Running, report};
use mcp_wicket::mcp::revision::Revision;
use mcp_wicket::mcp::session::{ObjectName, Session, mint};
use serde_json::{Value as Json, json};

use super::{CAPABILITIES, MODERN, VERSION, WITH_INITIALIZE, server_info};
use crate::world::{ENTROPY, NOW, Said, World};

const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
const LEVELS: [&str; 8] = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

/// What a call knows of itself, as the shim hands it over.
fn call(version: &str, meta: &Json) -> Json {
    let head = json!({
        "method": "POST",
        "server": server_info(),
        "accept": "application/json, text/event-stream",
        "protocolVersion": version,
    });
    let mut meta = meta.clone();
    if version == MODERN {
        meta[VERSION] = MODERN.into();
        meta[CAPABILITIES] = json!({});
    }
    json!({"head": head, "id": 1, "meta": meta, "risen": true})
}

/// A call as the shim hands it over: what is said, and the head of its request.
fn written(call: &Json) -> (String, String) {
    let mut call = call.clone();
    let head = call.as_object_mut().unwrap().remove("head").unwrap();
    (call.to_string(), crate::world::head(&head))
}

fn told(mut call: Json, say: &Json) -> HandlerMessageOutcome {
    call["say"] = say.clone();
    let (input, head) = written(&call);
    let running = Running::read(&input, &head).unwrap_or_else(|| panic!("cannot be read: {input} {head}"));
    World::silent().run(async |flow| report(flow, &running).await).answer.unwrap()
}

fn sent(told: HandlerMessageOutcome) -> Json {
    match told {
        HandlerMessageOutcome::Send(text) => serde_json::from_str(&text).unwrap(),
        other => panic!("nothing is sent: {other:?}"),
    }
}

fn json_of(told: &HandlerMessageOutcome) -> Json {
    serde_json::from_str(&write(told)).unwrap()
}

fn is_wrong(told: &HandlerMessageOutcome) -> bool {
    matches!(told, HandlerMessageOutcome::Wrong(text) if !text.is_empty())
}

fn versions() -> impl Iterator<Item = &'static str> {
    WITH_INITIALIZE.into_iter().chain([MODERN])
}

#[test]
fn progress_carries_the_token_as_it_was_sent() {
    for version in versions() {
        for token in [json!("p-1"), json!(7), json!("")] {
            let say = json!({"progress": {"progress": 0.5, "total": 2, "message": "Half"}});
            let message = sent(told(call(version, &json!({"progressToken": token})), &say));
            assert_eq!((&message["jsonrpc"], &message["method"]), (&json!("2.0"), &json!("notifications/progress")));
            let mut params = json!({"progressToken": token, "progress": 0.5, "total": 2, "message": "Half"});
            if version == "2024-11-05" {
                params.as_object_mut().unwrap().remove("message");
            }
            assert_eq!(message["params"], params, "{version}");
            assert_eq!(message.get("id"), None);
        }
    }
}

#[test]
fn progress_is_sent_only_where_it_was_asked_for() {
    let say = json!({"progress": {"progress": 1}});
    for version in versions() {
        for meta in
            [json!({}), json!({"progressToken": null}), json!({"progressToken": {}}), json!({"progressToken": 1.5})]
        {
            assert_eq!(told(call(version, &meta), &say), HandlerMessageOutcome::Nothing, "{version} {meta}");
        }
    }
}

#[test]
fn progress_that_does_not_rise_is_not_sent() {
    let mut call = call(MODERN, &json!({"progressToken": 1}));
    call["risen"] = json!(false);
    assert_eq!(told(call, &json!({"progress": {"progress": 1}})), HandlerMessageOutcome::Nothing);
}

#[test]
fn progress_is_a_number() {
    for said in [json!({}), json!({"progress": null}), json!({"progress": "1"}), json!({"progress": 1, "total": "2"})] {
        let call = call(MODERN, &json!({"progressToken": 1}));
        assert!(is_wrong(&told(call, &json!({"progress": said}))), "{said}");
    }
}

#[test]
fn logs_need_a_level_that_the_request_names_or_an_older_revision() {
    let log = |level: &str| json!({"log": {"level": level, "data": {"a": [1]}, "logger": "db"}});
    for (at, level) in LEVELS.into_iter().enumerate() {
        for (wanted_at, wanted) in LEVELS.into_iter().enumerate() {
            let told = told(call(MODERN, &json!({LOG_LEVEL: wanted})), &log(level));
            assert_eq!(matches!(told, HandlerMessageOutcome::Send(_)), at >= wanted_at, "{level}, wanted {wanted}");
        }
        assert_eq!(told(call(MODERN, &json!({})), &log(level)), HandlerMessageOutcome::Nothing);
        for version in WITH_INITIALIZE {
            let message = sent(told(call(version, &json!({})), &log(level)));
            assert_eq!(message["method"], "notifications/message");
            assert_eq!(message["params"], json!({"level": level, "data": {"a": [1]}, "logger": "db"}));
        }
    }
}

#[test]
fn a_log_message_is_whole() {
    for said in [json!({"level": "info"}), json!({"data": 1}), json!({"level": "loud", "data": 1})] {
        for version in versions() {
            assert!(is_wrong(&told(call(version, &json!({LOG_LEVEL: "debug"})), &json!({"log": said}))), "{said}");
        }
    }
}

#[test]
fn a_silent_call_begins_its_stream_where_the_client_takes_one() {
    for version in versions() {
        let call = call(version, &json!({}));
        assert_eq!(told(call.clone(), &json!("silence")), HandlerMessageOutcome::Begin, "{version}");
        for accept in [json!("application/json"), json!("*/*"), Json::Null] {
            let mut call = call.clone();
            call["head"]["accept"] = accept;
            assert_eq!(told(call, &json!("silence")), HandlerMessageOutcome::Nothing, "{version}");
        }
    }
    assert_eq!(write(&HandlerMessageOutcome::Begin), r#""begin""#);
}

#[test]
fn a_client_that_takes_no_streams_hears_nothing() {
    let sayings = [
        json!({"progress": {"progress": 1}}),
        json!({"log": {"level": "error", "data": 1}}),
        json!({"notify": {"method": "notifications/com.example.note"}}),
    ];
    for version in versions() {
        for accept in [json!("application/json"), json!("*/*"), Json::Null, json!("application/*, text/html")] {
            for say in &sayings {
                let mut call = call(version, &json!({"progressToken": 1, LOG_LEVEL: "debug"}));
                call["head"]["accept"] = accept.clone();
                assert_eq!(told(call, say), HandlerMessageOutcome::Nothing, "{version} {accept} {say}");
            }
        }
        for accept in ["text/event-stream", "application/json;q=0.5, TEXT/EVENT-STREAM ; q=1", "text/*"] {
            for say in &sayings {
                let mut call = call(version, &json!({"progressToken": 1, LOG_LEVEL: "debug"}));
                call["head"]["accept"] = accept.into();
                sent(told(call, say));
            }
        }
    }
}

#[test]
fn notifications_keep_to_the_rules_of_their_method() {
    for version in versions() {
        let own = json!({"notify": {"method": "notifications/com.example.note", "params": {"a": 1}}});
        let message = sent(told(call(version, &json!({})), &own));
        assert_eq!(message, json!({"jsonrpc": "2.0", "method": "notifications/com.example.note", "params": {"a": 1}}));
        let progress = json!({"notify": {"method": "notifications/progress", "params": {"progressToken": "theirs", "progress": 1}}});
        assert_eq!(told(call(version, &json!({})), &progress), HandlerMessageOutcome::Nothing);
        let message = sent(told(call(version, &json!({"progressToken": "ours"})), &progress));
        assert_eq!(message["params"]["progressToken"], "ours");
        for wrong in [
            json!({}),
            json!({"method": "tools/list"}),
            json!({"method": 1}),
            json!({"method": "notifications/a", "params": []}),
        ] {
            assert!(is_wrong(&told(call(version, &json!({})), &json!({"notify": wrong}))), "{wrong}");
        }
    }
    let log = json!({"notify": {"method": "notifications/message", "params": {"level": "info", "data": 1}}});
    assert_eq!(told(call(MODERN, &json!({})), &log), HandlerMessageOutcome::Nothing);
}

/// Since 2026-07-28 changes are for those who listen, and a call's own stream has what belongs to the call.
#[test]
fn changes_go_to_those_who_listen_where_a_stream_is_its_calls_own() {
    let said = |method: &str, params: Json| json!({"notify": {"method": method, "params": params}});
    for (method, params, name) in [
        ("notifications/tools/list_changed", json!({}), "tools"),
        ("notifications/prompts/list_changed", json!({}), "prompts"),
        ("notifications/resources/list_changed", json!({}), "resources"),
        ("notifications/resources/updated", json!({"uri": "a:b"}), "resource:a:b"),
    ] {
        let HandlerMessageOutcome::Reach(reach) = told(call(MODERN, &json!({})), &said(method, params.clone())) else {
            panic!("{method} goes on the call's stream")
        };
        assert!(reach.object.starts_with("hub:") && reach.tag.starts_with("of:"), "{reach:?}");
        assert_eq!(reach.message, json!({"news": name}).to_string());
        for version in WITH_INITIALIZE {
            assert_eq!(sent(told(call(version, &json!({})), &said(method, params.clone())))["method"], method);
        }
    }
    assert!(is_wrong(&told(call(MODERN, &json!({})), &said("notifications/resources/updated", json!({})))));
}

/// Each has its sender, and its revisions.
#[test]
fn notifications_that_are_not_a_servers_to_send_are_not_sent() {
    for version in versions() {
        for method in [
            "notifications/initialized",
            "notifications/roots/list_changed",
            "notifications/subscriptions/acknowledged",
        ] {
            assert!(is_wrong(&told(call(version, &json!({})), &json!({"notify": {"method": method}}))), "{method}");
        }
        let complete =
            json!({"notify": {"method": "notifications/elicitation/complete", "params": {"elicitationId": "e"}}});
        let cancelled = json!({"notify": {"method": "notifications/cancelled", "params": {"requestId": "r"}}});
        let [complete, cancelled] = [complete, cancelled].map(|it| told(call(version, &json!({})), &it));
        if version == "2025-11-25" {
            assert_eq!(sent(complete)["params"]["elicitationId"], "e");
        } else {
            assert_eq!(complete, HandlerMessageOutcome::Nothing, "{version} knows none");
        }
        if version == MODERN {
            assert_eq!(cancelled, HandlerMessageOutcome::Nothing, "there are no requests to take back");
        } else {
            assert_eq!(sent(cancelled)["params"]["requestId"], "r");
        }
    }
}

#[test]
fn a_client_that_goes_away_cancels_on_the_new_wire_only() {
    assert_eq!(told(call(MODERN, &json!({})), &json!("gone")), HandlerMessageOutcome::Cancel);
    for version in WITH_INITIALIZE {
        assert_eq!(told(call(version, &json!({})), &json!("gone")), HandlerMessageOutcome::Nothing);
    }
    let mut unsaid = call(MODERN, &json!({}));
    unsaid["head"]["protocolVersion"] = Json::Null;
    unsaid["meta"] = json!({});
    assert_eq!(told(unsaid, &json!("gone")), HandlerMessageOutcome::Nothing);
}

#[test]
fn who_wants_to_hear_of_a_cancellation_waits_where_its_session_can_be_reached() {
    let context = Context::new(NOW, ENTROPY);
    let place = ObjectName::fresh(&context, None);
    let session = Session { revision: Revision::V2025_11_25, capabilities: Capabilities::default(), place };
    let watched = |with: &[(&str, Json)]| {
        let mut call = call("2025-11-25", &json!({}));
        call["head"]["sessionId"] = mint(&context, None, "", &session).into();
        for (member, value) in with {
            call["head"][member] = value.clone();
        }
        call["say"] = json!("watch");
        let (input, head) = written(&call);
        let running = Running::read(&input, &head).unwrap();
        let world = World::new(|_| Said::Ok("true".into()));
        world.run(async |flow| report(flow, &running).await).answer.unwrap()
    };
    for (with, wanted) in [
        (&[][..], 500),
        (&[("kept", json!(true))], 0),
        (&[("transport", json!("sse-messages")), ("protocolVersion", json!("2024-11-05"))], 0),
    ] {
        match watched(with) {
            HandlerMessageOutcome::Watch { object, tag, after } => {
                assert_eq!((object, after), (place.mailbox(), wanted));
                assert!(tag.starts_with("call:"));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(watched(&[("principal", json!("user:github:2"))]), HandlerMessageOutcome::Nothing, "another's session");
    assert_eq!(told(call(MODERN, &json!({})), &json!("watch")), HandlerMessageOutcome::Nothing);
    assert_eq!(told(call("2025-11-25", &json!({})), &json!("watch")), HandlerMessageOutcome::Nothing, "no session");
}

#[test]
fn a_stream_can_be_resumed_in_a_session_since_2025_11_25_over_http() {
    for version in versions() {
        let opened = json_of(&told(able(version, &json!({})), &json!("open")));
        if version != "2025-11-25" {
            assert_eq!(opened, json!("nothing"), "{version}");
            continue;
        }
        let resumable = &opened["resumable"];
        assert!(resumable["object"].as_str().unwrap().starts_with("mailbox:"), "{opened}");
        assert_eq!(resumable["stream"].as_str().map(str::len), Some(22), "{opened}");
        assert_eq!(resumable["retry"], 500);
    }
    let mut over_sse = able("2025-11-25", &json!({}));
    over_sse["head"]["transport"] = "sse-messages".into();
    assert_eq!(told(over_sse, &json!("open")), HandlerMessageOutcome::Nothing);
    assert_eq!(told(call("2025-11-25", &json!({})), &json!("open")), HandlerMessageOutcome::Nothing, "no session");
}

/// A session of `version` whose client has declared `capabilities`.
fn able(version: &str, capabilities: &Json) -> Json {
    let mut call = call(version, &json!({}));
    if version == MODERN {
        call["meta"][CAPABILITIES] = capabilities.clone();
        return call;
    }
    let context = Context::new(NOW, ENTROPY);
    let text = capabilities.to_string();
    let session = Session {
        revision: Revision::parse(version).unwrap(),
        capabilities: Capabilities::of(Some(Value::read(&text).unwrap())),
        place: ObjectName::fresh(&context, None),
    };
    call["head"]["sessionId"] = mint(&context, None, "", &session).into();
    call
}

#[test]
fn pages_that_must_be_opened_first_are_an_error_where_a_revision_has_it() {
    let page = |n: u8| json!({"mode": "url", "message": "Connect", "url": format!("https://a.example/{n}"), "elicitationId": n.to_string()});
    let pages = json!([page(1), page(2)]);
    let say = json!({"pages": {"message": "Two accounts", "elicitations": pages}});
    let everything = json!({"elicitation": {"form": {}, "url": {}}});
    let fault = json_of(&told(able("2025-11-25", &everything), &say))["fault"].clone();
    assert_eq!((&fault["code"], &fault["message"]), (&json!(-32042), &json!("Two accounts")));
    assert_eq!(fault["data"], json!({"elicitations": pages}));
    assert_eq!(
        told(able(MODERN, &everything), &say),
        HandlerMessageOutcome::Nothing,
        "they are questions, which come next"
    );
    for version in ["2024-11-05", "2025-03-26", "2025-06-18"] {
        let HandlerMessageOutcome::Unable(why) = told(able(version, &everything), &say) else {
            panic!("{version} has no such error")
        };
        assert!(why.contains(version), "{why}");
    }
    for capabilities in [json!({}), json!({"elicitation": {}}), json!({"elicitation": {"form": {}}})] {
        let HandlerMessageOutcome::Unable(why) = told(able("2025-11-25", &capabilities), &say) else {
            panic!("{capabilities}")
        };
        assert!(why.contains(r#"{"elicitation":{"url":{}}}"#), "{why}");
        let fault = json_of(&told(able(MODERN, &capabilities), &say))["fault"].clone();
        assert_eq!((&fault["status"], &fault["code"]), (&json!(400), &json!(-32021)));
        assert_eq!(fault["data"], json!({"requiredCapabilities": {"elicitation": {"url": {}}}}));
    }
    assert!(matches!(told(call("2025-11-25", &json!({})), &say), HandlerMessageOutcome::Unable(_)), "no session");
}

#[test]
fn pages_to_be_opened_are_named_each_with_its_url() {
    let form = json!({"message": "?", "requestedSchema": {"type": "object", "properties": {}}});
    for elicitations in [
        json!(null),
        json!({}),
        json!([]),
        json!([1]),
        json!([form]),
        json!([{"mode": "url", "message": "?", "url": "http://a.example", "elicitationId": "e"}]),
        json!([{"mode": "url", "message": "?", "url": "https://a.example"}]),
    ] {
        let say = json!({"pages": {"message": "?", "elicitations": elicitations}});
        let everything = json!({"elicitation": {"url": {}}});
        assert!(is_wrong(&told(able("2025-11-25", &everything), &say)), "{elicitations}");
    }
}

/// Whoever would open a page comes too early; whoever would not is not asked again.
#[test]
fn a_page_that_is_to_be_opened_is_asked_for_until_it_is_refused() {
    let params = json!({"mode": "url", "message": "?", "url": "https://a.example"});
    let judged = |response: Json| {
        let reply =
            json!({"kind": "elicit", "params": params, "response": response, "opens": true, "asked": "another"});
        told(able(MODERN, &json!({"elicitation": {"url": {}}})), &json!({"reply": reply}))
    };
    assert!(matches!(judged(json!({"action": "decline"})), HandlerMessageOutcome::Answer(_)));
    assert!(matches!(judged(json!({"action": "cancel"})), HandlerMessageOutcome::Answer(_)));
    for response in [json!({"action": "accept"}), json!({"action": 1}), json!({}), json!([])] {
        assert!(matches!(judged(response), HandlerMessageOutcome::Again(_)));
    }
}

/// What a client says that it can do counts where its revision has it.
#[test]
fn a_client_is_asked_for_what_its_revision_has() {
    let everything = json!({"elicitation": {"form": {}, "url": {}}, "sampling": {"tools": {}}, "roots": {}});
    let sample = json!({"messages": [], "maxTokens": 1});
    let mut tools = sample.clone();
    tools["tools"] = json!([]);
    let form = json!({"message": "?", "requestedSchema": {"type": "object", "properties": {}}});
    let page = json!({"mode": "url", "message": "?", "url": "https://a.example", "elicitationId": "e"});
    let several = json!({"message": "?", "requestedSchema": {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string", "enum": ["x"]}}}}});
    let blocks = json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}], "maxTokens": 1});
    for (kind, params, since) in [
        ("elicit", several, "2025-11-25"),
        ("sample", blocks, "2025-11-25"),
        ("roots", json!({}), "2024-11-05"),
        ("sample", sample, "2024-11-05"),
        ("elicit", form, "2025-06-18"),
        ("elicit", page, "2025-11-25"),
        ("sample", tools, "2025-11-25"),
    ] {
        for version in WITH_INITIALIZE {
            let told = told(able(version, &everything), &json!({"ask": {"kind": kind, "params": params}}));
            assert_eq!(
                matches!(told, HandlerMessageOutcome::Request { .. }),
                version >= since,
                "{kind} {params} {version}: {told:?}"
            );
            assert_eq!(
                matches!(&told, HandlerMessageOutcome::Unable(why) if why.contains(version)),
                version < since,
                "{told:?}"
            );
        }
    }
}

#[test]
fn choices_with_titles_are_written_as_each_revision_has_them() {
    let titled = json!({"type": "string", "title": "Color", "oneOf": [{"const": "r", "title": "Red"}, {"const": "b"}]});
    let text = json!({"type": "string", "maxLength": 5});
    let schema =
        |color: Json| json!({"type": "object", "properties": {"color": color, "name": text}, "required": ["color"]});
    let say = json!({"ask": {"kind": "elicit", "params": {"message": "?", "requestedSchema": schema(titled.clone())}}});
    let older = json!({"type": "string", "title": "Color", "enum": ["r", "b"], "enumNames": ["Red", "b"]});
    for (version, color) in [("2025-06-18", older), ("2025-11-25", titled)] {
        let HandlerMessageOutcome::Request { send, .. } = told(able(version, &json!({"elicitation": {}})), &say) else {
            panic!("{version}")
        };
        let sent: Json = serde_json::from_str(&send).unwrap();
        assert_eq!(sent["params"], json!({"message": "?", "requestedSchema": schema(color)}));
    }
}

#[test]
fn nothing_else_is_said() {
    let head = r#"{"method":"POST","server":{}}"#;
    assert!(Running::read(r#"{"id":1,"say":"open"}"#, head).is_some());
    for input in ["", "{}", r#"{"id":1}"#, r#"{"say":"open"}"#, r#"{"id":1,"say":{}}"#, r#"{"id":1,"say":{"shout":1}}"#]
    {
        assert!(Running::read(input, head).is_none(), "{input}");
    }
    assert!(Running::read(r#"{"id":1,"say":"open"}"#, "{}").is_none());
}

#[test]
fn a_round_is_spent_by_its_name_and_only_once() {
    let spend = |say: Said| {
        let mut call = call(MODERN, &json!({}));
        call["say"] = json!({"spend": "AAAA"});
        let (input, head) = written(&call);
        let running = Running::read(&input, &head).unwrap();
        let world = World::new(|effect| {
            assert_eq!((&effect["object"], &effect["call"]), (&json!("spent:AAAA"), &json!("spend")));
            say.clone()
        });
        json_of(&world.run(async |flow| report(flow, &running).await).answer.unwrap())
    };
    assert_eq!(spend(Said::Ok("true".into())), json!("nothing"));
    let fault = |said| spend(said)["fault"].clone();
    assert_eq!(fault(Said::Ok("false".into()))["code"], -32602);
    assert_eq!(fault(Said::Failed("unreachable"))["status"], 503);
    let absent = fault(Said::Failed("absent"));
    assert!(absent["message"].as_str().unwrap().contains("Durable Object"), "{absent}");
}

#[test]
fn news_of_a_resource_says_which_scopes_it_needs() {
    let scoped = json!({
        "resources": [["mem://open", ""], ["mem://secret", "write admin"], ["note://7", ""]],
        "templates": [["note://public/{id}", ""], ["note://{+path}", "write"]],
    });
    for (uri, needs) in [
        ("mem://open", None),
        ("mem://secret", Some("write admin")),
        ("MEM://secr%65t", Some("write admin")),
        ("note://7", None),
        ("note://public/1", None),
        ("note://private/1", Some("write")),
        ("NOTE://private/1", Some("write")),
        ("other://1", None),
    ] {
        let news = |say: Json| match told(call(MODERN, &json!({})), &say) {
            HandlerMessageOutcome::Reach(reach) => serde_json::from_str::<Json>(&reach.message).unwrap(),
            other => panic!("{other:?}"),
        };
        let params = json!({"uri": uri});
        let notify = json!({"method": "notifications/resources/updated", "params": params, "scoped": scoped});
        for said in [
            news(json!({"changed": {"uri": uri, "scoped": scoped}})),
            news(json!({"changed": {"uri": uri, "scoped": scoped, "everybody": true}})),
            news(json!({"notify": notify})),
        ] {
            assert_eq!(said.get("needs").and_then(Json::as_str), needs, "{uri}: {said}");
        }
        assert!(news(json!({"changed": {"uri": uri}})).get("needs").is_none(), "{uri}");
    }
}
