//! Pattern 1, no authentication: anyone who can reach the URL may use the server.
//!
//! The guard only decides which web pages may use it (see [`crate::http::origin`]). It does *not* keep out programs.

use serde::Deserialize;

use super::{GuardDecision, Pass};
use crate::http::origin::{OriginPolicy, OriginRejection, RequestSource};
use crate::http::{Answer, cors};
use crate::jsonrpc::{Code, Fault};

/// The part of the request's head that matters here.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct GuardInput {
    /// HTTP method.
    pub method: String,
    /// Absolute URL.
    pub url: String,
    /// The methods of the route, for a preflight: `GET, POST, DELETE`.
    pub methods: String,
    /// True if the request needs a token that no browser and no proxy adds by itself: then every page may call.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>"))]
    pub bearer: bool,
    /// `Origin`.
    pub origin: Option<String>,
    /// `Host`.
    pub host: Option<String>,
    /// `CF-Connecting-IP`, which Cloudflare's edge sets and nobody else can.
    pub peer: Option<String>,
    /// [`RequestSource::proxied`].
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>"))]
    pub proxied: bool,
    /// [`RequestSource::browser`].
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>"))]
    pub browser: bool,
    /// `Access-Control-Request-Headers`, for a preflight.
    pub requested_headers: Option<String>,
}

/// Decides whether the request passes. Waits: none.
#[must_use]
pub fn guard(policy: &OriginPolicy, head: &GuardInput) -> GuardDecision {
    let origin = head.origin.as_deref();
    if !head.bearer {
        let (host, peer) = (head.host.as_deref(), head.peer.as_deref());
        let sender = RequestSource { origin, host, peer, proxied: head.proxied, browser: head.browser };
        if let Err(foreign) = policy.check(&head.url, sender) {
            return GuardDecision::Answer(refuse(foreign));
        }
    }
    let headers = cors::headers(origin);
    if head.method == "OPTIONS" {
        let mut answer = cors::preflight(&head.methods, head.requested_headers.as_deref());
        answer.headers.extend(headers);
        return GuardDecision::Answer(answer.with("allow", head.methods.clone() + ", OPTIONS"));
    }
    GuardDecision::Pass(Pass { headers })
}

fn refuse(foreign: OriginRejection) -> Answer {
    let message = match foreign {
        OriginRejection::Origin => "This origin is not allowed. If it should be, add it to `allowedOrigins`.",
        OriginRejection::Host => {
            "A server on loopback does not answer to a name that a web page may have (DNS rebinding). Call it as localhost, \
             or add the host name to `allowedHosts` if it should answer to it."
        }
    };
    let answer = Fault::new(403, Code::InvalidRequest, message).answer(None);
    answer.with("vary", "Origin").refusing(foreign.name(), message)
}
