//! What verifiers ask for, and what they make of answers that fail, lie or come late.

use mcp_wicket::flow::Commit;
use mcp_wicket::guard::bearer::{Refusal, Rejection, Verification};
use mcp_wicket::guard::jwt::VerifierInput;
use mcp_wicket::guard::verifier::Verifier;
use serde_json::{Value as Json, json};

use crate::world::{Ended, NOW, Said, World};

const KEYS: &str = "https://issuer.example/keys";
const HOUR: u64 = 3_600_000;

fn key(kid: &str) -> Json {
    json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": kid})
}

/// The keys as they are kept: as the commit of the flow that has fetched them says.
fn kept_text(kids: &[&str]) -> String {
    let set = json!({"keys": kids.iter().map(|kid| key(kid)).collect::<Vec<_>>()}).to_string();
    let ended = verify(&jwks(), "{}", "", kids[0], NOW, |effect| match effect["kind"].as_str().unwrap() {
        "document" => Said::Ok(json!({"at": NOW, "body": set}).to_string()),
        _ => Said::Ok("true".into()),
    });
    match &ended.commits[0] {
        Commit::Remember(remember) => remember.set.as_ref().unwrap().text.clone(),
        other => panic!("{other:?}"),
    }
}

fn jwks() -> Verifier {
    verifier(json!({"issuer": ["https://issuer.example"], "audience": ["me"], "jwksUri": KEYS}))
}

fn verifier(options: Json) -> Verifier {
    Verifier::read(&options.to_string()).unwrap()
}

fn token(kid: &str, now: u64) -> String {
    let part = |text: Json| mcp_wicket::crypto::encode(text.to_string().as_bytes());
    let claims = json!({"iss": "https://issuer.example", "aud": "me", "sub": "ann", "exp": now / 1000 + 900});
    let header = json!({"alg": "EdDSA", "kid": kid});
    [part(header), part(claims), mcp_wicket::crypto::encode(&[7; 64])].join(".")
}

fn verify(
    verifier: &Verifier,
    kept: &str,
    body: &str,
    kid: &str,
    now: u64,
    say: impl FnMut(&Json) -> Said,
) -> Ended<Verification> {
    let mut input: Json = serde_json::from_str(kept).unwrap();
    input["token"] = token(kid, now).into();
    let input = input.to_string();
    let request = VerifierInput::read(&input, body).unwrap();
    World::new(say).at(now).run(async |flow| verifier.verify(flow, &request).await)
}

/// With keys that were fetched at `at`, and tried for at `tried`.
fn with_kept(
    kids: &[&str],
    at: u64,
    tried: u64,
    kid: &str,
    now: u64,
    say: impl FnMut(&Json) -> Said,
) -> Ended<Verification> {
    let kept = json!({"keys": {"url": KEYS, "tried": tried, "at": at}}).to_string();
    verify(&jwks(), &kept, &kept_text(kids), kid, now, say)
}

fn kinds(ended: &Ended<Verification>) -> Vec<&str> {
    ended.waits.iter().flatten().map(|effect| effect["kind"].as_str().unwrap()).collect()
}

/// The issuer is away; signatures are right.
fn away(effect: &Json) -> Said {
    if effect["kind"] == "verify" { Said::Ok("true".into()) } else { Said::Failed("unreachable") }
}

fn until(ended: &Ended<Verification>) -> u64 {
    match ended.answer.as_ref().unwrap() {
        Verification::Caller(caller) => caller.until,
        other @ Verification::Refused(_) => panic!("{other:?}"),
    }
}

#[test]
fn keys_that_are_fresh_are_not_fetched() {
    let ended = with_kept(&["a"], NOW, NOW, "a", NOW + 599_000, away);
    assert_eq!(kinds(&ended), ["verify"]);
    assert_eq!(until(&ended), NOW + 600_000, "what they vouch for is remembered while they are fresh");
    let ended = with_kept(&["a"], NOW, NOW, "a", NOW + 600_000, away);
    assert_eq!(kinds(&ended), ["document", "verify"]);
}

