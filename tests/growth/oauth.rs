//! The authorization server.

use mcp_wicket::crypto::{Keys, encode, sha256};
use mcp_wicket::flow::Flow;
use mcp_wicket::http::form;
use mcp_wicket::identity::{Identity, ProviderInfo, SignInCallback, SignInError, SignInStart, SignInStep};
use mcp_wicket::oauth::client::document;
use mcp_wicket::oauth::client::metadata::presentable;
use mcp_wicket::oauth::{AuthorizationServer, Request, ServerConfig, redirect, scope, serve};
use serde_json::{Value as Json, json};

use super::{Row, Work, done};
use crate::world::{Said, World};

const SECRET: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const SITE: &str = "https://mcp.example.com";
const CLIENT: &str = "https://app.example.com/client.json";

struct Nobody;

impl Identity for Nobody {
    fn name(&self) -> &'static str {
        "test"
    }
    fn about(&self) -> ProviderInfo {
        ProviderInfo { label: "Test".into(), host: "upstream.example".into(), scopes: Vec::new() }
    }
    async fn begin(&self, _flow: &Flow<'_>, _begin: &SignInStart<'_>) -> Result<SignInStep, SignInError> {
        Err(SignInError::failed("nobody"))
    }
    async fn continue_sign_in(&self, _flow: &Flow<'_>, _back: &SignInCallback<'_>) -> Result<SignInStep, SignInError> {
        Err(SignInError::failed("nobody"))
    }
}

/// A request to the authorization server; documents say this. What becomes of it does not matter.
fn send(endpoint: &str, more: Json, body: String, fetched: &str) -> Work {
    let method = if body.is_empty() { "GET" } else { "POST" };
    let kind = if endpoint == "register" { "application/json" } else { "application/x-www-form-urlencoded" };
    let mut head = json!({"endpoint": endpoint, "method": method, "origin": SITE, "path": format!("/{endpoint}"), "contentType": kind,
                          "peer": "192.0.2.1"});
    head.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let head = head.to_string();
    let options = json!({"resources": ["/mcp"], "scopes": ["read", "write"], "documents": true, "registration": true,
                         "limits": {"documents": 1_000_000, "register": 1_000_000}});
    let options = options.to_string();
    let fetched = json!({"status": 200, "body": fetched}).to_string();
    Box::new(move || {
        let (server, keys) = (ServerConfig::read(&options).unwrap(), Keys::parse(SECRET).unwrap());
        let server = AuthorizationServer { config: &server, keys: &keys, identity: &Nobody, issuer: SITE.into() };
        let request = Request::read(&head).unwrap();
        let world = World::new(|effect: &Json| match effect["kind"].as_str().unwrap() {
            "tally" => Said::Ok(json!(vec![1; effect["limits"].as_array().unwrap().len()]).to_string()),
            "fetch" => Said::Ok(fetched.clone()),
            _ => Said::Ok("null".into()),
        });
        done(world.run(async |flow| serve(flow, &server, &request, &body).await));
    })
}

fn document(more: Json) -> String {
    let mut document =
        json!({"client_id": CLIENT, "client_name": "App", "redirect_uris": ["https://client.example/cb"]});
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    document.to_string()
}

/// An authorization request of a client whose document says this, with one parameter that is this.
fn authorize(name: &str, value: &str, said: &str) -> Work {
    let challenge = encode(&sha256(b"a"));
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", "https://client.example/cb"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    pairs.retain(|(other, _)| *other != name);
    pairs.push((name, value));
    send("authorize", json!({"query": form::write(&pairs)}), String::new(), said)
}

fn token(name: &str, value: &str) -> Work {
    let body = form::write(&[("grant_type", "authorization_code"), ("client_id", CLIENT), (name, value)]);
    send("token", json!({}), body, &document(json!({})))
}

fn headed(name: &str, value: String) -> Work {
    send("authorize", json!({name: value, "query": format!("client_id={CLIENT}")}), String::new(), &document(json!({})))
}

