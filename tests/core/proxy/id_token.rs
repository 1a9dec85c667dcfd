//! ID tokens that are not what they should be: nobody is signed in by one.

use mcp_wicket::identity::SignInErrorKind;
use serde_json::{Value as Json, json};

use super::{
    come_back_unsigned, continue_sign_in, handler, http, id_token, kept, key_set, nonce, published, seconds, with,
};
use crate::world::{NOW, Said};

fn claims(nonce: &str) -> Json {
    json!({
        "iss": "https://accounts.google.com", "aud": "Iv1.client", "azp": "Iv1.client", "sub": "110169484474386276334",
        "email": "ada@example.com", "email_verified": true, "name": "Ada", "nonce": nonce,
        "iat": seconds(), "exp": seconds() + 3600,
    })
}

fn signed_in(change: &Json) -> Result<String, SignInErrorKind> {
    let google = handler(json!({ "kind": "google" }));
    let kept = kept(&google);
    let token = id_token(&with(&claims(&nonce(&kept)), change));
    signed_in_with(&token)
}

fn signed_in_with(token: &str) -> Result<String, SignInErrorKind> {
    let google = handler(json!({ "kind": "google" }));
    let answer = json!({ "access_token": "ya29.a", "expires_in": 3920, "token_type": "Bearer", "id_token": token });
    let ended = continue_sign_in(&google, &kept(&google), "code=c0de", |_| http(200, &answer));
    ended.answer.unwrap().map(|person| person.id).map_err(|denied| denied.kind)
}

#[test]
fn the_right_one_signs_in() {
    assert_eq!(signed_in(&json!({})).unwrap(), "110169484474386276334");
    for fine in [
        json!({ "iss": "accounts.google.com" }),
        json!({ "aud": ["Iv1.client"] }),
        json!({ "aud": ["other", "Iv1.client"] }),
        json!({ "azp": null }),
        json!({ "exp": seconds() - 59 }),
        json!({ "iat": seconds() + 59 }),
        json!({ "exp": 1_790_003_600.5 }),
        json!({ "nbf": seconds() }),
    ] {
        assert!(signed_in(&fine).is_ok(), "{fine}");
    }
}

#[test]
fn every_other_one_does_not() {
    for wrong in [
        json!({ "iss": null }),
        json!({ "iss": "https://accounts.google.com/" }),
        json!({ "iss": "https://evil.example" }),
        json!({ "iss": ["https://accounts.google.com"] }),
        json!({ "aud": null }),
        json!({ "aud": "other" }),
        json!({ "aud": [] }),
        json!({ "aud": "Iv1.client2" }),
        json!({ "aud": { "0": "Iv1.client" } }),
        json!({ "aud": ["Iv1.client", "other"], "azp": null }),
        json!({ "azp": "other" }),
        json!({ "azp": 5 }),
        json!({ "nonce": null }),
        json!({ "nonce": "" }),
        json!({ "nonce": "of another sign-in" }),
        json!({ "nonce": 5 }),
        json!({ "sub": null }),
        json!({ "sub": "" }),
        json!({ "sub": 5 }),
        json!({ "sub": "x".repeat(256) }),
        json!({ "exp": null }),
        json!({ "exp": seconds() - 60 }),
        json!({ "exp": "9999999999" }),
        json!({ "exp": -1 }),
        json!({ "exp": true }),
        json!({ "exp": 1e20 }),
        json!({ "iat": seconds() + 61 }),
        json!({ "iat": "now" }),
        json!({ "nbf": seconds() + 61 }),
        json!({ "nbf": -5 }),
    ] {
        assert_eq!(signed_in(&wrong).unwrap_err(), SignInErrorKind::Failed, "{wrong}");
    }
}

