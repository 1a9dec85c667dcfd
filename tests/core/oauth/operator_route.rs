//! The operator route: who may call what, how that is said, and what is written down.

use mcp_wicket::flow::Commit;
use mcp_wicket::oauth::ServerConfig;
use mcp_wicket::oauth::endpoints::operator::CALLS;
use serde_json::{Value as Json, json};

use super::{Objects, REDIRECT, SITE, head, json_of, registered, send, server};
use crate::world::{NOW, Said, World};

fn here() -> ServerConfig {
    server(json!({"operator": true}))
}

/// The head of a call, as the guard lets it through.
fn calling(more: Json) -> Json {
    let mut head = head("operator", "POST", json!({"contentType": "application/json", "operator": "key:ops"}));
    head.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    head
}

/// The status, the body, and the audit events of an answer.
fn answered(world: World<'_>, request: &Json, body: &str) -> (u64, Json, Vec<Json>) {
    let ended = send(world, &here(), request, body);
    let told = ended.commits.iter().filter_map(|commit| match commit {
        Commit::Audit { event } => Some(serde_json::from_str(event).unwrap()),
        _ => None,
    });
    let told = told.collect();
    let answer = json_of(&ended.answer.unwrap())["answer"].clone();
    let headers = answer["headers"].as_array().unwrap();
    assert!(!headers.iter().any(|header| header[0].as_str().unwrap().starts_with("access-control-")), "{answer}");
    assert!(headers.contains(&json!(["cache-control", "no-store"])), "{answer}");
    (answer["status"].as_u64().unwrap(), serde_json::from_str(answer["body"].as_str().unwrap()).unwrap(), told)
}

/// Calls with these objects.
fn call(objects: &mut Objects, body: &Json) -> (u64, Json, Vec<Json>) {
    let entropy = [u8::try_from(objects.0.len()).unwrap() + 40; 32];
    let world = World::new(|effect| objects.ask(effect, NOW, entropy)).with_entropy(entropy);
    answered(world, &calling(json!({})), &body.to_string())
}