fn judged(uri: String) -> Work {
    Box::new(move || {
        done(redirect::judge(&uri, &[]));
        done(redirect::canonical(&uri, &[]));
        done(redirect::matches("http://localhost/cb", &uri, &[]));
        done(document::is_url(&uri));
    })
}

fn words(size: usize) -> String {
    (0..size).map(|number| format!("{number:x}")).collect::<Vec<_>>().join(" ")
}

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "scopes: all different",
        most: 16_000,
        ready: |size| {
            let text = words(size);
            Box::new(move || assert!(scope::parse(&text).is_some()))
        },
    },
    Row {
        name: "scopes: all alike",
        most: 60_000,
        ready: |size| {
            let text = "read ".repeat(size / 5);
            Box::new(move || assert!(scope::parse(&text).is_some()))
        },
    },
    Row {
        name: "scopes: blanks",
        most: 60_000,
        ready: |size| {
            let text = " ".repeat(size);
            Box::new(move || assert!(scope::parse(&text).is_some()))
        },
    },
    Row {
        name: "scopes: what of them may be",
        most: 16_000,
        ready: |size| {
            let wanted = words(size).split(' ').map(String::from).collect::<Vec<_>>();
            let mut allowed = wanted.clone();
            allowed.reverse();
            Box::new(move || assert_eq!(scope::within(&wanted, &allowed).len(), wanted.len()))
        },
    },
    Row {
        name: "authorization request: many scopes",
        most: 16_000,
        ready: |size| authorize("scope", &words(size), &document(json!({}))),
    },
    Row {
        name: "authorization request: a long state",
        most: 60_000,
        ready: |size| authorize("state", &"%".repeat(size), &document(json!({}))),
    },
    Row {
        name: "authorization request: a resource of slashes",
        most: 60_000,
        ready: |size| authorize("resource", &format!("{SITE}{}", "/".repeat(size)), &document(json!({}))),
    },
    Row {
        name: "authorization request: a long client_id",
        most: 60_000,
        ready: |size| authorize("client_id", &format!("https://{}/", "a.".repeat(size / 2)), "{}"),
    },
    Row {
        name: "authorization request: a long redirect_uri",
        most: 60_000,
        ready: |size| authorize("redirect_uri", &format!("https://{}", "?a=b&".repeat(size / 5)), &document(json!({}))),
    },
    Row {
        name: "authorization request: a long prompt",
        most: 60_000,
        ready: |size| authorize("prompt", &"x ".repeat(size / 2), &document(json!({}))),
    },
    Row {
        name: "authorization request: many resources",
        most: 64,
        ready: |size| {
            let pairs = vec![("resource", "https://mcp.example.com/mcp"); size];
            send("authorize", json!({"query": form::write(&pairs)}), String::new(), "{}")
        },
    },
    Row {
        name: "client metadata: many redirect URIs",
        most: 4_800,
        ready: |size| {
            let uris = (0..size / 24).map(|number| format!("https://a.example/{number:04}"));
            authorize("state", "a", &document(json!({"redirect_uris": uris.collect::<Vec<_>>()})))
        },
    },
    Row {
        name: "client metadata: a long name",
        most: 4_800,
        ready: |size| authorize("state", "a", &document(json!({"client_name": "\u{202e}".repeat(size / 3)}))),
    },
    Row {
        name: "client metadata: too long",
        most: 60_000,
        ready: |size| authorize("state", "a", &document(json!({"a": "x".repeat(size)}))),
    },
    Row {
        name: "a client's name",
        most: 16_000,
        ready: |size| {
            let text = " \u{200b}".repeat(size / 4);
            Box::new(move || done(presentable(&text)))
        },
    },
    Row {
        name: "registration: many redirect URIs",
        most: 15_000,
        ready: |size| {
            let uris = (0..size / 24).map(|number| format!("https://a.example/{:04}", 9999 - number));
            send("register", json!({}), json!({"redirect_uris": uris.collect::<Vec<_>>()}).to_string(), "")
        },
    },
    Row {
        name: "registration: one redirect URI again and again",
        most: 15_000,
        ready: |size| {
            send(
                "register",
                json!({}),
                json!({"redirect_uris": vec!["http://localhost:1/cb"; size / 24]}).to_string(),
                "",
            )
        },
    },
    Row {
        name: "registration: many grant types",
        most: 15_000,
        ready: |size| {
            send(
                "register",
                json!({}),
                json!({"redirect_uris": ["https://a.example/cb"], "grant_types": vec!["a"; size / 4]}).to_string(),
                "",
            )
        },
    },
    Row {
        name: "redirect URI: a long query",
        most: 2_000,
        ready: |size| judged(format!("https://a.example/?{}", "a=b&".repeat(size / 4))),
    },
    Row { name: "redirect URI: colons", most: 2_000, ready: |size| judged("a:".repeat(size / 2)) },
    Row {
        name: "redirect URI: too long",
        most: 60_000,
        ready: |size| judged(format!("https://a.example/{}", "a".repeat(size))),
    },
    Row { name: "token request: a code that is made up", most: 60_000, ready: |size| token("code", &"A".repeat(size)) },
    Row { name: "token request: many scopes", most: 16_000, ready: |size| token("scope", &words(size)) },
    Row {
        name: "token request: a long verifier",
        most: 60_000,
        ready: |size| token("code_verifier", &"A".repeat(size)),
    },
    Row {
        name: "token request: Authorization: Basic",
        most: 60_000,
        ready: |size| {
            send(
                "token",
                json!({"authorization": format!("Basic {}", "Ojo6".repeat(size / 4))}),
                "grant_type=client_credentials".into(),
                "{}",
            )
        },
    },
    Row {
        name: "revocation: a token that is made up",
        most: 60_000,
        ready: |size| {
            send("revoke", json!({}), format!("client_id={CLIENT}&token={}", "A".repeat(size)), &document(json!({})))
        },
    },
    Row {
        name: "introspection: a token that is made up",
        most: 60_000,
        ready: |size| {
            send("introspect", json!({"authorization": "Basic YTpi"}), format!("token={}", "A".repeat(size)), "")
        },
    },
    Row {
        name: "callback: a state that is made up",
        most: 60_000,
        ready: |size| {
            send("callback", json!({"query": format!("code=a&state={}", "A".repeat(size))}), String::new(), "")
        },
    },
    Row {
        name: "consent: a form that is made up",
        most: 60_000,
        ready: |size| {
            send("authorize", json!({"originHeader": SITE}), format!("request={}&decision=allow", "A".repeat(size)), "")
        },
    },
    Row {
        name: "connected apps: a form that is made up",
        most: 60_000,
        ready: |size| {
            send("connected", json!({"originHeader": SITE}), format!("page={}&revoke=a", "A".repeat(size)), "")
        },
    },
    Row {
        name: "Cookie: many",
        most: 60_000,
        ready: |size| send("connected", json!({"cookie": "a=b; ".repeat(size / 5)}), String::new(), ""),
    },
    Row {
        name: "Cookie: ours, again and again",
        most: 60_000,
        ready: |size| {
            send("connected", json!({"cookie": "__Host-wicket-account=b; ".repeat(size / 25)}), String::new(), "")
        },
    },
    Row {
        name: "Cookie: semicolons",
        most: 60_000,
        ready: |size| send("connected", json!({"cookie": "; ".repeat(size / 2)}), String::new(), ""),
    },
    Row { name: "CF-Connecting-IP", most: 60_000, ready: |size| headed("peer", "1:".repeat(size / 2)) },
    Row {
        name: "the path of metadata",
        most: 60_000,
        ready: |size| {
            send(
                "metadata",
                json!({"path": format!("/.well-known/oauth-protected-resource{}", "/a".repeat(size / 2))}),
                String::new(),
                "",
            )
        },
    },
];
