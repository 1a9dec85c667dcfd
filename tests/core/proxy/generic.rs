//! Any OpenID provider: discovery, ID token and userinfo; and OAuth 2 servers without them.

use mcp_wicket::identity::upstream::UpstreamHandler;
use mcp_wicket::identity::{Identity as _, Person, SignInErrorKind, SignInStart};
use serde_json::{Value as Json, json};

use super::{
    CALLBACK, STATE, begin, continue_sign_in, handler, http, id_token, key_set, nonce, published, seconds, signed, with,
};
use crate::world::{NOW, Said, World};

const ISSUER: &str = "https://id.example/realms/a";

fn metadata() -> Json {
    json!({
        "issuer": ISSUER, "authorization_endpoint": "https://id.example/auth?realm=a", "token_endpoint": "https://id.example/token",
        "userinfo_endpoint": "https://id.example/me", "jwks_uri": "https://id.example/jwks",
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"], "authorization_response_iss_parameter_supported": true,
    })
}

fn generic(config: Json) -> UpstreamHandler {
    handler(with(
        &json!({ "kind": "generic", "issuer": ISSUER, "clientId": "Iv1.client", "clientSecret": "s:3 cret" }),
        &config,
    ))
}

fn discovers(metadata: Json) -> World<'static> {
    World::new(move |effect| match effect["url"].as_str().unwrap() {
        "https://id.example/realms/a/.well-known/openid-configuration" => published(&metadata),
        "https://id.example/.well-known/oauth-authorization-server/realms/a" => Said::Failed("failed"),
        url => panic!("{url}"),
    })
}

fn refused(metadata: Json) -> SignInErrorKind {
    let generic = generic(json!({}));
    let begin = SignInStart { state: STATE, callback: CALLBACK, switch: false };
    discovers(metadata).run(async |flow| generic.begin(flow, &begin).await).answer.unwrap().unwrap_err().kind
}

struct Answers {
    claims: Json,
    token: Json,
    info: Said,
}

fn signed_in(config: Json, query: &str, change: impl FnOnce(&mut Answers)) -> Result<Person, SignInErrorKind> {
    let generic = generic(config);
    let (endpoint, sent, begun) = begin(&generic, discovers(metadata()));
    assert_eq!(endpoint, "https://id.example/auth");
    assert_eq!(sent.get("realm"), Some("a"), "what the endpoint has in its query stays there");
    let mut answers = Answers {
        claims: json!({
            "iss": ISSUER, "aud": "Iv1.client", "sub": "u-1", "nonce": nonce(&begun.kept), "iat": seconds(), "exp": seconds() + 60,
        }),
        token: json!({ "access_token": "at", "token_type": "Bearer", "expires_in": "3600" }),
        info: http(
            200,
            &json!({
                "sub": "u-1", "name": "Ada", "email": "ada@example.com", "email_verified": true, "groups": ["writers"],
            }),
        ),
    };
    change(&mut answers);
    let token = with(&json!({ "id_token": id_token(&answers.claims) }), &answers.token);
    let info = answers.info;
    let ended = continue_sign_in(&generic, &begun.kept, query, |effect| match effect["url"].as_str().unwrap() {
        "https://id.example/token" => {
            // RFC 6749, 2.3.1: both encoded before they are joined, then "s%3A3%20cret".
            let basic = "Basic SXYxLmNsaWVudDpzJTNBMyUyMGNyZXQ=";
            assert!(effect["headers"].as_array().unwrap().contains(&json!(["authorization", basic])), "{effect}");
            assert!(!effect["body"].as_str().unwrap().contains("client_secret"));
            http(200, &token)
        }
        "https://id.example/me" => {
            assert!(effect["headers"].as_array().unwrap().contains(&json!(["authorization", "Bearer at"])));
            info.clone()
        }
        url => panic!("{url}"),
    });
    ended.answer.unwrap().map_err(|denied| denied.kind)
}

const BACK: &str = "code=c0de&iss=https%3A%2F%2Fid.example%2Frealms%2Fa";

#[test]
fn the_metadata_are_asked_for_once_in_ten_minutes() {
    let generic = generic(json!({}));
    let begin = SignInStart { state: STATE, callback: CALLBACK, switch: false };
    let ended = discovers(metadata()).run(async |flow| generic.begin(flow, &begin).await);
    let asked = ended.waits.concat();
    assert_eq!(asked.len(), 1);
    assert_eq!((&asked[0]["kind"], &asked[0]["since"]), (&json!("document"), &json!(NOW - 10 * 60 * 1000)));
    assert_eq!(asked[0]["stale"], json!(NOW - 24 * 3600 * 1000), "and bridge an outage for a day");
    let only_oauth = World::new(|effect| match effect["url"].as_str().unwrap() {
        url if url.contains("oauth-authorization-server") => published(&metadata()),
        _ => Said::Failed("failed"),
    });
    let found = only_oauth.run(async |flow| generic.begin(flow, &begin).await);
    assert!(found.answer.unwrap().is_ok(), "RFC 8414 is enough");
}