#[test]
fn keys_that_cannot_be_renewed_count_for_a_day() {
    for (age, kept) in [(HOUR, true), (24 * HOUR - 1, true), (24 * HOUR, false), (48 * HOUR, false)] {
        let ended = with_kept(&["a"], NOW, NOW, "a", NOW + age, away);
        match ended.answer.as_ref().unwrap() {
            Verification::Caller(caller) if kept => {
                assert_eq!(caller.until, NOW + age + 30_000, "asked again after the cool-down");
            }
            Verification::Refused(Rejection { refused: Refusal::Unavailable, .. }) if !kept => {}
            other => panic!("{age}: {other:?}"),
        }
        let Commit::Remember(remember) = &ended.commits[0] else { panic!("{:?}", ended.commits) };
        assert_eq!((remember.tried, &remember.set), (NOW + age, &None), "the keys that are there stay");
    }
    // Within the cool-down nobody asks again.
    let ended = with_kept(&["a"], NOW, NOW + HOUR, "a", NOW + HOUR + 29_999, away);
    assert_eq!(kinds(&ended), ["verify"]);
    let ended = with_kept(&["a"], NOW, NOW + 25 * HOUR, "a", NOW + 25 * HOUR + 4_999, away);
    assert!(
        matches!(ended.answer, Ok(Verification::Refused(Rejection { refused: Refusal::Unavailable, .. })))
            && ended.waits.is_empty()
    );
}

#[test]
fn an_unknown_kid_is_asked_for_once_in_the_cool_down() {
    for (later, kinds_then) in [(29_999, vec![]), (30_000, vec!["document"])] {
        let ended = with_kept(&["a"], NOW, NOW, "b", NOW + later, away);
        assert_eq!(kinds(&ended), kinds_then);
        assert!(matches!(ended.answer, Ok(Verification::Refused(..))));
    }
    let both = json!({"keys": [key("a"), key("b")]}).to_string();
    let ended = with_kept(&["a"], NOW, NOW, "b", NOW + 30_000, |effect| match effect["kind"].as_str().unwrap() {
        "document" => Said::Ok(json!({"at": NOW + 30_000, "body": both}).to_string()),
        _ => Said::Ok("true".into()),
    });
    assert!(matches!(ended.answer, Ok(Verification::Caller(_))));
}

