//! Where the app itself signs people in, it is asked at each refresh whether it still knows them.

use mcp_wicket::flow::Commit;
use mcp_wicket::identity::handler::IdentityHandler;
use mcp_wicket::json::Object;
use mcp_wicket::oauth::{AuthorizationServer, Request, serve};
use serde_json::{Value as Json, json};

use super::once::{Way, redeeming};
use super::{Objects, SITE, form, head, json_of, keys, server};
use crate::world::{NOW, Said, World};

/// Sends a request to a server whose app answers so; gives the answer, what was asked, and what the operator was told.
fn sent(
    objects: &mut Objects,
    set_up: &str,
    request: &Json,
    body: &str,
    says: Said,
    entropy: u8,
) -> (Json, Vec<String>, String) {
    let (server, keys, input) = (server(json!({})), keys(), request.to_string());
    let identity = IdentityHandler::read(&Object::read(set_up).unwrap()).unwrap();
    let server = AuthorizationServer { config: &server, keys: &keys, identity: &identity, issuer: SITE.into() };
    let request = Request::read(&input).unwrap();
    let mut calls = Vec::new();
    let world = World::new(|effect| match effect["kind"].as_str().unwrap() {
        "identify" => Said::Ok(json!({"id": "ann", "props": {"role": "admin"}}).to_string()),
        "still-known" => {
            calls.push(format!("still-known {}", effect["id"].as_str().unwrap()));
            says.clone()
        }
        _ => {
            calls.extend(effect["call"].as_str().map(String::from));
            objects.ask(effect, NOW + u64::from(entropy), [entropy; 32])
        }
    });
    let world = world.at(NOW + u64::from(entropy)).with_entropy([entropy; 32]);
    let ended = world.run(async |flow| serve(flow, &server, &request, body).await);
    let told = ended.commits.iter().filter_map(|commit| match commit {
        Commit::Audit { event } => Some(&**event),
        _ => None,
    });
    (json_of(&ended.answer.unwrap())["answer"].clone(), calls, told.collect())
}

const ASKS: &str = r#"{"kind":"app","stillKnown":true}"#;

/// Somebody who has signed in by the app, and the refresh token.
fn signed_in(set_up: &str) -> (Way, String) {
    let mut way = Way::new();
    let (state, cookie) = way.allow();
    let request = head("callback", "GET", json!({"query": form(&[("state", &state)]), "cookie": cookie}));
    let nothing = || Said::Failed("failed");
    let (answer, ..) = sent(&mut way.objects, set_up, &request, "", nothing(), 4);
    let location = answer["headers"].as_array().unwrap().iter().find(|it| it[0] == "location").unwrap();
    let code = location[1].as_str().unwrap().split_once("code=").unwrap().1.split('&').next().unwrap().to_owned();
    let token = head("token", "POST", json!({}));
    let (answer, ..) = sent(&mut way.objects, set_up, &token, &redeeming(&way.client, &code), nothing(), 5);
    let tokens: Json = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    (way, tokens["refresh_token"].as_str().unwrap().to_owned())
}

/// A refresh; the answer of the token endpoint, what was asked, and what the operator was told.
fn refresh(way: &mut Way, set_up: &str, token: &str, says: Said, entropy: u8) -> (Json, Vec<String>, String) {
    let body = form(&[("grant_type", "refresh_token"), ("client_id", &way.client), ("refresh_token", token)]);
    let request = head("token", "POST", json!({}));
    let (answer, calls, told) = sent(&mut way.objects, set_up, &request, &body, says, entropy);
    let mut body: Json = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    body["status"] = answer["status"].clone();
    (body, calls, told)
}

/// The first refresh of somebody.
fn refreshed(set_up: &str, says: Said) -> (Json, Vec<String>, Way) {
    let (mut way, token) = signed_in(set_up);
    let (body, calls, _) = refresh(&mut way, set_up, &token, says, 6);
    (body, calls, way)
}