#[test]
fn what_cannot_be_read_does_not() {
    let google = handler(json!({ "kind": "google" }));
    let good = id_token(&claims(&nonce(&kept(&google))));
    assert!(signed_in_with(&good).is_ok());
    let parts = good.split('.').collect::<Vec<_>>();
    let unsigned = |header: &str| {
        use base64::Engine as _;
        let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(header);
        format!("{header}.{}.{}", parts[1], parts[2])
    };
    for token in [
        String::new(),
        "..".into(),
        parts[..2].join("."),
        format!("{good}.x"),
        format!("{}.!.x", parts[0]),
        format!("{}.{}=.x", parts[0], parts[1]),
        unsigned(r#"{"alg":"none"}"#),
        unsigned(r#"{"alg":"NoNe"}"#),
        unsigned(r#"{"alg":5}"#),
        unsigned("{}"),
        unsigned(r#"{"alg":"RS256","alg":"none"}"#),
        unsigned(r#"{"alg":"HS256","kid":"1"}"#),
        unsigned(r#"{"alg":"RS256","kid":1}"#),
        unsigned(r#"{"alg":"RS256","kid":"1","crit":["exp"]}"#),
        unsigned(r#"{"alg":"RS256","kid":"1","b64":false}"#),
        unsigned(r#"{"alg":"RS256","kid":"1","jku":"https://evil.example/keys"}"#),
        unsigned(r#"{"alg":"RS256","kid":"1","jwk":{"kty":"RSA"}}"#),
        unsigned(r#"{"alg":"RS256","kid":"1","typ":"at+jwt"}"#),
        unsigned(r#"{"alg":"RS256","kid":"1","typ":"logout+jwt"}"#),
    ] {
        assert_eq!(signed_in_with(&token).unwrap_err(), SignInErrorKind::Failed, "{token}");
    }
}

/// Google's keys as they are fetched, one answer after another, and whether a key has signed.
fn signed_by(
    documents: &[Said],
    verify: &dyn Fn(&Json) -> Said,
    header: &Json,
) -> (Result<String, SignInErrorKind>, Vec<Json>) {
    let google = handler(json!({ "kind": "google" }));
    let kept = kept(&google);
    let token = super::token(header, &claims(&nonce(&kept)));
    let answer = json!({ "access_token": "ya29.a", "token_type": "Bearer", "id_token": token });
    let (mut asked, mut documents) = (Vec::new(), documents.iter());
    let ended = come_back_unsigned(&google, &kept, "code=c0de", |effect| match effect["kind"].as_str().unwrap() {
        "document" => {
            asked.push(effect.clone());
            documents.next().expect("nothing more is fetched").clone()
        }
        "verify" => {
            assert!(token.starts_with(effect["signed"].as_str().unwrap()));
            assert_eq!(token.rsplit_once('.').unwrap().1, effect["signature"].as_str().unwrap());
            verify(effect)
        }
        _ => http(200, &answer),
    });
    (ended.answer.unwrap().map(|person| person.id).map_err(|denied| denied.kind), asked)
}

fn yes(_: &Json) -> Said {
    Said::Ok("true".into())
}

fn rs256() -> Json {
    json!({ "alg": "RS256", "kid": "1" })
}

#[test]
fn the_keys_are_those_that_google_publishes_and_no_older_than_ten_minutes() {
    let (person, asked) = signed_by(&[published(&key_set(&[json!({})]))], &yes, &rs256());
    assert!(person.is_ok());
    let url = "https://www.googleapis.com/oauth2/v3/certs";
    assert_eq!(
        asked,
        [json!({ "kind": "document", "url": url, "since": NOW - 600_000, "stale": NOW - 24 * 3_600_000 })]
    );
}

#[test]
fn a_wrong_signature_signs_nobody_in() {
    let set = published(&key_set(&[json!({})]));
    for said in [Said::Ok("false".into()), Said::Failed("failed"), Said::Failed("timeout")] {
        let (person, _) = signed_by(std::slice::from_ref(&set), &|_| said.clone(), &rs256());
        assert_eq!(person.unwrap_err(), SignInErrorKind::Failed);
    }
}

#[test]
fn a_key_that_is_not_known_is_looked_for_once_more() {
    let other = published(&key_set(&[json!({ "kid": "2" })]));
    let rotated = published(&key_set(&[json!({ "kid": "2" }), json!({})]));
    let (person, asked) = signed_by(&[other.clone(), rotated], &yes, &rs256());
    assert!(person.is_ok());
    assert_eq!(asked[1]["since"], NOW, "no copy will do");
    let (person, _) = signed_by(&[other.clone(), other.clone()], &yes, &rs256());
    assert_eq!(person.unwrap_err(), SignInErrorKind::Failed);
    let (person, _) = signed_by(&[other, Said::Failed("timeout")], &yes, &rs256());
    assert_eq!(person.unwrap_err(), SignInErrorKind::Unavailable);
}

#[test]
fn keys_that_cannot_be_had_are_an_outage() {
    let (person, _) = signed_by(&[Said::Failed("unreachable")], &yes, &rs256());
    assert_eq!(person.unwrap_err(), SignInErrorKind::Unavailable);
}

#[test]
fn the_keys_say_which_algorithms_count() {
    let set = |change: &Json| published(&key_set(std::slice::from_ref(change)));
    for fine in [
        (json!({}), rs256()),
        (json!({}), json!({ "alg": "RS256" })),
        (json!({ "kid": null }), rs256()),
        (json!({ "alg": "RS256" }), json!({ "alg": "RS256", "kid": "1", "typ": "JWT" })),
        (json!({}), json!({ "alg": "PS512", "kid": "1" })),
    ] {
        let (person, _) = signed_by(&[set(&fine.0)], &yes, &fine.1);
        assert!(person.is_ok(), "{fine:?}");
    }
    for wrong in [
        (json!({ "alg": "PS256" }), rs256()),
        (json!({ "use": "enc" }), rs256()),
        (json!({ "key_ops": ["sign"] }), rs256()),
        (json!({ "d": "AQAB" }), rs256()),
        (json!({ "n": "AQAB" }), rs256()),
        (
            json!({ "kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0" }),
            json!({ "alg": "HS256", "kid": "1" }),
        ),
        (json!({}), json!({ "alg": "ES256", "kid": "1" })),
        (json!({}), json!({ "alg": "EdDSA", "kid": "1" })),
    ] {
        let (person, _) = signed_by(&[set(&wrong.0), set(&wrong.0)], &yes, &wrong.1);
        assert_eq!(person.unwrap_err(), SignInErrorKind::Failed, "{wrong:?}");
    }
    for body in ["", "null", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[1]}"#, r#"{"keys":[],"keys":[]}"#] {
        let lie = Said::Ok(json!({ "at": NOW, "body": body }).to_string());
        let (person, _) = signed_by(&[lie.clone(), lie], &yes, &rs256());
        assert_eq!(person.unwrap_err(), SignInErrorKind::Failed, "{body}");
    }
}
