//! Rules: all that was granted before ends, of a client, of a person, or of everybody; what is granted later is not concerned.

use mcp_wicket::guard::access::{AccessInput, verify};
use mcp_wicket::oauth::{AuthorizationServer, Request, operator};
use serde_json::{Value as Json, json};

use super::once::{Way, redeeming};
use super::renewing::{Signed, nothing, send_and_tell};
use super::{Ann, Objects, REDIRECT, SITE, form, head, json_of, keys, send, server};
use crate::world::{NOW, Said, World};

const SECRET: &str = "kTQwPpYvN6cZ1xqH0mB8sJ3dUfL5eRgA";

/// Calls what an operator may; gives the answer, and the rules that it has made.
fn operate(objects: &mut Objects, options: Json, call: &Json, now: u64) -> (Json, Vec<Json>) {
    let (server, keys, input) = (server(options), keys(), head("authorize", "GET", json!({})).to_string());
    let server = AuthorizationServer { config: &server, keys: &keys, identity: &Ann, issuer: SITE.into() };
    let (request, call) = (Request::read(&input).unwrap(), call.to_string());
    let mut rules = Vec::new();
    let world = World::new(|effect| {
        if effect["object"] == "revocations" {
            rules.push(effect.clone());
        }
        objects.ask(effect, now, [21; 32])
    });
    let world = world.at(now).with_entropy([21; 32]);
    let ended = world.run(async |flow| operator::serve(flow, &server, &request, &call).await);
    (serde_json::to_value(ended.answer.unwrap()).unwrap(), rules)
}

/// The rules of that call as an isolate knows them.
fn known(made: &[Json]) -> Json {
    let rules = made.iter().filter(|effect| effect["call"] == "rule");
    let rules =
        rules.map(|effect| (effect["input"]["rule"].as_str().unwrap().to_owned(), effect["input"]["before"].clone()));
    Json::Object(rules.collect())
}

