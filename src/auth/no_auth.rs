//! Pattern 1, no authentication: whoever reaches the URL may use the server.
//!
//! What is left to decide is which web pages may (see [`crate::http::origin`]). It does *not* keep out programs.

use std::borrow::Cow;

use super::{Guarded, Pass};
use crate::http::origin::{Foreign, Policy, Sender};
use crate::http::{Answer, cors};
use crate::json::{Object, Value};
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
    /// True if the request needs a token that no browser and no proxy adds by itself: then every page may ask.
    pub bearer: bool,
    /// `Origin`.
    pub origin: Option<Cow<'a, str>>,
    /// `Host`.
    pub host: Option<Cow<'a, str>>,
    /// `CF-Connecting-IP`, which Cloudflare's edge sets and nobody else can.
    pub peer: Option<Cow<'a, str>>,
    /// [`Sender::proxied`].
    pub proxied: bool,
    /// [`Sender::browser`].
    pub browser: bool,
    /// `Access-Control-Request-Headers`, for a preflight.
    pub requested_headers: Option<Cow<'a, str>>,
}

impl<'a> Head<'a> {
    /// Reads what the shim hands over.
    #[must_use]
    pub fn read(input: &'a str) -> Option<Self> {
        let input = Object::read(input).ok()?;
        let flag = |name| input.get(name).is_some_and(Value::is_true);
        Some(Self {
            method: input.string("method")?,
            url: input.string("url")?,
            methods: input.string("methods")?,
            bearer: flag("bearer"),
            origin: input.string("origin"),
            host: input.string("host"),
            peer: input.string("peer"),
            proxied: flag("proxied"),
            browser: flag("browser"),
            requested_headers: input.string("requestedHeaders"),
        })
    }
}

/// Waits: none.
#[must_use]
pub fn guard(policy: &Policy, head: &Head<'_>) -> Guarded {
    let origin = head.origin.as_deref();
    if !head.bearer {
        let (host, peer) = (head.host.as_deref(), head.peer.as_deref());
        let sender = Sender { origin, host, peer, proxied: head.proxied, browser: head.browser };
        if let Err(foreign) = policy.judge(&head.url, sender) {
            return Guarded::Answer(refuse(foreign));
        }
    }
    let headers = cors::headers(origin);
    if head.method == "OPTIONS" {
        let mut answer = cors::preflight(&head.methods, head.requested_headers.as_deref());
        answer.headers.extend(headers);
        return Guarded::Answer(answer.with("allow", String::from(head.methods.as_ref()) + ", OPTIONS"));
    }
    Guarded::Pass(Pass { headers, any_peer: head.bearer || policy.knows(&head.url) })
}

fn refuse(foreign: Foreign) -> Answer {
    let message = match foreign {
        Foreign::Origin => "This origin may not use the server. Add it to `allowedOrigins` if it should.",
        Foreign::Host => {
            "A server on loopback does not answer to a name that a web page may have (DNS rebinding). Call it as localhost, \
             or add the host name to `allowedHosts` if it should answer to it."
        }
    };
    let answer = Fault::new(403, Code::InvalidRequest, message).answer(None);
    answer.with("vary", "Origin").refusing(foreign.name(), message)
}
