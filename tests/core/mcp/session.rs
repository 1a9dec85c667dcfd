//! Sessions at the endpoint: given by `initialize`, opened by each later request, nothing to anybody else.

use mcp_wicket::mcp::session::ObjectName;
use serde_json::{Value as Json, json};

use super::{Post, WITH_INITIALIZE, notification, request, say};
use crate::session::open;
use crate::world::{ENTROPY, NOW, World};

const DAY: u64 = 24 * 3600 * 1000;

fn initialize(version: &str, principal: Option<&str>) -> Post {
    Post::new(request("initialize", json!({"protocolVersion": version}))).with("principal", principal)
}

fn session(version: &str, principal: Option<&str>) -> String {
    initialize(version, principal).send().header("mcp-session-id").expect("a session was given").to_owned()
}

#[test]
fn the_session_says_what_was_agreed_on() {
    for version in WITH_INITIALIZE {
        for principal in [None, Some("user:github:1")] {
            let opened = open(&session(version, principal), principal, NOW).unwrap();
            assert_eq!(opened.revision.name(), version);
        }
    }
}

#[test]
fn a_session_is_opened_again_by_later_requests() {
    for version in WITH_INITIALIZE {
        for principal in [None, Some("user:github:1")] {
            let id = session(version, principal);
            let with_session = |body: Json| Post::new(body).with("sessionId", id.as_str()).with("principal", principal);
            let listed = with_session(request("tools/list", Json::Null)).send();
            assert_eq!(listed.result()["tools"][0]["name"], "echo");
            assert_eq!(listed.header("mcp-session-id"), None, "an id is given once");
            assert!(with_session(notification("notifications/initialized")).refused().is_accepted());
            let named = with_session(request("ping", Json::Null)).with("protocolVersion", version).send();
            assert_eq!(named.status(), 200);
        }
    }
}

#[test]
fn two_handshakes_are_two_sessions() {
    let at = |entropy| {
        let world = World::new(say).with_entropy(entropy);
        initialize("2025-11-25", None).send_in(world).header("mcp-session-id").unwrap().to_owned()
    };
    assert_ne!(at([1; 32]), at([2; 32]));
    assert_eq!(at([1; 32]), at([1; 32]), "but a replay is the same one");
}

#[test]
fn a_session_that_is_unknown_over_or_anothers_is_not_found() {
    let id = session("2025-06-18", Some("user:github:1"));
    for (shown, principal) in [
        (id.as_str(), Some("user:github:2")),
        (id.as_str(), None),
        ("", Some("user:github:1")),
        ("no such session", Some("user:github:1")),
        (&id[1..], Some("user:github:1")),
    ] {
        for body in [
            request("tools/list", Json::Null),
            request("no/such", Json::Null),
            notification("notifications/initialized"),
            json!({"jsonrpc": "2.0", "id": 1, "result": {}}),
        ] {
            for version in [None, Some("2025-06-18"), Some("no revision at all")] {
                let post = Post::new(&body).with("sessionId", shown).with("principal", principal);
                let answered = post.with("protocolVersion", version).refused();
                assert_eq!(answered.fault(), (404, -32001), "{shown:?} {principal:?} {body}");
                assert_eq!(answered.json().get("id"), body.get("method").and(body.get("id")));
            }
        }
    }
}

#[test]
fn a_session_ends() {
    let id = session("2025-06-18", None);
    let at = |now| {
        let post = Post::new(request("ping", Json::Null)).with("sessionId", id.as_str());
        post.send_in(World::silent().at(now)).status()
    };
    assert_eq!([at(NOW), at(NOW + 29 * DAY), at(NOW + 31 * DAY), at(NOW - DAY)], [200, 200, 404, 404]);
}

#[test]
fn a_header_says_more_than_the_session() {
    let id = session("2025-03-26", None);
    let batch = |version: Option<&str>| {
        let post = Post::new(json!([request("ping", Json::Null)])).with("sessionId", id.as_str());
        post.with("protocolVersion", version).send().status()
    };
    assert_eq!([batch(None), batch(Some("2025-03-26")), batch(Some("2025-06-18"))], [200, 200, 400]);
}

#[test]
fn a_new_handshake_takes_no_notice_of_an_old_session() {
    for old in ["", "no such session"] {
        let answered = initialize("2025-06-18", None).with("sessionId", old).send();
        assert!(answered.header("mcp-session-id").is_some_and(|id| id != old));
    }
}

#[test]
fn a_server_in_an_object_gives_the_session_that_leads_back_to_it() {
    for principal in [None, Some("user:github:1")] {
        let place = ObjectName::fresh(&mcp_wicket::flow::Context::new(NOW, [9; 32]), principal);
        let answered = initialize("2025-06-18", principal).with("place", place.name()).send();
        let opened = open(answered.header("mcp-session-id").unwrap(), principal, NOW).unwrap();
        assert_eq!(opened.place, place);
    }
    let answered = initialize("2025-06-18", None).with("place", "no place").send();
    let opened = open(answered.header("mcp-session-id").unwrap(), None, NOW).unwrap();
    assert_eq!(opened.place, ObjectName::fresh(&mcp_wicket::flow::Context::new(NOW, ENTROPY), None));
}
