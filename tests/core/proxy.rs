//! Signing in at an upstream: what is sent there, what is believed of what comes back, and who may go on.

mod allow;
mod azure;
mod config;
mod credential;
mod generic;
mod github;
mod google;
mod id_token;
mod lies;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mcp_wicket::auth::proxy::Handler;
use mcp_wicket::http::form::Params;
use mcp_wicket::json::Object;
use mcp_wicket::oauth::identity::{Back, Begin, Begun, Denied, Identity as _, Person};
use serde_json::{Value as Json, json};

use crate::world::{Ended, NOW, Said, World};

pub(crate) const CALLBACK: &str = "https://mcp.example/callback";
pub(crate) const STATE: &str = "state-of-this-sign-in";

pub(crate) fn read(config: &Json) -> Result<Handler, String> {
    let text = config.to_string();
    Handler::read(&Object::read(&text).unwrap())
}

/// The handler of `config`, with a client of its own where the test does not say otherwise.
pub(crate) fn handler(config: Json) -> Handler {
    let mut whole = json!({ "clientId": "Iv1.client", "clientSecret": "s3cret" });
    whole.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    read(&whole).unwrap()
}

/// Begins a sign-in; the parameters of the URL, and what is kept.
pub(crate) fn begin(handler: &Handler, world: World<'_>) -> (String, Params, Begun) {
    let sign_in = Begin { state: STATE, callback: CALLBACK };
    let begun = world.run(async |flow| handler.begin(flow, &sign_in).await).answer.unwrap().unwrap();
    let (endpoint, query) = begun.url.split_once('?').unwrap();
    (endpoint.into(), Params::read(query).unwrap(), begun)
}

/// What was kept of a sign-in that has begun in a world that does not matter.
pub(crate) fn kept(handler: &Handler) -> String {
    begin(handler, World::silent()).2.kept
}

pub(crate) fn nonce(kept: &str) -> String {
    serde_json::from_str::<Json>(kept).unwrap()["nonce"].as_str().unwrap().into()
}

/// Comes back with `query`.
pub(crate) fn come_back(
    handler: &Handler,
    kept: &str,
    query: &str,
    say: impl FnMut(&Json) -> Said,
) -> Ended<Result<Person, Denied>> {
    let query = Params::read(query).unwrap();
    let back = Back { query: &query, kept, callback: CALLBACK };
    World::new(say).run(async |flow| handler.come_back(flow, &back).await)
}

/// An answer over HTTP.
pub(crate) fn http(status: u16, body: &Json) -> Said {
    Said::Ok(json!({ "status": status, "body": body.to_string() }).to_string())
}

/// An ID token with these claims; nobody looks at its signature.
pub(crate) fn id_token(claims: &Json) -> String {
    let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}.c2ln", part(&json!({ "alg": "RS256", "kid": "1" })), part(claims))
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
