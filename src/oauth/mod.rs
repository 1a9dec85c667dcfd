//! The authorization server (OAuth 2.1, MCP authorization): registration, authorize, consent, callback, token, revocation.
//!
//! It issues its own tokens. *Who* the person is, it asks an [`identity::Identity`]: an upstream provider, or a directory of
//! its own. Flows in the Worker (this folder) talk to clients and browsers; what has to happen once is decided inside
//! objects ([`object`]), whose flows see nothing but their own rows. `docs/storage.md` lists what is kept where.

pub mod access;
mod account;
mod admission;
mod approval;
mod asking;
pub mod authorize;
pub mod callback;
pub mod client;
pub mod connected;
pub mod consent;
mod copy;
pub mod credential;
pub mod document;
pub mod error;
pub mod giving;
pub mod grant;
pub mod identity;
pub mod introspect;
mod ledger;
pub mod metadata;
pub mod object;
pub mod operator;
mod outbox;
pub mod page;
mod record;
pub mod redeem;
pub mod redirect;
pub mod refresh;
pub mod register;
pub mod request;
pub mod revoke;
pub(crate) mod rule;
pub mod scope;
pub mod server;
pub mod signing;
pub mod token;
pub mod transaction;

use crate::crypto::Keys;
use crate::flow::Flow;
use crate::http::Answer;
pub use identity::Identity;
pub use page::Reply;
pub use request::{Endpoint, Request};
pub use server::Server;

/// What every flow of the Worker needs: the set-up, the keys, and the way to know a person.
#[derive(Debug)]
pub struct Site<'a, I> {
    /// The set-up.
    pub server: &'a Server,
    /// The keys that seal.
    pub keys: &'a Keys,
    /// Who can tell who the person is.
    pub identity: &'a I,
    /// The issuer identifier (RFC 8414 §2): configured, else the origin of the request.
    pub issuer: String,
}

/// Answers one request to the authorization server. A refusal names the client that the request names.
pub async fn serve<I: Identity>(flow: &Flow<'_>, site: &Site<'_, I>, request: &Request<'_>, body: &str) -> Reply {
    let mut reply = answer(flow, site, request, body).await;
    if let Some(refused) = reply.refused() {
        refused.client = request.named_client(body);
    }
    reply
}

async fn answer<I: Identity>(flow: &Flow<'_>, site: &Site<'_, I>, request: &Request<'_>, body: &str) -> Reply {
    if let Some(answer) = request.preflight() {
        return Reply::Answer(answer);
    }
    let reply = match request.endpoint {
        Endpoint::Authorize => return authorize::serve(flow, site, request, body).await,
        Endpoint::Connected => return connected::serve(flow, site, request, body).await,
        Endpoint::Callback => return callback::serve(flow, site, request).await,
        Endpoint::Metadata => metadata::serve(site, request),
        Endpoint::Keys => signing::published(flow, site).await,
        Endpoint::Register => register::serve(flow, site, request, body).await,
        Endpoint::Token => token::serve(flow, site, request, body).await,
        Endpoint::Introspect => introspect::serve(flow, site, request, body).await,
        Endpoint::Revoke => revoke::serve(flow, site, request, body).await,
    };
    Reply::Answer(shared(reply))
}

/// The answer where not even the server's key can be had: for people a page, for programs what the endpoint says in such a case.
#[must_use]
pub fn away(request: &Request<'_>) -> Reply {
    match request.endpoint {
        Endpoint::Authorize | Endpoint::Connected | Endpoint::Callback => {
            page::trouble(page::Trouble::Unavailable, None)
        }
        _ => Reply::Answer(shared(error::unavailable().answer(false))),
    }
}

/// Clients in web pages read these answers, whatever page they are on: nothing in them depends on a cookie.
fn shared(answer: Answer) -> Answer {
    answer
        .with("access-control-allow-origin", "*")
        .with("access-control-expose-headers", "WWW-Authenticate, Retry-After")
}
