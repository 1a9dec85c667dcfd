//! Where keys and endpoints are found, and what is asked about a signature (OpenID Connect Discovery 1.0 §4, RFC 8414 §3).

use mcp_wicket::flow::Commit;
use mcp_wicket::guard::bearer::{Caller, Count, RateLimitInput, Refusal, Rejection, Verification, count};
use mcp_wicket::guard::jwt::{Options, VerifierInput, signature_only};
use mcp_wicket::guard::verifier::Verifier;
use mcp_wicket::http::discovery;
use mcp_wicket::http::well_known::of_issuer;
use mcp_wicket::json::{Object, read, write};
use serde_json::{Value, json};

use super::{joined, part};
use crate::world::{Ended, NOW, Said, World};

const ISSUER: &str = "https://issuer.example/tenant";
const METADATA: [&str; 2] = [
    "https://issuer.example/tenant/.well-known/openid-configuration",
    "https://issuer.example/.well-known/oauth-authorization-server/tenant",
];

fn key(kid: &str) -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": kid})
}

fn token() -> String {
    let claims = json!({"iss": ISSUER, "aud": "me", "sub": "ann", "exp": NOW / 1000 + 900});
    [part(r#"{"alg":"EdDSA","kid":"a"}"#), part(&claims.to_string()), part(&"s".repeat(64))].join(".")
}

fn verify(options: &Value, input: &Value, say: impl FnMut(&Value) -> Said) -> Ended<Verification> {
    let options = joined(json!({"issuer": [ISSUER], "audience": ["me"]}), options).to_string();
    let (verifier, input) = (Verifier::read(&options).unwrap(), joined(json!({"token": token()}), input).to_string());
    let request = VerifierInput::read(&input, "").unwrap();
    World::new(say).run(async |flow| verifier.verify(flow, &request).await)
}

fn document(body: &Value) -> Said {
    Said::Ok(json!({"at": NOW, "body": body.to_string()}).to_string())
}

fn asked(ended: &Ended<Verification>) -> Vec<&str> {
    ended.waits.iter().flatten().filter_map(|effect| effect["url"].as_str()).collect()
}

fn is_caller(ended: &Ended<Verification>) -> bool {
    matches!(ended.answer, Ok(Verification::Caller(_)))
}

#[test]
fn metadata_is_looked_for_where_both_standards_put_it() {
    assert_eq!(of_issuer(ISSUER), METADATA);
    assert_eq!(
        of_issuer("https://issuer.example/"),
        [
            "https://issuer.example/.well-known/openid-configuration",
            "https://issuer.example/.well-known/oauth-authorization-server",
        ]
    );
}

#[test]
fn the_keys_of_an_issuer_are_where_its_own_metadata_says() {
    let keys = json!({"keys": [key("a")]});
    let say = |first: Value, second: Value| {
        let keys = keys.clone();
        verify(&json!({}), &json!({}), move |effect| match effect["url"].as_str() {
            Some(url) if url == METADATA[0] => document(&first),
            Some(url) if url == METADATA[1] => document(&second),
            Some("https://issuer.example/keys") => document(&keys),
            Some(url) => panic!("{url} is not asked"),
            None => Said::Ok("true".into()),
        })
    };
    let good = json!({"issuer": ISSUER, "jwks_uri": "https://issuer.example/keys"});
    let found = say(good.clone(), json!({}));
    assert_eq!((is_caller(&found), asked(&found)), (true, vec![METADATA[0], "https://issuer.example/keys"]));
    let Commit::Remember(remember) = &found.commits[0] else { panic!("{:?}", found.commits) };
    assert_eq!(remember.url, "https://issuer.example/keys");
    assert_eq!(asked(&say(json!({}), good.clone())), [METADATA[0], METADATA[1], "https://issuer.example/keys"]);
    let mut odd = good.clone();
    odd["userinfo_endpoint"] = json!(1);
    odd["token_endpoint_auth_methods_supported"] = json!("none");
    assert!(is_caller(&say(odd, json!({}))), "what is not needed may have any type");
    for wrong in [
        json!({"issuer": "https://issuer.example", "jwks_uri": "https://issuer.example/keys"}),
        json!({"jwks_uri": "https://issuer.example/keys"}),
        json!({"issuer": ISSUER, "jwks_uri": "http://issuer.example/keys"}),
        json!({"issuer": ISSUER, "jwks_uri": 1}),
        json!([]),
    ] {
        let none = say(wrong.clone(), json!({}));
        assert_eq!(asked(&none), METADATA, "{wrong}");
        assert!(
            matches!(none.answer, Ok(Verification::Refused(Rejection { refused: Refusal::Unavailable, .. }))),
            "{wrong}"
        );
    }
}

#[test]
fn where_keys_were_found_before_is_asked_first() {
    let kept = json!({"keys": {"url": "https://issuer.example/before", "tried": 0}});
    let known = verify(&json!({}), &kept, |effect| match effect["url"].as_str() {
        Some(_) => document(&json!({"keys": [key("a")]})),
        None => Said::Ok("true".into()),
    });
    assert_eq!((is_caller(&known), asked(&known)), (true, vec!["https://issuer.example/before"]));
    let moved = verify(&json!({}), &kept, |_| Said::Failed("unreachable"));
    assert_eq!(asked(&moved), ["https://issuer.example/before", METADATA[0], METADATA[1]]);
    let empty = verify(&json!({}), &json!({"keys": {"url": "", "tried": 0}}), |_| Said::Failed("unreachable"));
    assert_eq!(asked(&empty), METADATA);
}

#[test]
fn what_keys_vouch_for_is_remembered_no_longer_than_they_are_fresh() {
    for (age, seconds) in [(60, 60), (299, 299), (600, 300)] {
        let found =
            verify(&json!({"jwksUri": "https://issuer.example/keys", "keysMaxAge": age}), &json!({}), |effect| {
                if effect["url"].is_string() { document(&json!({"keys": [key("a")]})) } else { Said::Ok("true".into()) }
            });
        let Ok(Verification::Caller(caller)) = found.answer else { panic!("{:?}", found.answer) };
        assert_eq!(caller.until, NOW + seconds * 1000, "{age}");
    }
}

#[test]
fn urls_that_may_be_fetched_are_https_or_on_this_machine() {
    for good in [
        "https://a.example/keys",
        "http://localhost",
        "http://localhost:8787/x",
        "http://127.0.0.1/x",
        "http://[::1]:1/",
    ] {
        assert!(discovery::may_be_fetched(good), "{good}");
    }
    for wrong in [
        "http://a.example",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "ftp://a.example",
        "localhost",
        "",
    ] {
        assert!(!discovery::may_be_fetched(wrong), "{wrong}");
    }
}

/// A key that the shim holds is not sent again: only its name, and where in the header the token is.
#[test]
fn of_a_key_that_is_at_hand_only_the_places_of_the_token_cross() {
    let options = json!({"keys": [key("a")]});
    let name = {
        let shown = verify(&options, &json!({}), |_| Said::Ok("true".into()));
        let effect = &shown.waits[0][0];
        assert_eq!(effect["kind"], "verify");
        effect["name"].as_str().unwrap().to_owned()
    };
    let token = token();
    let dot = token.rfind('.').unwrap();
    let bearer = format!("Bearer {token} \t");
    for (input, holds, from) in [
        (json!({"token": token}), format!("x {name} y"), Some(0)),
        (json!({"token": "-", "authorization": bearer}), name.clone(), Some(7)),
        (json!({"token": token}), String::new(), None),
        (json!({"token": token}), format!("{name}x"), None),
    ] {
        let mut input = input.clone();
        input["holds"] = holds.clone().into();
        let ended = verify(&options, &input, |_| Said::Ok("true".into()));
        let effect = &ended.waits[0][0];
        assert!(is_caller(&ended), "{input}");
        let Some(from) = from else {
            assert_eq!(effect["kind"], "verify", "{holds}");
            continue;
        };
        assert_eq!((&effect["kind"], &effect["name"]), (&json!("verify-shown"), &json!(name)));
        let places = ["from", "dot", "to"].map(|place| effect[place].as_u64().unwrap());
        assert_eq!(places, [from, from + dot as u64, from + token.len() as u64]);
    }
}

#[test]
fn a_signature_alone_says_what_was_signed() {
    let options = json!({"issuer": ["x"], "audience": ["x"], "keys": [key("a")]}).to_string();
    let options = Options::read(&Object::read(&options).unwrap()).unwrap();
    let checked = |said: &str| {
        let world = World::new(|_| Said::Ok(said.into()));
        world.run(async |flow| signature_only(flow, &token(), &options).await).answer.unwrap()
    };
    assert_eq!(checked("true").unwrap(), token().split('.').nth(1).unwrap());
    assert!(checked("false").is_err());
}

fn introspected(options: &Value, input: &Value, say: impl FnMut(&Value) -> Said) -> Ended<Verification> {
    let introspection = json!({"kind": "introspection", "clientId": "a", "clientSecret": "s", "endpoint": "https://issuer.example/introspect"});
    verify(&joined(introspection, options), input, say)
}

fn active(options: &Value, more: &Value) -> Result<Caller, Verification> {
    let answer = joined(json!({"active": true, "aud": "me", "sub": "ann"}), more);
    let said = Said::Ok(json!({"status": 200, "body": answer.to_string()}).to_string());
    match introspected(options, &json!({}), |_| said.clone()).answer.unwrap() {
        Verification::Caller(caller) => Ok(caller),
        other @ Verification::Refused(_) => Err(other),
    }
}

#[test]
fn the_introspection_endpoint_is_where_the_issuers_metadata_says() {
    let found = introspected(&json!({"endpoint": "-"}), &json!({}), |effect| match effect["url"].as_str() {
        Some(url) if url == METADATA[0] => {
            document(&json!({"issuer": ISSUER, "introspection_endpoint": "https://issuer.example/i"}))
        }
        Some("https://issuer.example/i") => {
            Said::Ok(json!({"status": 200, "body": r#"{"active":true,"aud":"me","sub":"a"}"#}).to_string())
        }
        other => panic!("{other:?}"),
    });
    let Commit::Remember(remember) = &found.commits[0] else { panic!("{:?}", found.commits) };
    assert_eq!((is_caller(&found), remember.url.as_str()), (true, "https://issuer.example/i"));
    let kept = json!({"keys": {"url": "https://issuer.example/known", "tried": 0}});
    let known = introspected(&json!({"endpoint": "-"}), &kept, |_| Said::Failed("timeout"));
    assert_eq!(asked(&known), ["https://issuer.example/known"]);
    let empty =
        introspected(&json!({"endpoint": "-"}), &json!({"keys": {"url": "", "tried": 0}}), |_| Said::Failed("timeout"));
    assert_eq!(asked(&empty), METADATA);
    for (options, words) in [
        (json!({"endpoint": "-", "issuer": ["https://a.example", "https://b.example"]}), "Set `endpoint`"),
        (json!({"endpoint": "-", "issuer": ["a"]}), "Set `endpoint`"),
    ] {
        let whole = joined(
            json!({"kind": "introspection", "audience": ["me"], "clientId": "a", "clientSecret": "s"}),
            &options,
        );
        assert!(Verifier::read(&whole.to_string()).unwrap_err().starts_with(words), "{options}");
    }
}

#[test]
fn an_active_token_is_for_us_and_no_refresh_token() {
    let none = json!({});
    assert_eq!(
        active(&none, &none).unwrap().principal,
        "user:https%3A//issuer.example/tenant:ann",
        "the issuer is ours"
    );
    for kind in ["Bearer", "bearer", "access_token"] {
        assert!(active(&none, &json!({"token_type": kind})).is_ok(), "{kind}");
    }
    for wrong in [
        json!({"token_type": "refresh_token"}),
        json!({"token_type": "N_A"}),
        json!({"aud": "you"}),
        json!({"aud": "-"}),
        json!({"iss": "https://other.example"}),
        json!({"exp": NOW / 1000 - 60}),
        json!({"nbf": NOW / 1000 + 61}),
        json!({"cnf": {}}),
    ] {
        assert!(
            matches!(active(&none, &wrong), Err(Verification::Refused(Rejection { refused: Refusal::Token, until: Some(until), .. })) if until == NOW + 10_000),
            "{wrong}"
        );
    }
    // Where no audience is named, only what calls itself an access token is one.
    let open = json!({"requireAud": false});
    assert!(active(&open, &json!({"aud": "-", "token_type": "Bearer"})).is_ok());
    assert!(active(&open, &json!({"aud": "-"})).is_err());
    assert!(active(&open, &json!({"aud": "you", "token_type": "Bearer"})).is_err());
    for (said, status) in
        [("{}", 200), (r#"{"active":"true"}"#, 200), (r#"{"active":1}"#, 200), ("x", 200), ("{}", 401), ("{}", 500)]
    {
        let said = Said::Ok(json!({"status": status, "body": said}).to_string());
        let found = introspected(&none, &none, |_| said.clone()).answer.unwrap();
        assert!(matches!(found, Verification::Refused(Rejection { refused: Refusal::Unavailable, .. })), "{said:?}");
    }
}

#[test]
fn a_token_that_is_too_long_is_asked_about_nowhere() {
    for (token, is_asked) in [("a".repeat(16 * 1024), true), ("a".repeat(16 * 1024 + 1), false), (String::new(), false)]
    {
        let ended = introspected(&json!({}), &json!({"token": token}), |_| Said::Failed("timeout"));
        assert_eq!(!ended.waits.is_empty(), is_asked, "{}", token.len());
    }
}

#[test]
fn a_caller_is_counted_by_name_and_a_stranger_by_network() {
    let counted = |input: &Value, count_of: u64| {
        let counted = read::<RateLimitInput>(&input.to_string()).unwrap();
        let world = World::new(|_| Said::Ok(json!([count_of]).to_string()));
        let ended = world.run(async |flow| count(flow, &counted).await);
        let key = ended.waits.concat().first().map(|effect| effect["limits"].to_string());
        (ended.answer.unwrap(), key)
    };
    let call = json!({"most": 30, "principal": "user:a"});
    assert_eq!(counted(&call, 30).0.retry, None);
    let seconds = (60_000 - NOW % 60_000).div_ceil(1000);
    assert_eq!(counted(&call, 31).0.retry, Some(seconds));
    assert_eq!(write(&counted(&call, 31).0), format!(r#"{{"retry":{seconds}}}"#));
    let stranger = |peer: &str, verifier: &str| counted(&json!({"most": 30, "verifier": verifier, "peer": peer}), 31).1;
    assert_eq!(stranger("2001:db8::1", "a"), stranger("2001:db8::2", "a"), "a /64 is one network");
    assert_ne!(stranger("192.0.2.1", "a"), stranger("192.0.2.2", "a"));
    assert_ne!(stranger("192.0.2.1", "a"), stranger("192.0.2.1", "b"));
    assert_ne!(counted(&call, 1).1, counted(&json!({"most": 30, "principal": "user:b"}), 1).1);
    assert_eq!(
        counted(&json!({"most": 30}), 31),
        (Count { retry: None }, None),
        "where no edge says who sends it, nobody is counted"
    );
    assert!(read::<RateLimitInput>("{}").is_err());
}
