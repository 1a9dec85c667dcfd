//! Bearer tokens, and what issuers publish and answer.

use mcp_wicket::crypto::{Keys, Purpose, SealContext, base64, encode};
use mcp_wicket::guard::bearer::{RateLimitInput, refuse, token_of};
use mcp_wicket::guard::jwt::VerifierInput;
use mcp_wicket::guard::jwt::claims::scopes;
use mcp_wicket::guard::verifier::Verifier;
use mcp_wicket::jose::compact::UntrustedToken;
use mcp_wicket::jose::jwk;
use mcp_wicket::jose::numeric_date::thousandths;
use mcp_wicket::json::Object;
use serde_json::{Value as Json, json};

use super::{Row, Work, done};
use crate::world::{NOW, Said, World};

const SECRET: &str = "7Hq2vZ4cX9mK1pR8sT5wY3nB6dF0gJ2lQ8uE4iO6aL1";

fn authorization(header: String) -> Work {
    Box::new(move || done(token_of(Some(&header)).is_ok()))
}

/// A verifier with these options is shown this token; issuers answer with this text.
fn verified(options: &Json, token: &str, answer: &str) -> Work {
    let options = options.to_string();
    let input = json!({"token": token}).to_string();
    let said = Said::Ok(json!({"at": NOW, "status": 200, "body": answer}).to_string());
    Box::new(move || {
        let verifier = Verifier::read(&options).unwrap();
        let request = VerifierInput::read(&input, "").unwrap();
        let world =
            World::new(|effect| if effect["kind"] == "verify" { Said::Ok("true".into()) } else { said.clone() });
        done(world.run(async |flow| mcp_wicket::json::write(&verifier.verify(flow, &request).await)));
    })
}

fn token(header: &Json, claims: &str) -> String {
    [encode(header.to_string().as_bytes()), encode(claims.as_bytes()), encode(&[7; 64])].join(".")
}

fn key(more: Json) -> Json {
    let mut key = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    key
}

/// A token with these claims that the configured key has signed.
fn jwt(more: Json) -> Work {
    let options = json!({"issuer": ["https://i.example"], "audience": ["me"], "keys": [key(json!({}))]});
    let mut claims = json!({"iss": "https://i.example", "aud": "me", "sub": "ann", "exp": NOW / 1000 + 900});
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    verified(&options, &token(&json!({"alg": "EdDSA"}), &claims.to_string()), "")
}

/// What an introspection endpoint answers.
fn introspected(more: Json) -> Work {
    let options = json!({"kind": "introspection", "issuer": ["https://i.example"], "audience": ["me"],
                         "endpoint": "https://i.example/introspect", "clientId": "a", "clientSecret": "b"});
    let mut answer = json!({"active": true, "iss": "https://i.example", "aud": "me", "sub": "ann", "token_type": "bearer",
                            "exp": NOW / 1000 + 900});
    answer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    verified(&options, "token", &answer.to_string())
}

/// A set of keys that an issuer publishes.
fn set(set: &Json) -> Work {
    let text = set.to_string();
    Box::new(move || {
        if let Some((usable, _)) = jwk::read_set(&text) {
            done(jwk::write_checked(&usable));
        }
    })
}