#[test]
fn metadata_that_are_not_the_issuers_are_not_used() {
    for wrong in [
        json!({ "issuer": "https://id.example/realms/b" }),
        json!({ "issuer": "https://id.example/realms/a/" }),
        json!({ "issuer": null }),
        json!({ "authorization_endpoint": null }),
        json!({ "authorization_endpoint": "http://id.example/auth" }),
        json!({ "authorization_endpoint": "javascript:alert(1)" }),
        json!({ "token_endpoint": null }),
        json!({ "token_endpoint": "https://x@id.example/token" }),
        json!({ "userinfo_endpoint": "file:///etc/passwd" }),
        json!({ "code_challenge_methods_supported": ["plain"] }),
        json!({ "code_challenge_methods_supported": [] }),
    ] {
        assert_eq!(refused(with(&metadata(), &wrong)), SignInErrorKind::Failed, "{wrong}");
    }
}

#[test]
fn an_outage_is_said_to_be_one() {
    let generic = generic(json!({}));
    let begin = SignInStart { state: STATE, callback: CALLBACK, switch: false };
    for (said, kind) in [
        (Said::Failed("timeout"), SignInErrorKind::Unavailable),
        (Said::Failed("unreachable"), SignInErrorKind::Unavailable),
        (Said::Failed("refused"), SignInErrorKind::Failed),
        (Said::Failed("failed"), SignInErrorKind::Failed),
        (published(&json!("text")), SignInErrorKind::Failed),
    ] {
        let ended = World::new(|_| said.clone()).run(async |flow| generic.begin(flow, &begin).await);
        assert_eq!(ended.answer.unwrap().unwrap_err().kind, kind);
    }
}

#[test]
fn the_person_is_whom_both_name() {
    let person = signed_in(json!({}), BACK, |_| {}).unwrap();
    assert_eq!((person.id.as_str(), person.label.as_str()), ("u-1", "ada@example.com"));
    assert!(!person.credential.unwrap().contains("idToken"), "userinfo tells at a refresh");
    let other = signed_in(json!({}), BACK, |answers| answers.info = http(200, &json!({ "sub": "u-2" })));
    assert_eq!(other.unwrap_err(), SignInErrorKind::Failed, "Core 5.3.2");
    let nobody = signed_in(json!({}), BACK, |answers| answers.info = http(200, &json!({ "name": "Ada" })));
    assert_eq!(nobody.unwrap_err(), SignInErrorKind::Failed);
    let none = signed_in(json!({}), BACK, |answers| answers.token["id_token"] = json!(null));
    assert_eq!(none.unwrap_err(), SignInErrorKind::Failed, "who asks for openid gets an ID token");
    let foreign = signed_in(json!({}), BACK, |answers| answers.claims["iss"] = json!("https://other.example"));
    assert_eq!(foreign.unwrap_err(), SignInErrorKind::Failed);
}

#[test]
fn the_answer_names_its_issuer() {
    for query in ["code=c0de", "code=c0de&iss=", "code=c0de&iss=https%3A%2F%2Fid.example%2Frealms%2Fb"] {
        assert_eq!(signed_in(json!({}), query, |_| {}).unwrap_err(), SignInErrorKind::Failed, "{query}");
    }
}

#[test]
fn rules_on_groups_and_addresses() {
    assert!(signed_in(json!({ "allow": { "groups": ["writers"] } }), BACK, |_| {}).is_ok());
    assert_eq!(
        signed_in(json!({ "allow": { "groups": ["admins"] } }), BACK, |_| {}).unwrap_err(),
        SignInErrorKind::NotAllowed
    );
    let roles = signed_in(json!({ "groupsClaim": "roles", "allow": { "groups": ["r"] } }), BACK, |answers| {
        answers.claims["roles"] = json!("r");
    });
    assert!(roles.is_ok());
    let unverified = signed_in(json!({ "allow": { "emails": ["ada@example.com"] } }), BACK, |answers| {
        answers.info = http(200, &json!({ "sub": "u-1", "email": "ada@example.com" }));
    });
    assert_eq!(unverified.unwrap_err(), SignInErrorKind::NotAllowed);
    let mixed = signed_in(json!({ "allow": { "emails": ["boss@example.com"] } }), BACK, |answers| {
        answers.claims["email_verified"] = json!(true);
        answers.info = http(200, &json!({ "sub": "u-1", "email": "boss@example.com" }));
    });
    assert_eq!(mixed.unwrap_err(), SignInErrorKind::NotAllowed, "one source's word does not verify another's address");
}

