//! Giving a credential back: each provider in its own way.

use mcp_wicket::identity::{Identity as _, SignInErrorKind};
use serde_json::{Value as Json, json};

use super::{handler, http, published};
use crate::world::{Said, World};

/// What is fetched for it, and what it comes to.
fn revoked(config: Json, credential: &Json, say: impl Fn(&str) -> Said) -> (Vec<Json>, Result<bool, SignInErrorKind>) {
    let (handler, credential) = (handler(config), credential.to_string());
    let world = World::new(|effect| say(effect["url"].as_str().unwrap()));
    let ended = world.run(async |flow| handler.revoke(flow, &credential).await);
    (ended.waits.concat(), ended.answer.unwrap().map_err(|denied| denied.kind))
}

fn credential() -> Json {
    json!({ "access": "at", "refresh": "rt", "scopes": [] })
}

#[test]
fn github_deletes_the_token_of_our_app() {
    let token = json!({ "access": "gho_a", "scopes": [] });
    for (status, came) in [
        (204, Ok(true)),
        (404, Ok(true)),
        (422, Ok(true)),
        (401, Err(SignInErrorKind::Failed)),
        (403, Err(SignInErrorKind::Failed)),
        (429, Err(SignInErrorKind::Unavailable)),
        (503, Err(SignInErrorKind::Unavailable)),
    ] {
        let (asked, result) = revoked(json!({ "kind": "github" }), &token, |_| http(status, &json!({})));
        assert_eq!(result, came, "{status}");
        assert_eq!(asked[0]["method"], "DELETE");
        assert_eq!(asked[0]["url"], "https://api.github.com/applications/Iv1.client/token");
        assert_eq!(asked[0]["body"], r#"{"access_token":"gho_a"}"#);
    }
    let (_, silent) = revoked(json!({ "kind": "github" }), &token, |_| Said::Failed("timeout"));
    assert_eq!(silent, Err(SignInErrorKind::Unavailable));
}

#[test]
fn google_is_told_the_refresh_token_or_what_there_is() {
    for (kept, sent) in [
        (credential(), "token=rt&token_type_hint=refresh_token"),
        (json!({ "access": "at", "scopes": [] }), "token=at&token_type_hint=access_token"),
    ] {
        let (asked, result) = revoked(json!({ "kind": "google" }), &kept, |_| http(200, &json!({})));
        assert_eq!(result, Ok(true));
        assert_eq!(
            (asked[0]["method"].as_str(), asked[0]["url"].as_str()),
            (Some("POST"), Some("https://oauth2.googleapis.com/revoke"))
        );
        assert!(asked[0]["body"].as_str().unwrap().starts_with(sent));
    }
    let over = json!({ "error": "invalid_token", "error_description": "Token expired or revoked" });
    assert_eq!(revoked(json!({ "kind": "google" }), &credential(), |_| http(400, &over)).1, Ok(true));
    let wrong = json!({ "error": "invalid_request" });
    assert_eq!(
        revoked(json!({ "kind": "google" }), &credential(), |_| http(400, &wrong)).1,
        Err(SignInErrorKind::Failed)
    );
    assert_eq!(
        revoked(json!({ "kind": "google" }), &credential(), |_| http(500, &json!({}))).1,
        Err(SignInErrorKind::Unavailable)
    );
}

#[test]
fn entra_has_no_way_to_be_told() {
    let (asked, result) = revoked(json!({ "kind": "azure" }), &credential(), |url| panic!("{url}"));
    assert_eq!((asked.len(), result), (0, Ok(false)));
}

#[test]
fn others_are_told_where_they_say_so() {
    let issuer = "https://id.example";
    let metadata = |more: Json| {
        super::with(
            &json!({
                "issuer": issuer, "authorization_endpoint": "https://id.example/auth", "token_endpoint": "https://id.example/token",
                "jwks_uri": "https://id.example/jwks",
            }),
            &more,
        )
    };
    let run = |metadata: Json, status| {
        revoked(json!({ "kind": "generic", "issuer": issuer }), &credential(), move |url| match url {
            "https://id.example/revoked" => http(status, &json!({ "error": "unsupported_token_type" })),
            url if url.contains(".well-known") => published(&metadata),
            url => panic!("{url}"),
        })
    };
    let told = json!({ "revocation_endpoint": "https://id.example/revoked" });
    let (asked, result) = run(metadata(told.clone()), 200);
    assert_eq!(result, Ok(true));
    let basic = json!(["authorization", "Basic SXYxLmNsaWVudDpzM2NyZXQ="]);
    assert!(asked.last().unwrap()["headers"].as_array().unwrap().contains(&basic), "as at the token endpoint");
    assert_eq!(run(metadata(told.clone()), 400).1, Err(SignInErrorKind::Failed));
    assert_eq!(run(metadata(told), 503).1, Err(SignInErrorKind::Unavailable));
    assert_eq!(run(metadata(json!({})), 200).1, Ok(false));
    assert_eq!(
        run(metadata(json!({ "revocation_endpoint": "http://id.example/revoked" })), 200).1,
        Err(SignInErrorKind::Failed)
    );
    let endpoints = json!({
        "authorization": "https://old.example/a", "token": "https://old.example/t", "userinfo": "https://old.example/me",
        "revocation": "https://old.example/r", "auth": "post",
    });
    let (asked, result) =
        revoked(json!({ "kind": "generic", "endpoints": endpoints }), &credential(), |_| http(200, &json!({})));
    assert_eq!((result, asked[0]["url"].as_str()), (Ok(true), Some("https://old.example/r")));
    assert!(asked[0]["body"].as_str().unwrap().ends_with("client_id=Iv1.client&client_secret=s3cret"));
}
