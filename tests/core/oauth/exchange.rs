//! The token endpoint: who the client is, and what it has to show for a code (RFC 6749 §2.3.1 and §4.1.3, RFC 7636 §4.6).

use mcp_wicket::crypto::{base64, encode, sha256};
use serde_json::{Value as Json, json};

use super::asked::ask;
use super::once::{Way, redeeming};
use super::{Objects, REDIRECT, VERIFIER, form, head, operator::operate};
use crate::world::NOW;

fn token(objects: &Objects, more: &Json, body: &str, now: u64) -> (u64, Json, String) {
    let reply = ask(&mut objects.clone(), &json!({}), &head("token", "POST", more.clone()), body, now);
    let answer = &reply["answer"];
    let said = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    (answer["status"].as_u64().unwrap(), said, answer["headers"].to_string())
}

/// A code for a challenge.
fn code(way: &mut Way, verifier: &str) -> String {
    let query = super::authorize_query(&way.client).replace(&super::challenge(), &encode(&sha256(verifier.as_bytes())));
    let (parsed, _) = operate(&mut way.objects, &json!({}), &query, &json!({"call": "parseAuthRequest"}));
    let call = json!({"call": "completeAuthorization", "request": parsed["ok"], "userId": "7", "scope": ["read"]});
    let (done, _) = operate(&mut way.objects, &json!({}), "", &call);
    let to = done["ok"]["redirectTo"].as_str().unwrap_or_else(|| panic!("{parsed} {done}")).to_owned();
    to.split_once("code=").unwrap().1.split('&').next().unwrap().to_owned()
}

fn with(body: &str, name: &str, value: &str) -> String {
    let mut pairs =
        body.split('&').filter(|pair| !pair.starts_with(&format!("{name}="))).map(String::from).collect::<Vec<_>>();
    if value != "-" {
        pairs.push(form(&[(name, value)]));
    }
    pairs.join("&")
}

#[test]
fn a_verifier_has_43_to_128_characters_of_those_that_it_may_have_and_fits() {
    let mut way = Way::new();
    let (shortest, longest) = ("a".repeat(43), "aZ09-._~".repeat(16));
    for verifier in [shortest.as_str(), longest.as_str(), VERIFIER] {
        let code = code(&mut way, verifier);
        let body = with(&redeeming(&way.client, &code), "code_verifier", verifier);
        assert_eq!(token(&way.objects, &json!({}), &body, NOW).0, 200, "{verifier}");
    }
    // The challenge is that of the verifier each time: only its form is wrong.
    let (shorter, longer) = ("a".repeat(42), "a".repeat(129));
    for verifier in [shorter, longer, format!("{shortest}+"), format!("{shortest}é"), format!("{shortest} ")] {
        let code = code(&mut way, &verifier);
        let body = with(&redeeming(&way.client, &code), "code_verifier", &verifier);
        let (status, said, _) = token(&way.objects, &json!({}), &body, NOW);
        assert_eq!((status, &said["error"]), (400, &json!("invalid_grant")), "{verifier}");
    }
    let code = code(&mut way, VERIFIER);
    let body = redeeming(&way.client, &code);
    // The challenge itself, and what is the verifier but for one character.
    for other in [super::challenge(), VERIFIER.replace("code", "Code"), format!("{VERIFIER}a")] {
        assert_eq!(
            token(&way.objects, &json!({}), &with(&body, "code_verifier", &other), NOW).1["error"],
            "invalid_grant"
        );
    }
    let (status, said, _) = token(&way.objects, &json!({}), &with(&body, "code_verifier", "-"), NOW);
    assert_eq!((status, &said["error"]), (400, &json!("invalid_request")), "RFC 7636 §4.5");
}

#[test]
fn five_wrong_verifiers_spend_a_code() {
    let mut way = Way::new();
    let code = code(&mut way, VERIFIER);
    let (good, wrong) =
        (redeeming(&way.client, &code), with(&redeeming(&way.client, &code), "code_verifier", &"b".repeat(43)));
    let wrongs = |count: usize| {
        let mut objects = way.objects.clone();
        for _ in 0..count {
            let reply = ask(&mut objects, &json!({}), &head("token", "POST", json!({})), &wrong, NOW);
            assert_eq!(reply["answer"]["status"], 400);
        }
        ask(&mut objects, &json!({"limits": {"token": 1000}}), &head("token", "POST", json!({})), &good, NOW)["answer"]
            ["status"]
            .clone()
    };
    assert_eq!(wrongs(4), 200);
    assert_eq!(wrongs(5), 400);
}