#[test]
fn without_discovery_userinfo_says_who_it_is() {
    let endpoints = json!({
        "authorization": "https://old.example/authorize", "token": "https://old.example/token", "userinfo": "https://old.example/me",
        "auth": "post",
    });
    let config = json!({ "issuer": null, "endpoints": endpoints, "subject": "id", "scopes": ["read"] });
    let old = generic(config);
    let (endpoint, query, begun) = begin(&old, World::silent());
    assert_eq!(endpoint, "https://old.example/authorize");
    assert_eq!((query.get("scope"), query.get("nonce")), (Some("read"), None));
    let run = |info: Json| {
        let ended = continue_sign_in(&old, &begun.kept, "code=c0de", |effect| match effect["url"].as_str().unwrap() {
            "https://old.example/token" => {
                assert!(effect["body"].as_str().unwrap().contains("client_secret=s%3A3%20cret"));
                http(200, &json!({ "access_token": "at", "token_type": "bearer", "id_token": "not.looked.at" }))
            }
            _ => http(200, &info),
        });
        ended.answer.unwrap().map(|person| person.id).map_err(|denied| denied.kind)
    };
    assert_eq!(run(json!({ "id": 77, "name": "Ada" })), Ok("77".into()));
    assert_eq!(run(json!({ "id": "ada" })), Ok("ada".into()));
    for id in [json!(null), json!(""), json!(1.5), json!(true), json!({}), json!("x".repeat(256))] {
        assert_eq!(run(json!({ "id": id })), Err(SignInErrorKind::Failed), "{id}");
    }
}

/// A refresh at a provider without userinfo, with `token` as the answer to the refresh token.
fn without_userinfo(config: Json, kept: &Json, token: &Json, now: u64) -> Result<Option<Person>, SignInErrorKind> {
    let generic = generic(config);
    let say = |effect: &Json| match effect["url"].as_str().unwrap_or_default() {
        url if url.ends_with("/openid-configuration") => {
            published(&with(&metadata(), &json!({"userinfo_endpoint": null})))
        }
        "https://id.example/jwks" => published(&key_set(&[json!({})])),
        "https://id.example/token" => http(200, token),
        _ => Said::Ok("true".into()),
    };
    let kept = kept.to_string();
    let fresh = if token.is_null() {
        kept
    } else {
        World::new(say).at(now).run(async |flow| generic.refresh(flow, &kept).await).answer.unwrap().unwrap()
    };
    // Long after the ID token has ended: what it said is remembered.
    let later = now + 50 * 60 * 1000;
    let renewed = World::new(say).at(later).run(async |flow| generic.renew(flow, &fresh).await).answer.unwrap();
    renewed.map_err(|denied| denied.kind)
}

