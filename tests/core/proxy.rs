//! Signing in at an upstream: what is sent there, what is believed of what comes back, and who may go on.

mod allow;
mod azure;
mod config;
mod credential;
mod generic;
mod github;
mod google;
mod handler;
mod id_token;
mod lies;
mod outages;
mod revoking;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mcp_wicket::http::form::Params;
use mcp_wicket::identity::upstream::UpstreamHandler;
use mcp_wicket::identity::{Identity as _, Person, SignInCallback, SignInError, SignInStart, SignInStep};
use mcp_wicket::json::Object;
use serde_json::{Value as Json, json};

use crate::world::{Ended, NOW, Said, World};

pub(crate) const CALLBACK: &str = "https://mcp.example/callback";
pub(crate) const STATE: &str = "state-of-this-sign-in";

pub(crate) fn read(config: &Json) -> Result<UpstreamHandler, String> {
    let text = config.to_string();
    UpstreamHandler::read(&Object::read(&text).unwrap())
}

/// The handler of `config`, with a client of its own where the test does not say otherwise.
pub(crate) fn handler(config: Json) -> UpstreamHandler {
    let mut whole = json!({ "clientId": "Iv1.client", "clientSecret": "s3cret" });
    whole.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    read(&whole).unwrap()
}

/// A sign-in that has begun.
pub(crate) struct Begun {
    pub(crate) url: String,
    pub(crate) kept: String,
}

impl Begun {
    pub(crate) fn of(next: SignInStep) -> Self {
        let SignInStep::Go { url, kept } = next else { panic!("a provider is elsewhere: {next:?}") };
        Self { url, kept }
    }
}

/// Begins a sign-in; the parameters of the URL, and what is kept.
pub(crate) fn begin(handler: &UpstreamHandler, world: World<'_>) -> (String, Params, Begun) {
    let sign_in = SignInStart { state: STATE, callback: CALLBACK, switch: false };
    let begun = Begun::of(world.run(async |flow| handler.begin(flow, &sign_in).await).answer.unwrap().unwrap());
    let (endpoint, query) = begun.url.split_once('?').unwrap();
    (endpoint.into(), Params::read(query).unwrap(), begun)
}

/// What was kept of a sign-in that has begun in a world that does not matter.
pub(crate) fn kept(handler: &UpstreamHandler) -> String {
    begin(handler, World::silent()).2.kept
}

pub(crate) fn nonce(kept: &str) -> String {
    serde_json::from_str::<Json>(kept).unwrap()["nonce"].as_str().unwrap().into()
}

/// Comes back with `query`, where whatever is signed is signed with a published key.
pub(crate) fn continue_sign_in(
    handler: &UpstreamHandler,
    kept: &str,
    query: &str,
    say: impl FnMut(&Json) -> Said,
) -> Ended<Result<Person, SignInError>> {
    come_back_unsigned(handler, kept, query, signed(say))
}

/// Comes back with `query`; what is signed is the test's own business.
pub(crate) fn come_back_unsigned(
    handler: &UpstreamHandler,
    kept: &str,
    query: &str,
    say: impl FnMut(&Json) -> Said,
) -> Ended<Result<Person, SignInError>> {
    let query = Params::read(query).unwrap();
    let back = SignInCallback { query: &query, kept, callback: CALLBACK };
    World::new(say).run(async |flow| match handler.continue_sign_in(flow, &back).await? {
        SignInStep::Done(person) => Ok(person),
        next => panic!("a provider needs no other step: {next:?}"),
    })
}

/// Answers what is asked about signatures, and leaves the rest to `say`.
pub(crate) fn signed(mut say: impl FnMut(&Json) -> Said) -> impl FnMut(&Json) -> Said {
    move |effect| match effect["kind"].as_str().unwrap() {
        "document" => published(&key_set(&[json!({})])),
        "verify" => Said::Ok("true".into()),
        _ => say(effect),
    }
}

/// A key set as it is published.
pub(crate) fn published(set: &Json) -> Said {
    Said::Ok(json!({ "at": NOW, "body": set.to_string() }).to_string())
}

/// A set of RSA keys: `kid` 1, for signatures, each with these changes.
pub(crate) fn key_set(changes: &[Json]) -> Json {
    let modulus = [&[0xc1_u8; 255][..], &[0xc3]].concat();
    let key = json!({ "kty": "RSA", "kid": "1", "use": "sig", "n": URL_SAFE_NO_PAD.encode(modulus), "e": "AQAB" });
    json!({ "keys": changes.iter().map(|change| with(&key, change)).collect::<Vec<_>>() })
}

/// An answer over HTTP that says that too much was asked.
pub(crate) fn limited(status: u16, more: &Json) -> Said {
    let answer = with(&json!({ "status": status, "body": "{\"message\":\"slow down\"}" }), more);
    Said::Ok(answer.to_string())
}

/// An answer over HTTP.
pub(crate) fn http(status: u16, body: &Json) -> Said {
    Said::Ok(json!({ "status": status, "body": body.to_string() }).to_string())
}

/// An ID token with these claims; whether its signature is right, the test says.
pub(crate) fn id_token(claims: &Json) -> String {
    token(&json!({ "alg": "RS256", "kid": "1" }), claims)
}

pub(crate) fn token(header: &Json, claims: &Json) -> String {
    let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}.c2ln", part(header), part(claims))
}

/// `base` with `more` over it.
pub(crate) fn with(base: &Json, more: &Json) -> Json {
    let mut whole = base.clone();
    for (name, value) in more.as_object().unwrap() {
        if value.is_null() {
            whole.as_object_mut().unwrap().remove(name);
        } else {
            whole[name] = value.clone();
        }
    }
    whole
}

pub(crate) fn seconds() -> u64 {
    NOW / 1000
}