#[test]
fn a_code_is_for_its_client_its_redirect_uri_and_its_resource_and_is_over_after_five_minutes() {
    let mut way = Way::new();
    let code = code(&mut way, VERIFIER);
    let body = redeeming(&way.client, &code);
    for (name, value) in [
        ("redirect_uri", "-"),
        ("redirect_uri", REDIRECT),
        ("resource", "https://mcp.example.com"),
        ("resource", "https://mcp.example.com/mcp"),
    ] {
        assert_eq!(token(&way.objects, &json!({}), &with(&body, name, value), NOW).0, 200, "{name}={value}");
    }
    for (name, value, error) in [
        ("redirect_uri", "https://client.example/cb2", "invalid_grant"),
        ("resource", "https://other.example", "invalid_target"),
        ("code", "AAAA", "invalid_grant"),
        ("code", "-", "invalid_request"),
        ("grant_type", "-", "invalid_request"),
        ("grant_type", "password", "unsupported_grant_type"),
        ("grant_type", "client_credentials", "unauthorized_client"),
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange", "unauthorized_client"),
    ] {
        assert_eq!(token(&way.objects, &json!({}), &with(&body, name, value), NOW).1["error"], error, "{name}={value}");
    }
    // OAuth 2.1 §4.1.3: no code lives longer than ten minutes; ours five.
    assert_eq!(token(&way.objects, &json!({}), &body, NOW + 299_999).0, 200);
    assert_eq!(token(&way.objects, &json!({}), &body, NOW + 300_000).1["error"], "invalid_grant");
}

#[test]
fn a_client_authenticates_once_and_in_one_way() {
    let mut objects = Objects::default();
    let client =
        json!({"clientName": "Mine", "redirectUris": [REDIRECT], "tokenEndpointAuthMethod": "client_secret_basic"});
    let (made, _) = operate(&mut objects, &json!({}), "", &json!({"call": "createClient", "client": client}));
    let (id, secret) =
        (made["ok"]["clientId"].as_str().unwrap().to_owned(), made["ok"]["clientSecret"].as_str().unwrap().to_owned());
    let mut way = Way::new();
    way.objects = objects;
    way.client.clone_from(&id);
    let code = code(&mut way, VERIFIER);
    let body = redeeming(&id, &code);
    let header = |text: &str| json!({"authorization": text});
    let basic = |id: &str, secret: &str| format!("Basic {}", base64::encode(format!("{id}:{secret}").as_bytes()));
    let good = basic(&id, &secret);
    let escaped = basic(&id.replace('_', "%5F"), &secret);
    for (more, body) in [
        (header(&good), body.clone()),
        (header(&good), with(&body, "client_id", "-")),
        (header(&good.replace("Basic ", "basic  ")), body.clone()),
        (header(&escaped), body.clone()),
        (json!({}), with(&body, "client_secret", &secret)),
    ] {
        assert_eq!(token(&way.objects, &more, &body, NOW).0, 200, "{more} {body}");
    }
    for (more, body, status, error) in [
        (json!({}), body.clone(), 401, "invalid_client"),
        (json!({}), with(&body, "client_secret", "x"), 401, "invalid_client"),
        (json!({}), with(&body, "client_secret", ""), 401, "invalid_client"),
        (json!({}), with(&body, "client_id", "-"), 401, "invalid_client"),
        (header(&basic(&id, "x")), body.clone(), 401, "invalid_client"),
        (header(&basic(&id, "")), body.clone(), 401, "invalid_client"),
        (header(&basic("", &secret)), body.clone(), 401, "invalid_client"),
        (header(&good.replace("Basic", "Bearer")), body.clone(), 401, "invalid_client"),
        (header("Basic"), body.clone(), 401, "invalid_client"),
        (header("Basic !!!!"), body.clone(), 401, "invalid_client"),
        (header(&format!("Basic {}", base64::encode(id.as_bytes()))), body.clone(), 401, "invalid_client"),
        (header(&basic(&id, "%zz")), body.clone(), 401, "invalid_client"),
        (header(&good), with(&body, "client_secret", &secret), 400, "invalid_request"),
        (header(&good), with(&body, "client_id", "other"), 400, "invalid_request"),
        (header(&good), format!("{body}&code={code}"), 400, "invalid_request"),
        (json!({"contentType": "application/json"}), body.clone(), 400, "invalid_request"),
        (json!({"contentType": "text/plain"}), body.clone(), 400, "invalid_request"),
        (json!({"unread": true}), body.clone(), 400, "invalid_request"),
    ] {
        let (is, said, headers) = token(&way.objects, &more, &body, NOW);
        assert_eq!((is, said["error"].as_str()), (status, Some(error)), "{more} {body}: {said}");
        let challenged = more["authorization"].is_string() && status == 401;
        assert_eq!(headers.contains("www-authenticate"), challenged, "RFC 6749 §5.2: {more} {headers}");
    }
    let charset = json!({"contentType": "Application/X-WWW-form-urlencoded; charset=UTF-8", "authorization": good});
    assert_eq!(token(&way.objects, &charset, &body, NOW).0, 200);
}