/// Whatever an issuer publishes in place of keys replaces none, and lets nobody in.
#[test]
fn no_lie_of_the_issuer_lets_anybody_in() {
    let lies = ["", "null", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","k":"AA"}]}"#];
    for body in lies {
        let ended = verify(&jwks(), "{}", "", "a", NOW, |effect| match effect["kind"].as_str().unwrap() {
            "document" => Said::Ok(json!({"at": NOW, "body": body}).to_string()),
            _ => Said::Ok("true".into()),
        });
        assert!(
            matches!(ended.answer, Ok(Verification::Refused(Rejection { refused: Refusal::Unavailable, .. }))),
            "{body}"
        );
    }
    for wrong in [Said::Ok("false".into()), Said::Failed("failed"), Said::Failed("timeout")] {
        let ended = with_kept(&["a"], NOW, NOW, "a", NOW, |_| wrong.clone());
        assert!(
            matches!(ended.answer, Ok(Verification::Refused(Rejection { refused: Refusal::Token, .. }))),
            "{wrong:?}"
        );
    }
    assert!(with_kept(&["a"], NOW, NOW, "a", NOW, |_| Said::Ok("1".into())).answer.is_err());
}

fn introspecting(more: Json) -> Verifier {
    let mut options = json!({
        "kind": "introspection", "issuer": ["https://issuer.example"], "audience": ["me"],
        "clientId": "a b", "clientSecret": "s:t", "endpoint": "https://issuer.example/introspect",
    });
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    verifier(options)
}

#[test]
fn the_question_of_an_introspection() {
    let ended = verify(&introspecting(json!({})), "{}", "", "a", NOW, |_| Said::Failed("timeout"));
    assert!(matches!(ended.answer, Ok(Verification::Refused(Rejection { refused: Refusal::Unavailable, .. }))));
    let effect = &ended.waits[0][0];
    assert_eq!(effect["url"], "https://issuer.example/introspect");
    assert_eq!(effect["body"], format!("token={}&token_type_hint=access_token", token("a", NOW)));
    // "a%20b:s%3At"
    assert_eq!(effect["headers"][2], json!(["authorization", "Basic YSUyMGI6cyUzQXQ="]));
    let ended = verify(&introspecting(json!({"clientAuth": "post"})), "{}", "", "a", NOW, |_| Said::Failed("timeout"));
    assert_eq!(ended.waits[0][0]["headers"].as_array().unwrap().len(), 2);
    assert!(ended.waits[0][0]["body"].as_str().unwrap().ends_with("&client_id=a%20b&client_secret=s%3At"));
}

#[test]
fn for_how_long_an_introspection_counts() {
    let mut answer = json!({"active": true, "aud": "me", "sub": "ann"});
    let ask = |answer: &Json, more: Json| {
        verify(&introspecting(more), "{}", "", "a", NOW, |_| {
            Said::Ok(json!({"status": 200, "body": answer.to_string()}).to_string())
        })
    };
    assert_eq!(until(&ask(&answer, json!({}))), NOW + 60_000);
    assert_eq!(until(&ask(&answer, json!({"maxAge": 0}))), NOW);
    assert_eq!(until(&ask(&answer, json!({"maxAge": 300}))), NOW + 300_000);
    answer["exp"] = (NOW / 1000 + 10).into();
    assert_eq!(until(&ask(&answer, json!({}))), NOW + 10_000);
    match ask(&json!({"active": false}), json!({})).answer.unwrap() {
        Verification::Refused(Rejection { refused: Refusal::Token, until: Some(until), .. }) => {
            assert_eq!(until, NOW + 10_000);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn options_of_introspection() {
    for (options, words) in [
        (json!({"clientSecret": null}), "`clientSecret` is missing"),
        (json!({"clientId": ""}), "`clientId` is missing"),
        (json!({"endpoint": "http://issuer.example/introspect"}), "`endpoint` must be an https URL"),
        (json!({"clientAuth": "none"}), "`clientAuth` must be"),
        (json!({"maxAge": 301}), "`maxAge` must be"),
        (json!({"audience": []}), "`audience` must be a string or a list of strings"),
        (json!({"issuer": []}), "`issuer` must be a string or a list of strings"),
    ] {
        let mut all = json!({
            "kind": "introspection", "issuer": ["https://issuer.example"], "audience": ["me"],
            "clientId": "a", "clientSecret": "s", "endpoint": "https://issuer.example/introspect",
        });
        all.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        let wrong = Verifier::read(&all.to_string()).unwrap_err();
        assert!(wrong.contains(words), "{wrong}");
        assert!(!wrong.contains("\"s\""));
    }
    let two = json!({"kind": "introspection", "issuer": ["https://a.example", "https://b.example"], "audience": ["me"],
        "clientId": "a", "clientSecret": "s"});
    assert!(Verifier::read(&two.to_string()).unwrap_err().contains("Set `endpoint`"));
}

/// RSA timing (RUSTSEC-2023-0071): no RSA arithmetic in Rust at all.
#[test]
fn rsa_is_the_runtimes() {
    let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")).unwrap();
    for package in ["rsa", "num-bigint", "crypto-bigint", "num-bigint-dig", "openssl", "ring"] {
        assert!(!lock.contains(&format!("\nname = \"{package}\"\n")), "{package}");
    }
}

/// Compares that are not constant-time (RUSTSEC-2022-0018): what is secret is compared by `crypto::same`, or by the HMAC's
/// own compare. In the files that hold secrets, nothing else stands beside a hash, a secret or a signature.
#[test]
fn secrets_are_compared_in_constant_time() {
    for file in ["src/guard/api_key.rs", "src/guard/jwt/hmac.rs", "src/guard/introspection.rs"] {
        let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        for line in text.lines().filter(|line| line.contains("==") || line.contains("!=")) {
            let secret = ["hash", "secret", "pepper", "plain", "key"].iter().any(|name| line.contains(name));
            assert!(
                !secret || [".len()", "record.id == ", "name != "].iter().any(|it| line.contains(it)),
                "{file}: {line}"
            );
        }
    }
}
