//! Pattern 1, no authentication: whoever reaches the URL may use the server.
//!
//! What is left to decide is which web pages may (see [`crate::http::origin`]). It does *not* keep out programs.

use std::borrow::Cow;

use super::{Guarded, Pass};
use crate::http::origin::{Foreign, Policy};
use crate::http::{Answer, cors};
use crate::json::Object;
use crate::jsonrpc::{Code, Fault};

/// The head of a request, as much of it as matters here.
#[derive(Debug)]
pub struct Head<'a> {
    /// HTTP method.
    pub method: Cow<'a, str>,
    /// Absolute URL.
    pub url: Cow<'a, str>,
    /// The methods that the route knows, for a preflight: `GET, POST, DELETE`.
    pub methods: Cow<'a, str>,
    /// `Origin`.
    pub origin: Option<Cow<'a, str>>,
    /// `CF-Connecting-IP`, which Cloudflare's edge sets and nobody else can.
    pub peer: Option<Cow<'a, str>>,
    /// `Access-Control-Request-Headers`, for a preflight.
    pub requested_headers: Option<Cow<'a, str>>,
}

impl<'a> Head<'a> {
    /// Reads what the shim hands over.
    #[must_use]
    pub fn read(input: &'a str) -> Option<Self> {
        let input = Object::read(input).ok()?;
        Some(Self {
            method: input.string("method")?,
            url: input.string("url")?,
            methods: input.string("methods")?,
            origin: input.string("origin"),
            peer: input.string("peer"),
            requested_headers: input.string("requestedHeaders"),
        })
    }
}

/// Waits: none.
#[must_use]
pub fn guard(policy: &Policy, head: &Head<'_>) -> Guarded {
    let origin = head.origin.as_deref();
    if let Err(foreign) = policy.judge(&head.url, origin, head.peer.as_deref()) {
        return Guarded::Answer(refuse(foreign));
    }
    let headers = cors::headers(origin);
    if head.method == "OPTIONS" {
        let mut answer = cors::preflight(&head.methods, head.requested_headers.as_deref());
        answer.headers.extend(headers);
        return Guarded::Answer(answer.with("allow", String::from(head.methods.as_ref()) + ", OPTIONS"));
    }
    Guarded::Pass(Pass { headers, any_peer: policy.knows(&head.url) })
}

fn refuse(foreign: Foreign) -> Answer {
    let message = match foreign {
        Foreign::Origin => "This origin may not use the server. Add it to `allowedOrigins` if it should.",
        Foreign::Host => {
            "This server runs on loopback and answers only to localhost. Add the host name to `allowedHosts` if it should \
             answer to another."
        }
    };
    Fault::new(403, Code::InvalidRequest, message).answer(None).with("vary", "Origin")
}
