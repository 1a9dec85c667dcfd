//! One identity for all handlers: each call reaches the handler that is meant.

use mcp_wicket::identity::Identity as _;
use mcp_wicket::identity::handler::IdentityHandler;
use mcp_wicket::json::Object;
use serde_json::{Value as Json, json};

use super::http;
use crate::world::World;

fn read(config: Json) -> IdentityHandler {
    let mut whole = json!({ "clientId": "Iv1.client", "clientSecret": "s3cret" });
    whole.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    IdentityHandler::read(&Object::read(&whole.to_string()).unwrap()).unwrap()
}

fn app() -> IdentityHandler {
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
    assert!(IdentityHandler::read(&Object::read("{}").unwrap()).is_err());
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

#[test]
fn what_a_rule_may_be_is_said_where_it_is_wrong() {
    let wrong = |allow: Json| {
        let config = json!({ "kind": "github", "clientId": "a", "clientSecret": "b", "allow": allow });
        IdentityHandler::read(&Object::read(&config.to_string()).unwrap()).unwrap_err()
    };
    assert!(wrong(json!({ "users": ["x"] })).ends_with("Available rules: ids, logins, orgs, emails, domains."));
    assert!(wrong(json!({ "tenants": ["x"] })).ends_with("Available rules: ids, logins, orgs, emails, domains."));
    assert!(wrong(json!({ "logins": [] })).ends_with("a list of account names, such as \"octocat\"."));
    assert!(
        wrong(json!({ "emails": ["@b.example"] }))
            .ends_with("a list of e-mail addresses, such as \"ada@example.com\".")
    );
    for entry in ["@b.example", "a@", "a@b c", "ab"] {
        assert!(wrong(json!({ "emails": [entry] })).starts_with("allow.emails must be a list of"), "{entry}");
    }
    let long = "n".repeat(33);
    for (name, is_good) in [
        ("github", true),
        ("my-git2", true),
        (&*"n".repeat(32), true),
        (&long, false),
        ("", false),
        ("a_b", false),
        ("é", false),
    ] {
        let config = json!({ "kind": "github", "clientId": "a", "clientSecret": "b", "name": name });
        assert_eq!(IdentityHandler::read(&Object::read(&config.to_string()).unwrap()).is_ok(), is_good, "{name}");
    }
    for (secret, is_good) in [("s", true), ("", false), (" s", false), ("s ", false)] {
        let config = json!({ "kind": "google", "clientId": "a", "clientSecret": secret });
        assert_eq!(IdentityHandler::read(&Object::read(&config.to_string()).unwrap()).is_ok(), is_good, "{secret}");
    }
}

#[test]
fn whoever_wants_another_account_is_asked_for_one() {
    use mcp_wicket::identity::SignInStart;
    for (kind, usual) in [("google", "none"), ("azure", "none")] {
        for (switch, prompt) in [(false, usual), (true, "select_account")] {
            let handler = read(json!({ "kind": kind, "prompt": "none" }));
            let begin = SignInStart { state: "s", callback: "https://mcp.example/callback", switch };
            let gone = super::Begun::of(
                World::silent().run(async |flow| handler.begin(flow, &begin).await).answer.unwrap().unwrap(),
            );
            assert!(gone.url.contains(&format!("prompt={prompt}")), "{kind} {switch}: {}", gone.url);
        }
    }
}

/// Where the upstream takes the secret in the body only, it goes there (RFC 8414 §2).
#[test]
fn a_provider_gets_the_secret_in_the_way_that_it_takes() {
    use mcp_wicket::identity::SignInStart;
    let issuer = "https://id.example";
    let sent = |methods: Json| {
        let mut metadata = json!({
            "issuer": issuer, "authorization_endpoint": "https://id.example/auth", "token_endpoint": "https://id.example/token",
            "jwks_uri": "https://id.example/jwks",
        });
        metadata.as_object_mut().unwrap().extend(
            Some(("token_endpoint_auth_methods_supported".to_owned(), methods)).filter(|(_, it)| it.is_array()),
        );
        let handler = super::handler(json!({ "kind": "generic", "issuer": issuer }));
        let begin = SignInStart { state: "s", callback: "https://mcp.example/callback", switch: false };
        let world = World::new(|_| super::published(&metadata));
        let gone = super::Begun::of(world.run(async |flow| handler.begin(flow, &begin).await).answer.unwrap().unwrap());
        let ended = super::continue_sign_in(&handler, &gone.kept, "code=c", |_| http(500, &json!({})));
        let asked =
            ended.waits.concat().into_iter().find(|effect| effect["url"] == "https://id.example/token").unwrap();
        (
            asked["headers"].to_string().contains("Basic "),
            asked["body"].as_str().unwrap().contains("client_secret=s3cret"),
        )
    };
    let (basic, post) = ((true, false), (false, true));
    assert_eq!(sent(json!(null)), basic);
    assert_eq!(sent(json!(["client_secret_post"])), post);
    assert_eq!(sent(json!(["client_secret_basic", "client_secret_post"])), basic);
    assert_eq!(sent(json!(["private_key_jwt"])), basic);
}

#[test]
fn github_is_asked_anew_who_the_person_is_with_what_the_token_may_read() {
    let user = json!({ "login": "octocat", "id": 1, "name": "Octo" });
    let asked = |scopes: Json| {
        let github = read(json!({ "kind": "github" }));
        let credential = json!({ "access": "a", "scopes": scopes }).to_string();
        let world = World::new(|effect| match effect["url"].as_str().unwrap() {
            "https://api.github.com/user" => http(200, &user),
            "https://api.github.com/user/emails?per_page=100" => {
                http(200, &json!([{ "email": "o@example.com", "verified": true, "primary": true }]))
            }
            _ => http(200, &json!({ "app": { "client_id": "Iv1.client" }, "user": { "id": 1 } })),
        });
        let ended = world.run(async |flow| github.renew(flow, &credential).await);
        let emails = ended.waits.concat().iter().any(|effect| effect["url"].as_str().unwrap().contains("/emails"));
        let person = ended.answer.unwrap().unwrap().unwrap();
        assert_eq!((person.id.as_str(), person.label.as_str()), ("1", "octocat"));
        emails
    };
    assert!(asked(json!(["user:email"])) && asked(json!(["user"])));
    assert!(!asked(json!(["read:user", "repo"])) && !asked(json!([])));
}

#[test]
fn github_gives_a_newer_token_where_it_gave_a_refresh_token() {
    let github = read(json!({ "kind": "github" }));
    let world = World::new(|effect| {
        assert_eq!(effect["url"], "https://github.com/login/oauth/access_token");
        http(200, &json!({ "access_token": "b", "token_type": "bearer", "expires_in": 60, "id_token": "x.y.z" }))
    });
    let kept = r#"{"access":"a","refresh":"r","scopes":["repo"]}"#;
    let renewed = world.run(async |flow| github.refresh(flow, kept).await).answer.unwrap().unwrap();
    let renewed: Json = serde_json::from_str(&renewed).unwrap();
    assert_eq!((&renewed["access"], &renewed["refresh"], renewed.get("idToken")), (&json!("b"), &json!("r"), None));
}

#[test]
fn a_rule_names_twenty_organisations_at_most() {
    let orgs = |count: usize| (0..count).map(|number| format!("org{number}")).collect::<Vec<_>>();
    let read = |count: usize| {
        let allow = json!({ "orgs": orgs(count) });
        let config = json!({ "kind": "github", "clientId": "a", "clientSecret": "b", "allow": allow }).to_string();
        IdentityHandler::read(&Object::read(&config).unwrap()).map(|_| ())
    };
    assert_eq!(read(20), Ok(()));
    assert!(read(21).unwrap_err().starts_with("allow.orgs has more than 20 organizations"));
}

#[test]
fn endpoints_that_are_written_down_need_no_secret() {
    let endpoints = |auth: Json, secret: Json| {
        let mut endpoints = json!({ "authorization": "https://id.example/auth", "token": "https://id.example/token", "userinfo": "https://id.example/me" });
        endpoints.as_object_mut().unwrap().extend(Some(("auth".to_owned(), auth)).filter(|(_, it)| it.is_string()));
        let mut config = json!({ "kind": "generic", "clientId": "a", "endpoints": endpoints });
        config
            .as_object_mut()
            .unwrap()
            .extend(Some(("clientSecret".to_owned(), secret)).filter(|(_, it)| it.is_string()));
        IdentityHandler::read(&Object::read(&config.to_string()).unwrap()).is_ok()
    };
    for auth in [json!(null), json!("basic"), json!("post")] {
        assert!(endpoints(auth.clone(), json!("s")) && endpoints(auth.clone(), json!(null)), "{auth}");
    }
    assert!(!endpoints(json!("none"), json!("s")));
}
