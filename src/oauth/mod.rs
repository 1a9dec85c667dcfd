//! The authorization server (OAuth 2.1, MCP authorization): registration, authorize, consent, callback, token, revocation.
//!
//! It issues its own tokens. *Who* the person is, it asks an [`Identity`]: an upstream, or the app itself. Flows in the
//! Worker talk to clients ([`endpoints`]) and to people ([`browser`]); what may happen only once is decided inside
//! objects ([`object`]), whose flows see only their own rows. `docs/storage.md` lists what is stored where.

pub mod access_token;
pub(crate) mod audit;
pub mod authorization_request;
pub mod browser;
pub mod client;
pub(crate) mod code;
pub mod config;
pub mod endpoints;
pub mod error;
pub(crate) mod network_limits;
pub mod object;
pub mod operator;
pub mod pkce;
mod record;
pub mod redirect;
pub(crate) mod refresh_token;
pub mod renewal;
pub mod request;
pub(crate) mod revocation_rules;
pub mod scope;
pub mod signing;

use crate::crypto::Keys;
use crate::flow::Flow;
use crate::http::Answer;
use crate::identity::Identity;
use browser::page;
pub use browser::page::Reply;
pub use config::ServerConfig;
pub use endpoints::table::Endpoint;
use endpoints::table::{self, Pages};
pub use request::Request;

/// What every flow of the Worker needs: the configuration, the keys, and the identity.
#[derive(Debug)]
pub struct AuthorizationServer<'a, I> {
    /// The configuration.
    pub config: &'a ServerConfig,
    /// The keys that seal.
    pub keys: &'a Keys,
    /// Identifies people.
    pub identity: &'a I,
    /// The issuer identifier (RFC 8414 §2): configured, or else the request's own origin.
    pub issuer: String,
}

impl<I> AuthorizationServer<'_, I> {
    /// The URL of an endpoint.
    #[must_use]
    pub fn url(&self, endpoint: Endpoint) -> String {
        [self.issuer.as_str(), self.config.path(endpoint)].concat()
    }
}

impl<I: Identity> AuthorizationServer<'_, I> {
    /// The typed subject of the person with this ID at the identity: `user:<identity>:<id>`.
    #[must_use]
    pub fn subject(&self, id: &str) -> String {
        ["user:", self.identity.name(), ":", id].concat()
    }
}

/// Answers one request to the authorization server. A refusal contains the client's name if the request has one.
pub async fn serve<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    body: &str,
) -> Reply {
    let mut reply = answer(flow, server, request, body).await;
    if let Some(refused) = reply.refused() {
        refused.client = request.named_client(body);
    }
    reply
}

async fn answer<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    body: &str,
) -> Reply {
    if let Some(answer) = request.preflight() {
        return Reply::Answer(answer);
    }
    match table::serve(flow, server, request, body).await {
        Reply::Answer(answer) if request.endpoint.row().pages == Pages::Any => Reply::Answer(shared(answer)),
        reply => reply,
    }
}

/// The response if not even the server's key is available: a page for people, the endpoint's own error for programs.
#[must_use]
pub fn unavailable(request: &Request<'_>) -> Reply {
    let answer = || error::unavailable().answer(false);
    match request.endpoint.row().pages {
        Pages::Any => Reply::Answer(shared(answer())),
        Pages::Own => page::error_page(page::ErrorReason::Unavailable, None),
        Pages::None => Reply::Answer(answer()),
    }
}

/// Clients in web pages of any origin may read these responses: nothing in them depends on a cookie.
fn shared(answer: Answer) -> Answer {
    answer
        .with("access-control-allow-origin", "*")
        .with("access-control-expose-headers", "WWW-Authenticate, Retry-After")
}