#[test]
fn where_only_an_id_token_says_who_it_is_what_it_said_is_kept_and_the_rules_are_asked_each_time() {
    let claims = |groups: Json| json!({ "iss": ISSUER, "aud": "Iv1.client", "sub": "u-1", "groups": groups, "iat": seconds(), "exp": seconds() + 60 });
    let answer = |groups: Json| {
        let token = json!({ "access_token": "at", "token_type": "Bearer", "expires_in": 5400, "refresh_token": "s" });
        with(&token, &json!({ "id_token": id_token(&claims(groups)) }))
    };
    let profile = json!({ "sub": "u-1", "emails": [], "orgs": [], "groups": ["writers"] });
    let kept = json!({ "access": "a", "refresh": "r", "expires": NOW, "scopes": [], "profile": profile });
    let rule = json!({ "allow": { "groups": ["writers"] } });
    let id = |person: Result<Option<Person>, SignInErrorKind>| person.map(|person| person.unwrap().id);
    assert_eq!(id(without_userinfo(rule.clone(), &kept, &answer(json!(["writers"])), NOW)), Ok("u-1".into()));
    let removed = without_userinfo(rule.clone(), &kept, &answer(json!([])), NOW);
    assert_eq!(id(removed), Err(SignInErrorKind::NotAllowed), "who left the group is out");
    // Core 12.2: a refresh need not bring an ID token.
    let silent = with(&answer(json!([])), &json!({ "id_token": null }));
    assert_eq!(id(without_userinfo(rule.clone(), &kept, &silent, NOW)), Ok("u-1".into()));
    // Before the first refresh at the provider, the rules are asked as well.
    let young = with(&kept, &json!({ "expires": NOW + 90 * 60 * 1000 }));
    assert_eq!(id(without_userinfo(rule.clone(), &young, &json!(null), NOW)), Ok("u-1".into()));
    let stricter = json!({ "allow": { "groups": ["admins"] } });
    assert_eq!(id(without_userinfo(stricter, &young, &json!(null), NOW)), Err(SignInErrorKind::NotAllowed));
    // Nobody can be asked without a refresh token: what was said counts for a minute, whatever the access token is good for.
    let over = with(&kept, &json!({ "refresh": null }));
    assert_eq!(id(without_userinfo(rule.clone(), &over, &json!(null), NOW)), Err(SignInErrorKind::Refused));
    for expires in [json!(null), json!(NOW + 90 * 60 * 1000)] {
        let old = with(&over, &json!({ "expires": expires, "said": NOW }));
        assert_eq!(
            id(without_userinfo(rule.clone(), &old, &json!(null), NOW)),
            Err(SignInErrorKind::Refused),
            "{expires}"
        );
        let just_said = with(&old, &json!({ "said": NOW + 50 * 60 * 1000 - 59_999 }));
        assert_eq!(id(without_userinfo(rule.clone(), &just_said, &json!(null), NOW)), Ok("u-1".into()), "{expires}");
    }
}

#[test]
fn an_id_token_that_cannot_be_checked_now_is_checked_when_it_is_needed() {
    let generic = generic(json!({}));
    let metadata = with(&metadata(), &json!({ "userinfo_endpoint": null }));
    let claims = json!({ "iss": ISSUER, "aud": "Iv1.client", "sub": "u-1", "iat": seconds(), "exp": seconds() + 60 });
    let token =
        json!({ "access_token": "b", "token_type": "Bearer", "expires_in": 5400, "id_token": id_token(&claims) });
    let kept = json!({ "access": "a", "refresh": "r", "expires": NOW, "scopes": [] }).to_string();
    let discovered = |effect: &Json| effect["url"].as_str().unwrap_or_default().ends_with("/openid-configuration");
    let fresh = World::new(|effect| match effect["url"].as_str().unwrap_or_default() {
        _ if discovered(effect) => published(&metadata),
        "https://id.example/token" => http(200, &token),
        _ => Said::Failed("timeout"),
    });
    let fresh = fresh.run(async |flow| generic.refresh(flow, &kept).await).answer.unwrap().unwrap();
    assert!(fresh.contains("\"access\":\"b\""), "the tokens are not lost: {fresh}");
    let renew = |said: Said| {
        let keys = signed(|_| published(&metadata));
        let mut keys = keys;
        let world = World::new(|effect| match effect["url"].as_str().unwrap_or_default() {
            _ if discovered(effect) => published(&metadata),
            "https://id.example/jwks" => said.clone(),
            _ => keys(effect),
        });
        let renewed =
            world.at(NOW + 50 * 60 * 1000).run(async |flow| generic.renew(flow, &fresh).await).answer.unwrap();
        renewed.map(|person| person.unwrap().id).map_err(|denied| denied.kind)
    };
    assert_eq!(renew(Said::Failed("timeout")), Err(SignInErrorKind::Unavailable));
    assert_eq!(renew(published(&key_set(&[json!({})]))), Ok("u-1".into()), "it was in time when it came");
}

#[test]
fn what_the_provider_says_of_the_person_reaches_the_props_and_the_rules() {
    let info = json!({ "sub": "u-1", "preferred_username": "ada", "name": "Ada", "picture": "https://id.example/a",
                       "email": "ada@example.com", "email_verified": true });
    let person = signed_in(json!({}), BACK, |answers| answers.info = http(200, &info)).unwrap();
    let props: Json = serde_json::from_str(&person.props).unwrap();
    for (name, value) in [
        ("sub", "u-1"),
        ("login", "ada"),
        ("name", "Ada"),
        ("email", "ada@example.com"),
        ("picture", "https://id.example/a"),
    ] {
        assert_eq!(props[name], value, "{name}");
    }
    for (domain, is_in) in [("example.com", true), ("example.org", false)] {
        let config = json!({ "allow": { "domains": [domain] } });
        let came = signed_in(config, BACK, |answers| answers.info = http(200, &info));
        assert_eq!(came.is_ok(), is_in, "{domain}");
    }
}