#[test]
fn requests_that_no_operators_program_sends_are_refused_before_anything_is_asked() {
    let list = r#"{"call":"listClients"}"#;
    let ours = {
        let (keys, context) = (super::keys(), mcp_wicket::flow::Context::new(NOW, [3; 32]));
        let place = mcp_wicket::crypto::SealContext {
            purpose: mcp_wicket::crypto::Purpose::AccessToken,
            issuer: SITE,
            audience: "",
        };
        keys.seal_text(&context, &place, b"{}")
    };
    let table: [(Json, &str, u64, &str, &str); 14] = [
        (json!({"method": "GET"}), "", 405, "invalid_request", "POST"),
        (json!({"method": "OPTIONS", "originHeader": "https://a.example"}), "", 405, "invalid_request", "POST"),
        (json!({"operator": null}), list, 403, "access_denied", "no operator"),
        (json!({"originHeader": "https://evil.example"}), list, 403, "access_denied", "Origin"),
        (json!({"originHeader": SITE}), list, 403, "access_denied", "Origin"),
        (json!({"originHeader": "null"}), list, 403, "access_denied", "Origin"),
        (json!({"authorization": format!("Bearer {ours}")}), list, 403, "access_denied", "issued by this server"),
        (json!({"contentType": "text/plain"}), list, 415, "invalid_request", "application/json"),
        (json!({"contentType": null}), list, 415, "invalid_request", "application/json"),
        (json!({"unread": true}), "", 413, "invalid_request", "64 KB"),
        (json!({}), "", 400, "invalid_request", "not valid JSON"),
        (json!({}), "[]", 400, "invalid_request", "wrong type"),
        (json!({}), r#"{"call":"revokeAll","call":"listClients"}"#, 400, "invalid_request", "\"call\" is duplicated"),
        (
            json!({}),
            r#"{"call":"revokeEverything"}"#,
            400,
            "invalid_request",
            "listUserGrants, revokeGrant, listClients",
        ),
    ];
    for (more, body, status, error, description) in table {
        let (answered, said, told) = answered(World::silent(), &calling(more.clone()), body);
        assert_eq!((answered, &said["error"]), (status, &json!(error)), "{more} {body}: {said}");
        assert!(said["error_description"].as_str().unwrap().contains(description), "{more} {body}: {said}");
        assert!(told.is_empty(), "{more} {body}: {told:?}");
    }
}

#[test]
fn a_member_that_a_call_does_not_have_is_named_and_so_is_one_that_is_missing() {
    let table = [
        (json!({"call": "listClients", "userId": "7"}), "listClients has no member \"userId\""),
        (
            json!({"call": "revokeGrant", "userId": "7", "grantID": "*"}),
            "\"grantID\". Its members are call, userId, grantId.",
        ),
        (json!({"call": "revokeGrant", "userId": "7"}), "grantId is missing"),
        (json!({"call": "revokeGrant", "grantId": "*"}), "userId is missing"),
        (json!({"call": "listUserGrants", "userId": 7}), "userId is missing or not a string"),
        (
            json!({"call": "createClient", "client": {"clientName": "A", "redirectURIs": []}}),
            "client has no member \"redirectURIs\"",
        ),
        (json!({"call": "createClient", "client": {"clientName": "A"}}), "redirectUris must be"),
        (json!({"call": "approveClient", "id": "../x"}), "not a client identifier"),
        (json!({"call": "revokeAll", "before": 5}), "revokeAll has no member \"before\""),
        (json!({"call": "revokeBefore"}), "before must be a time"),
        (json!({"call": "revokeBefore", "before": NOW + 1}), "before must be a time"),
        (json!({"call": "revokeBefore", "before": "2026-01-01"}), "before must be a whole number"),
        (json!({"call": "revokeBefore", "before": null}), "before must be a whole number"),
        (json!({"call": "revokeBefore", "before": -1}), "before must be a whole number"),
        (json!({"call": "readAudit", "limit": 0}), "limit must be from 1 to 500"),
        (json!({"call": "readAudit", "limit": 501}), "limit must be from 1 to 500"),
        (json!({"call": "readAudit", "after": "x"}), "after must be a whole number"),
    ];
    for (body, description) in table {
        let (status, said, told) = answered(World::silent(), &calling(json!({})), &body.to_string());
        assert_eq!((status, &said["error"]), (400, &json!("invalid_request")), "{body}: {said}");
        assert!(said["error_description"].as_str().unwrap().contains(description), "{body}: {said}");
        // Whoever tries is written down, with the reason.
        let [event] = &told[..] else { panic!("{body}: {told:?}") };
        assert_eq!((&event["event"], &event["call"]), (&json!("operator called"), &body["call"]));
        assert_eq!((&event["operator"], &event["error"]), (&json!("key:ops"), &json!("invalid_request")));
        assert_eq!(event["reason"], said["error_description"]);
    }
}

/// A value for each member that a call may have.
fn value(member: &str, id: &str) -> Json {
    match member {
        "userId" => json!("1"),
        "grantId" => json!("*"),
        "id" => json!(id),
        "client" => json!({"clientName": "Mine", "redirectUris": [REDIRECT]}),
        "before" => json!(NOW),
        "after" | "limit" => json!(3),
        other => panic!("{other} has no value here"),
    }
}

#[test]
fn each_call_is_performed_and_written_down_with_who_what_and_on_what() {
    for (name, members) in CALLS {
        let mut objects = Objects::default();
        registered(&mut objects);
        let (_, made, _) = call(&mut objects, &json!({"call": "createClient", "client": value("client", "")}));
        let id = made["result"]["clientId"].as_str().unwrap();
        let mut body = json!({"call": name});
        for member in members {
            body[member] = value(member, id);
        }
        let (status, said, told) = if name == "readAudit" {
            let world = World::new(|effect| {
                assert_eq!(*effect, json!({"kind": "audit-rows", "after": 3, "limit": 3}));
                Said::Ok(r#"{"rows":[{"cursor":4},{"cursor":5},{"cursor":9}],"cursor":9}"#.into())
            });
            answered(world, &calling(json!({})), &body.to_string())
        } else {
            call(&mut objects, &body)
        };
        assert_eq!(status, 200, "{name}: {said}");
        assert!(said.get("result").is_some() && said.as_object().unwrap().len() == 1, "{name}: {said}");
        let event = told.last().unwrap();
        let mut wanted =
            json!({"event": "operator called", "operator": "key:ops", "call": name, "request": event["request"]});
        for (member, column, value) in
            [("id", "client", json!(id)), ("grantId", "grant", json!("*")), ("userId", "subject", json!("user:test:1"))]
        {
            if members.contains(&member) {
                wanted[column] = value;
            }
        }
        assert_eq!(*event, wanted, "{name}");
        assert!(!event.to_string().contains("ecret\":"), "{name}");
        // The event of what was done belongs to the same request.
        assert!(told.iter().all(|other| other["request"] == event["request"]), "{told:?}");
    }
}

#[test]
fn the_secret_of_a_client_is_in_the_answer_alone() {
    let mut objects = Objects::default();
    let (_, made, told) = call(&mut objects, &json!({"call": "createClient", "client": value("client", "")}));
    let secret = made["result"]["clientSecret"].as_str().unwrap();
    assert!(!json!(told).to_string().contains(secret));
    let id = &made["result"]["clientId"];
    let (_, rotated, _) = call(&mut objects, &json!({"call": "rotateClientSecret", "id": id}));
    assert_ne!(rotated["result"]["clientSecret"].as_str().unwrap(), secret);
    let (_, void, _) = call(&mut objects, &json!({"call": "revokeClientSecret", "id": id}));
    assert!(void["result"].get("clientSecret").is_none());
    let (_, list, _) = call(&mut objects, &json!({"call": "listClients"}));
    assert_eq!((list["result"][0]["clientId"].clone(), list["result"][0].get("clientSecret")), (id.clone(), None));
    let (status, unknown, _) = call(&mut objects, &json!({"call": "rotateClientSecret", "id": "wo_nobody"}));
    assert!(status == 400 || unknown["result"].is_null(), "{unknown}");
}

#[test]
fn what_is_away_is_said_with_when_to_come_back() {
    for body in [r#"{"call":"listClients"}"#, r#"{"call":"readAudit"}"#] {
        let world = World::new(|_| Said::Failed("failed"));
        let (status, said, told) = answered(world, &calling(json!({})), body);
        assert_eq!((status, &said["error"]), (503, &json!("temporarily_unavailable")), "{body}");
        assert_eq!(told[0]["error"], "temporarily_unavailable");
    }
    // Where the events go to is somebody else's.
    let world = World::new(|_| Said::Ok("null".into()));
    let (status, said, _) = answered(world, &calling(json!({})), r#"{"call":"readAudit"}"#);
    assert_eq!(status, 400);
    assert!(said["error_description"].as_str().unwrap().contains("d1Audit"), "{said}");
}

#[test]
fn its_path_is_its_own() {
    for (more, other) in [
        (json!({"operator.path": "/token"}), "tokenEndpoint"),
        (json!({"operator.path": "/mcp"}), "apiHandlers"),
        (json!({"operator.path": "/sse/"}), "apiHandlers"),
        (json!({"tokenEndpoint": "/operator"}), "tokenEndpoint"),
        (json!({"routes": ["/mcp", "/operator"]}), "apiHandlers"),
        (json!({"operator.path": "operator"}), "beginning with a slash"),
        (json!({"operator.path": "/a/../b"}), "beginning with a slash"),
    ] {
        let mut options = json!({"resources": ["/mcp", "/sse"], "operator": true});
        options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let wrong = ServerConfig::read(&options.to_string()).unwrap_err();
        assert!(wrong.contains("operator.path") && wrong.contains(other), "{more}: {wrong}");
        options.as_object_mut().unwrap().remove("operator");
        if other != "beginning with a slash" {
            assert!(ServerConfig::read(&options.to_string()).is_ok(), "{more}: there is no such route");
        }
    }
}
