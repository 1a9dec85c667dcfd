//! One identity for all handlers: each call reaches the handler that is meant.

use mcp_wicket::auth::handler::Handler;
use mcp_wicket::json::Object;
use mcp_wicket::oauth::identity::Identity as _;
use serde_json::{Value as Json, json};

use super::http;
use crate::world::World;

fn read(config: Json) -> Handler {
    let mut whole = json!({ "clientId": "Iv1.client", "clientSecret": "s3cret" });
    whole.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    Handler::read(&Object::read(&whole.to_string()).unwrap()).unwrap()
}

fn app() -> Handler {
    read(json!({ "kind": "app" }))
}

#[test]
fn an_upstreams_credentials_are_kept_and_an_app_has_none() {
    let github = read(json!({ "kind": "github", "scopes": ["repo"] }));
    assert!(github.keeps_credentials() && github.renews());
    assert_eq!(github.mark(), "github/Iv1.client", "whose credentials they are");
    let known = github.credential(r#"{"access":"a","refresh":"r","expires":5,"scopes":[]}"#).unwrap();
    assert_eq!((known.access.as_str(), known.expires, known.renewable), ("a", Some(5), true));
    assert!(known.is_mentioned(r#"{"token":"r"}"#) && !known.is_mentioned("{}"));
    assert!(!app().keeps_credentials() && !app().renews());
    assert_eq!(app().credential(r#"{"access":"a","scopes":[]}"#), None);
    assert!(read(json!({ "kind": "app", "stillKnown": true })).renews());
    assert!(Handler::read(&Object::read("{}").unwrap()).is_err());
}

#[test]
fn the_former_refresh_token_stays_where_the_newer_credential_has_none() {
    let github = read(json!({ "kind": "github", "scopes": ["repo"] }));
    let merged = |kept: Option<&str>, newer: Json| {
        serde_json::from_str::<Json>(&github.merge(kept, &newer.to_string())).unwrap()
    };
    let kept = json!({ "access": "old", "refresh": "r", "scopes": ["repo"] }).to_string();
    assert_eq!(merged(None, json!({ "access": "new", "scopes": [] })), json!({ "access": "new", "scopes": [] }));
    assert_eq!(merged(Some(&kept), json!({ "access": "new", "scopes": ["repo"] }))["refresh"], "r");
    assert_eq!(merged(Some(&kept), json!({ "access": "new", "scopes": ["user"] }))["access"], "old", "it lacks repo");
    assert_eq!(app().merge(Some("kept"), "newer"), "newer");
}

#[test]
fn only_github_takes_back_one_token_and_leaves_the_others() {
    let entra = json!({ "kind": "azure", "tenant": "72f988bf-86f1-41af-91ab-2d7cd011db47" });
    for (config, ends_all) in [(json!({ "kind": "github" }), false), (json!({ "kind": "google" }), true), (entra, true)]
    {
        assert_eq!(read(config.clone()).ends_all(), ends_all, "{config}");
    }
    let credential = r#"{"access":"a","refresh":"r","scopes":[]}"#;
    for status in [204, 401] {
        let github = read(json!({ "kind": "github" }));
        let world = World::new(|effect| {
            assert_eq!(effect["method"], "DELETE");
            http(status, &json!({}))
        });
        let told = world.run(async |flow| github.revoke(flow, credential).await).answer.unwrap();
        assert_eq!(told.ok(), (status == 204).then_some(true));
    }
    let told = World::silent().run(async |flow| app().revoke(flow, credential).await).answer.unwrap();
    assert_eq!(told.ok(), Some(false), "an app has given out nothing");
}

#[test]
fn a_refresh_reaches_the_upstream() {
    let google = read(json!({ "kind": "google" }));
    let world = World::new(|effect| {
        assert_eq!(effect["url"], "https://oauth2.googleapis.com/token");
        assert!(effect["body"].as_str().unwrap().contains("refresh_token=r"), "{effect}");
        http(200, &json!({ "access_token": "new", "token_type": "Bearer", "expires_in": 60 }))
    });
    let kept = r#"{"access":"a","refresh":"r","scopes":[]}"#;
    let renewed = world.run(async |flow| google.refresh(flow, kept).await).answer.unwrap().unwrap();
    assert!(renewed.contains(r#""access":"new""#) && renewed.contains(r#""refresh":"r""#), "{renewed}");
    let app = World::silent().run(async |flow| app().refresh(flow, kept).await).answer.unwrap();
    assert!(app.is_err());
}

#[test]
fn an_operator_is_warned_where_anybody_may_sign_in() {
    let anyone = "Anyone with an account at GitHub may sign in.";
    assert!(read(json!({ "kind": "github" })).warnings().iter().any(|warning| warning.starts_with(anyone)));
    assert_eq!(read(json!({ "kind": "github", "allow": "anyone" })).warnings(), [] as [String; 0]);
    assert_eq!(app().warnings(), [] as [String; 0]);
}
