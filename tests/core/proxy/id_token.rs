//! ID tokens that are not what they should be: nobody is signed in by one.

use mcp_wicket::oauth::identity::Deny;
use serde_json::{Value as Json, json};

use super::{come_back, handler, http, id_token, kept, nonce, seconds, with};

fn claims(nonce: &str) -> Json {
    json!({
        "iss": "https://accounts.google.com", "aud": "Iv1.client", "azp": "Iv1.client", "sub": "110169484474386276334",
        "email": "ada@example.com", "email_verified": true, "name": "Ada", "nonce": nonce,
        "iat": seconds(), "exp": seconds() + 3600,
    })
}

fn signed_in(change: &Json) -> Result<String, Deny> {
    let google = handler(json!({ "kind": "google" }));
    let kept = kept(&google);
    let token = id_token(&with(&claims(&nonce(&kept)), change));
    signed_in_with(&token)
}

fn signed_in_with(token: &str) -> Result<String, Deny> {
    let google = handler(json!({ "kind": "google" }));
    let answer = json!({ "access_token": "ya29.a", "expires_in": 3920, "token_type": "Bearer", "id_token": token });
    let ended = come_back(&google, &kept(&google), "code=c0de", |_| http(200, &answer));
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
        assert_eq!(signed_in(&wrong).unwrap_err(), Deny::Failed, "{wrong}");
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
    ] {
        assert_eq!(signed_in_with(&token).unwrap_err(), Deny::Failed, "{token}");
    }
}