fn answer(objects: &mut Objects, endpoint: &str, more: Json, body: &str, now: u64) -> (u64, Json) {
    let options = json!({"resourceServers": {"files": SECRET}});
    let world = World::new(|effect| match effect["call"].as_str() {
        Some("salt") => Said::Ok(r#""salt""#.into()),
        _ => objects.ask(effect, now, [22; 32]),
    });
    let world = world.at(now).with_entropy([22; 32]);
    let ended = send(world, &server(options), &head(endpoint, "POST", more), body);
    let answer = json_of(&ended.answer.unwrap())["answer"].clone();
    (answer["status"].as_u64().unwrap(), serde_json::from_str(answer["body"].as_str().unwrap()).unwrap_or_default())
}

fn refreshing(way: &Way, tokens: &Json) -> String {
    let refresh = tokens["refresh_token"].as_str().unwrap();
    form(&[("grant_type", "refresh_token"), ("client_id", &way.client), ("refresh_token", refresh)])
}

#[test]
fn what_began_before_ends_and_what_began_later_does_not() {
    let mut way = Way::new();
    let tokens = way.tokens();
    let client = way.client.clone();
    // Each call, the time that it is made at, whether it ends the grant, and what the operator is told.
    let (known_client, unknown) = (json!({"known": true}), json!({"known": false}));
    let calls = [
        (json!({"call": "revokeAll"}), NOW + 5, true, json!({"before": NOW + 6})),
        (json!({"call": "revokeBefore", "before": NOW + 1}), NOW + 5, true, json!({"before": NOW + 1})),
        (json!({"call": "revokeBefore", "before": NOW}), NOW + 5, false, json!({"before": NOW})),
        (json!({"call": "revokeClient", "id": client}), NOW + 5, true, known_client.clone()),
        (json!({"call": "revokeClient", "id": "https://other.example/client"}), NOW + 5, false, unknown),
        (json!({"call": "revokeClient", "id": client}), NOW - 5, false, known_client),
        (json!({"call": "revokeGrant", "userId": "1", "grantId": "*"}), NOW + 5, true, json!({"ended": 1})),
        (json!({"call": "revokeGrant", "userId": "2", "grantId": "*"}), NOW + 5, false, json!({"ended": 0})),
    ];
    for (call, at, ends, told) in calls {
        let mut objects = way.objects.clone();
        // Another host name has other objects: the rule has to do it alone.
        let (done, made) = operate(&mut way.objects.clone(), json!({}), &call, at);
        assert_eq!(done, json!({"ok": told}), "{call}");
        let rules = json!({"rules": known(&made)});
        let body = refreshing(&way, &tokens);
        let (status, said) = answer(&mut objects, "token", rules.clone(), &body, NOW + 10);
        let error = if ends { json!("invalid_grant") } else { Json::Null };
        assert_eq!((status, &said["error"]), (if ends { 400 } else { 200 }, &error), "{call} {said}");
        // Once it has ended it stays so, whoever knows the rule.
        let (again, _) = answer(&mut objects, "token", json!({}), &body, NOW + 11);
        assert_eq!(again, status, "{call}");
        let token = tokens["access_token"].as_str().unwrap();
        let asked = form(&[("client_id", "files"), ("client_secret", SECRET), ("token", token)]);
        let (_, said) = answer(&mut way.objects.clone(), "introspect", rules, &asked, NOW + 10);
        assert_eq!(said["active"], !ends, "{call}");
    }
}

#[test]
fn a_code_that_was_given_before_is_good_for_nothing() {
    let mut way = Way::new();
    let code = way.code();
    let (_, made) = operate(&mut way.objects, json!({}), &json!({"call": "revokeAll"}), NOW + 5);
    let body = redeeming(&way.client, &code);
    let (status, said) = answer(&mut way.objects, "token", json!({"rules": known(&made)}), &body, NOW + 10);
    assert_eq!((status, &said["error"]), (400, &json!("invalid_grant")));
    let (status, _) = answer(&mut way.objects, "token", json!({}), &body, NOW + 11);
    assert_eq!(status, 400, "not in an isolate that does not know the rule either");
}

#[test]
fn an_access_token_says_when_its_grant_began_and_which_rules_end_it() {
    let mut way = Way::new();
    let tokens = way.tokens();
    let (server, keys) = (server(json!({})), keys());
    let input =
        json!({"origin": SITE, "authorization": format!("Bearer {}", tokens["access_token"].as_str().unwrap())});
    let input = input.to_string();
    let head = mcp_wicket::json::read::<AccessInput>(&input).unwrap();
    let ended = World::silent().run(async |flow| verify(flow, &server, Some(&keys), &head).await);
    let verified: Json = serde_json::to_value(ended.answer.unwrap()).unwrap();
    assert_eq!(verified["began"], NOW);
    for call in [
        json!({"call": "revokeAll"}),
        json!({"call": "revokeClient", "id": way.client}),
        json!({"call": "revokeGrant", "userId": "1", "grantId": "*"}),
    ] {
        let (_, made) = operate(&mut way.objects.clone(), json!({}), &call, NOW);
        let rules = known(&made);
        let name = rules.as_object().unwrap().keys().next().unwrap().clone();
        assert!(verified["rules"].as_array().unwrap().contains(&json!(name)), "{call}");
        assert!(!name.contains(&way.client) && !name.contains("user:"), "{name} names nobody");
        // Where an issuer is set, its rules are its own.
        let (_, other) = operate(&mut way.objects.clone(), json!({"issuer": "https://other.example"}), &call, NOW);
        assert!(known(&other).get(&name).is_none(), "{call}");
    }
}

#[test]
fn nothing_is_given_out_while_nobody_can_tell_what_has_ended() {
    let mut way = Way::new();
    let tokens = way.tokens();
    let body = refreshing(&way, &tokens);
    let (status, said) = answer(&mut way.objects, "token", json!({"revocationsStale": true}), &body, NOW + 10);
    assert_eq!((status, &said["error"]), (503, &json!("temporarily_unavailable")));
    assert_eq!(answer(&mut way.objects, "token", json!({}), &body, NOW + 11).0, 200);
}

#[test]
fn a_rule_asks_nothing_upstream_and_gives_back_what_it_ends() {
    let mut signed = Signed::new();
    let (_, made) = operate(&mut signed.objects.clone(), json!({}), &json!({"call": "revokeAll"}), NOW + 5);
    let fields = [("grant_type", "refresh_token"), ("client_id", &*signed.client), ("refresh_token", &*signed.refresh)];
    let request = head("token", "POST", json!({"rules": known(&made)}));
    let revoked = |url: &str| {
        if url.contains("/revoke?") { super::renewing::said(200, &json!({})) } else { nothing(url) }
    };
    let (_, calls, told) = send_and_tell(&mut signed.objects, &request, &form(&fields), (NOW + 1000, 6), revoked);
    let expected = ["credential", "refresh", "append", "release", "revoke?first-upstream-token", "settled", "load"];
    assert_eq!(calls, expected);
    assert_eq!(told[0]["reason"], "the operator revoked earlier grants");
}

#[test]
fn a_client_whose_secret_is_rotated_keeps_nothing_of_the_former_one() {
    let mut objects = Objects::default();
    let client = json!({"clientName": "Ours", "redirectUris": [REDIRECT]});
    let (made, _) = operate(&mut objects, json!({}), &json!({"call": "createClient", "client": client}), NOW);
    let id = made["ok"]["clientId"].clone();
    let kept = |objects: &Objects| objects.0[&format!("client:{}", id.as_str().unwrap())].1["client"].clone();
    let before = kept(&objects);
    for (call, has_secret) in [
        (json!({"call": "rotateClientSecret", "id": id}), true),
        (json!({"call": "revokeClientSecret", "id": id}), false),
    ] {
        let (done, rules) = operate(&mut objects, json!({}), &call, NOW + 5);
        assert_eq!(done["ok"]["clientSecret"].is_string(), has_secret);
        assert_ne!(kept(&objects), before);
        assert_eq!(known(&rules).as_object().unwrap().len(), 1, "what was issued under it ends");
    }
    let public = json!({"clientName": "Ours", "redirectUris": [REDIRECT], "tokenEndpointAuthMethod": "none"});
    let (made, _) = operate(&mut objects, json!({}), &json!({"call": "createClient", "client": public}), NOW + 6);
    let (refused, rules) =
        operate(&mut objects, json!({}), &json!({"call": "rotateClientSecret", "id": made["ok"]["clientId"]}), NOW);
    assert!(refused["wrong"]["message"].as_str().unwrap().contains("has no secret") && rules.is_empty());
}