fn words(size: usize) -> String {
    (0..size).map(|number| format!("{number:x}")).collect::<Vec<_>>().join(" ")
}

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "Authorization: a long token",
        most: 100_000,
        ready: |size| authorization("Bearer ".to_owned() + &"a".repeat(size)),
    },
    Row { name: "Authorization: spaces", most: 100_000, ready: |size| authorization(" ".repeat(size)) },
    Row {
        name: "Authorization: spaces before the token",
        most: 100_000,
        ready: |size| authorization(format!("Bearer{}a", " ".repeat(size))),
    },
    Row { name: "Authorization: another scheme", most: 100_000, ready: |size| authorization("a".repeat(size)) },
    Row {
        name: "base64",
        most: 100_000,
        ready: |size| {
            let text = "QUJD".repeat(size / 4);
            Box::new(move || assert!(base64::decode(&text).is_some() && base64::decode_url(&text).is_some()))
        },
    },
    Row {
        name: "JWT: dots",
        most: 16_000,
        ready: |size| {
            let text = ".".repeat(size);
            Box::new(move || done(UntrustedToken::parse(&text).is_ok()))
        },
    },
    Row {
        name: "JWT: a long signature",
        most: 16_000,
        ready: |size| {
            let text = format!("e30.e30.{}", "A".repeat(size));
            Box::new(move || done(UntrustedToken::parse(&text).is_ok()))
        },
    },
    Row { name: "JWT: many scopes", most: 2_400, ready: |size| jwt(json!({"scope": words(size)})) },
    Row {
        name: "JWT: many scopes in a list",
        most: 1_600,
        ready: |size| jwt(json!({"scp": words(size).split(' ').collect::<Vec<_>>()})),
    },
    Row {
        name: "JWT: many audiences",
        most: 1_600,
        ready: |size| jwt(json!({"aud": words(size).split(' ').chain(["me"]).collect::<Vec<_>>()})),
    },
    Row { name: "JWT: a long subject", most: 8_000, ready: |size| jwt(json!({"sub": ":".repeat(size)})) },
    Row {
        name: "JWT: claims that are nested",
        most: 8_000,
        ready: |size| jwt(json!({"a": vec![json!({"b": [1]}); size / 12]})),
    },
    Row {
        name: "JWT: a long header",
        most: 8_000,
        ready: |size| {
            let options = json!({"issuer": ["https://i.example"], "audience": ["me"], "keys": [key(json!({}))]});
            verified(&options, &token(&json!({"alg": "EdDSA", "kid": "\"".repeat(size / 2)}), "{}"), "")
        },
    },
    Row {
        name: "JWT: a date of many digits",
        most: 50_000,
        ready: |size| {
            let text = "0".repeat(size / 2) + "." + &"0".repeat(size / 2);
            Box::new(move || done(thousandths(&text)))
        },
    },
    Row {
        name: "claims: scopes of which many are alike",
        most: 40_000,
        ready: |size| {
            let text = json!({"scope": words(size / 5), "scp": words(size / 5)}).to_string();
            Box::new(move || done(scopes(&Object::read(&text).unwrap())))
        },
    },
    Row {
        name: "JWKS: as many keys as may be",
        most: 100,
        ready: |size| {
            set(&json!({"keys": (0..size).map(|kid| key(json!({"kid": kid.to_string()}))).collect::<Vec<_>>()}))
        },
    },
    Row { name: "JWKS: too many keys", most: 20_000, ready: |size| set(&json!({"keys": vec![json!({}); size]})) },
    Row {
        name: "JWKS: keys with much beside them",
        most: 200_000,
        ready: |size| set(&json!({"keys": vec![key(json!({"x5c": "x".repeat(size / 100)})); 100]})),
    },
    Row {
        name: "JWKS: a key for many operations",
        most: 20_000,
        ready: |size| set(&json!({"keys": [key(json!({"key_ops": words(size / 8).split(' ').collect::<Vec<_>>()}))]})),
    },
    Row {
        name: "JWKS: a large modulus",
        most: 200_000,
        ready: |size| set(&json!({"keys": [{"kty": "RSA", "e": "AQAB", "n": "z".repeat(size / 4 * 4)}]})),
    },
    Row {
        name: "an introspection answer: many scopes",
        most: 16_000,
        ready: |size| introspected(json!({"scope": words(size)})),
    },
    Row {
        name: "an introspection answer: nested",
        most: 100_000,
        ready: |size| {
            let deep = (0..120).fold(json!("x".repeat(size)), |inner, _| json!({"a": inner}));
            introspected(json!({"a": deep}))
        },
    },
    Row {
        name: "an API key",
        most: 50_000,
        ready: |size| {
            let options = json!({"kind": "api-keys", "prefix": "wk", "keys": [{"id": "demo", "hash": "lgRs3eEfjPmcvjwkRCO8iJDoESGa07Co0gqa23HxMWA"}]});
            verified(&options, &("wk".to_owned() + &"_".repeat(size)), "")
        },
    },
    Row {
        name: "what is sealed, and does not open",
        most: 100_000,
        ready: |size| {
            let keys = Keys::parse(SECRET).unwrap();
            let text = "A".repeat(size / 4 * 4);
            Box::new(move || {
                let binding = SealContext { purpose: Purpose::Session, issuer: "", audience: "" };
                done(keys.open_text(&binding, &text));
                done(keys.may_have_sealed(&text));
            })
        },
    },
    Row {
        name: "a challenge, with the scopes that are asked for",
        most: 50_000,
        ready: |size| {
            let text = json!({"refused": "scope", "scope": "\"".repeat(size)}).to_string();
            Box::new(move || done(mcp_wicket::json::write(&refuse(&mcp_wicket::json::read(&text).unwrap()))))
        },
    },
    Row {
        name: "a caller that is counted",
        most: 50_000,
        ready: |size| {
            let text = json!({"most": 1, "principal": "x".repeat(size)}).to_string();
            Box::new(move || done(mcp_wicket::json::read::<RateLimitInput>(&text)))
        },
    },
];