#[test]
fn a_client_without_a_secret_that_shows_one_is_none() {
    let mut way = Way::new();
    let code = code(&mut way, VERIFIER);
    let body = redeeming(&way.client, &code);
    assert_eq!(token(&way.objects, &json!({}), &with(&body, "client_secret", "x"), NOW).1["error"], "invalid_client");
    // One that nobody knows any more is told so, so that it registers again.
    for code in [code.as_str(), "AAAA"] {
        let body = redeeming(&format!("c_{}", "x".repeat(32)), code);
        assert_eq!(token(&way.objects, &json!({}), &body, NOW).1["error"], "invalid_client", "{code}");
    }
    let other = super::registered_as(&mut way.objects, "https://other.example/cb");
    assert_eq!(token(&way.objects, &json!({}), &redeeming(&other, &code), NOW).1["error"], "invalid_grant");
}

/// A grant that is ended by its client, with the token that it has.
#[test]
fn a_token_is_revoked_by_its_own_client_only() {
    let mut way = Way::new();
    let tokens = way.tokens();
    let other = super::registered_as(&mut way.objects, "https://other.example/cb");
    let revoke = |objects: &mut Objects, pairs: &[(&str, &str)]| {
        let reply = ask(objects, &json!({}), &head("revoke", "POST", json!({})), &form(pairs), NOW);
        let body = reply["answer"]["body"].as_str().map(|body| serde_json::from_str::<Json>(body).unwrap());
        (reply["answer"]["status"].as_u64().unwrap(), body.map_or(Json::Null, |body| body["error"].clone()))
    };
    let refresh = |objects: &Objects| {
        let token_of = tokens["refresh_token"].as_str().unwrap();
        let body = form(&[("grant_type", "refresh_token"), ("client_id", &way.client), ("refresh_token", token_of)]);
        token(objects, &json!({}), &body, NOW).0
    };
    for kind in ["access_token", "refresh_token"] {
        let shown = tokens[kind].as_str().unwrap();
        let mut objects = way.objects.clone();
        assert_eq!(revoke(&mut objects, &[("client_id", &other), ("token", shown)]), (400, json!("invalid_request")));
        let secret = [("client_id", way.client.as_str()), ("client_secret", "x"), ("token", shown)];
        assert_eq!(revoke(&mut objects, &secret), (401, json!("invalid_client")));
        assert_eq!(revoke(&mut objects, &[("client_id", &way.client)]), (400, json!("invalid_request")));
        // RFC 7009 §2.2: what is no token of ours is none, and that is what was wanted.
        assert_eq!(revoke(&mut objects, &[("client_id", &way.client), ("token", "x")]), (200, Json::Null));
        assert_eq!(refresh(&objects), 200);
        assert_eq!(revoke(&mut objects, &[("client_id", &way.client), ("token", shown)]), (200, Json::Null));
        assert_eq!(refresh(&objects), 400);
        assert_eq!(revoke(&mut objects, &[("client_id", &way.client), ("token", shown)]), (200, Json::Null), "again");
    }
}

#[test]
fn what_the_person_grants_does_not_count_against_the_client() {
    let mut way = Way::new();
    let code = code(&mut way, VERIFIER);
    let (body, once) = (redeeming(&way.client, &code), json!({"limits": {"token": 1}}));
    let request = head("token", "POST", json!({}));
    assert_eq!(ask(&mut way.objects, &once, &request, &body, NOW)["answer"]["status"], 200);
    assert_eq!(
        ask(&mut way.objects, &once, &request, &body, NOW)["answer"]["status"],
        429,
        "the second within a minute"
    );
}

#[test]
fn nobody_is_told_to_register_again_because_the_storage_is_silent() {
    use crate::world::{Said, World};
    let mut way = Way::new();
    let code = code(&mut way, VERIFIER);
    for (code, status) in [("AAAA", 503), (code.as_str(), 400)] {
        // Of a code of ours, its object has said already that it is good for nothing.
        let body = with(&redeeming(&way.client, code), "code_verifier", &"b".repeat(43));
        let world = World::new(|effect| {
            if effect["call"] == "load" { Said::Failed("timeout") } else { way.objects.ask(effect, NOW, [42; 32]) }
        });
        let request = head("token", "POST", json!({}));
        let ended = super::send(world.with_entropy([42; 32]), &super::server(json!({})), &request, &body);
        assert_eq!(super::json_of(&ended.answer.unwrap())["answer"]["status"], status, "{code}");
    }
}