#[test]
fn whoever_the_app_does_not_know_any_more_gets_no_new_tokens() {
    let said = |json: &str| Said::Ok(json.into());
    for (says, status, error, scope) in [
        (said("true"), 200, None, Some("read write")),
        (said(r#"{"scopes":["read"]}"#), 200, None, Some("read")),
        (said(r#"{"id":"ann","props":{"role":"guest"}}"#), 200, None, Some("read write")),
        (said("null"), 400, Some("invalid_grant"), None),
        (said("false"), 400, Some("invalid_grant"), None),
        (said(r#"{"scopes":[]}"#), 400, Some("invalid_grant"), None),
        (said(r#"{"id":"ben"}"#), 400, Some("invalid_grant"), None),
        (Said::Failed("timeout"), 503, Some("temporarily_unavailable"), None),
        (Said::Failed("failed"), 503, Some("temporarily_unavailable"), None),
    ] {
        let (body, calls, _) = refreshed(ASKS, says.clone());
        assert_eq!((body["status"].as_u64(), body["error"].as_str()), (Some(status), error), "{says:?}");
        assert_eq!(body["scope"].as_str(), scope, "{says:?}");
        if status == 503 {
            let described = body["error_description"].as_str().unwrap_or_default();
            assert!(described.starts_with("A function of this server failed"), "{says:?}: {described}");
        }
        assert_eq!(calls[..2], ["credential", "still-known ann"], "{says:?}");
        assert!(matches!(calls[2].as_str(), "refresh" | "give-up"), "{says:?}");
    }
}

#[test]
fn what_is_understood_in_part_is_a_no_and_the_operator_reads_why() {
    for (says, why) in [
        ("{}", "without any of `id`, `label`, `props`, `scopes`"),
        (r#"{"known":false}"#, "an unknown member \"known\""),
        (r#"{"error":"gone"}"#, "\"error\""),
        (r#"{"id":"ann","active":0}"#, "\"active\""),
        (r#"{"props":[]}"#, "`props` that is not an object"),
        (r#"{"props":{},"scopes":null}"#, "`scopes` that is not a list"),
        (r#"{"scopes":"read"}"#, "`scopes` that is not a list"),
        (r#"{"id":7}"#, "`id` that is not a string"),
        (r#""yes""#, "a string instead of an object"),
        ("1", "a number or a boolean instead of an object"),
        ("[]", "a list instead of an object"),
    ] {
        let (mut way, token) = signed_in(ASKS);
        let (body, _, told) = refresh(&mut way, ASKS, &token, Said::Ok(says.into()), 6);
        assert_eq!((&body["status"], &body["error"]), (&json!(400), &json!("invalid_grant")), "{says}");
        assert!(told.contains(json!(why).to_string().trim_matches('"')), "{says}: {told}");
        // It ends nothing: a better answer counts.
        assert_eq!(refresh(&mut way, ASKS, &token, Said::Ok("true".into()), 7).0["status"], 200, "{says}");
    }
}

#[test]
fn true_is_a_yes_as_at_the_sign_in_whatever_was_said_before() {
    let (mut way, mut token) = signed_in(ASKS);
    let mut scopes = Vec::new();
    let read = r#"{"scopes":["read"]}"#;
    for (at, says) in (6..).zip([read, "true", r#"{"scopes":[]}"#, "true"]) {
        let (body, ..) = refresh(&mut way, ASKS, &token, Said::Ok(says.into()), at);
        scopes.push(body["scope"].as_str().unwrap_or("none").to_owned());
        token = body["refresh_token"].as_str().map_or(token, String::from);
    }
    assert_eq!(scopes, ["read", "read write", "none", "read write"]);
}

#[test]
fn a_client_that_refreshes_again_and_again_has_the_app_asked_five_times_within_a_minute() {
    for says in ["true", r#"{"props":{"a":1}}"#, r#"{"scopes":["read","write"]}"#] {
        let (mut way, mut token) = signed_in(ASKS);
        let mut asked = 0;
        for at in 6..26 {
            let (body, calls, _) = refresh(&mut way, ASKS, &token, Said::Ok(says.into()), at);
            assert_eq!(body["scope"], "read write", "{says}");
            asked += calls.iter().filter(|call| call.starts_with("still-known")).count();
            body["refresh_token"].as_str().unwrap().clone_into(&mut token);
        }
        assert_eq!(asked, 5, "{says}");
    }
}

#[test]
fn an_app_that_has_no_such_function_is_not_asked() {
    let (body, calls, _) = refreshed(r#"{"kind":"app"}"#, Said::Failed("failed"));
    assert_eq!((body["status"].as_u64(), calls), (Some(200), vec!["refresh".to_owned()]));
}

#[test]
fn nothing_is_kept_for_it() {
    let (_, _, mut way) = refreshed(ASKS, Said::Ok("true".into()));
    let (_, (_, rows)) = way.objects.0.iter().find(|(name, _)| name.starts_with("subject:")).unwrap();
    assert!(!rows.contains_key("credential"), "nothing is kept for it");
    let name = way.objects.0.keys().find(|name| name.starts_with("subject:")).unwrap().clone();
    let items = way.objects.ask(&json!({"object": name, "call": "due", "input": {}}), NOW, [3; 32]);
    assert!(matches!(items, Said::Ok(due) if due == r#"{"due":[]}"#), "and nothing goes back anywhere");
}
