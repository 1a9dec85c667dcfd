//! Guards: each authentication pattern has one, which decides from a request's headers whether the request is admitted, and
//! as which caller.

#[cfg(feature = "oauth")]
pub mod access;
#[cfg(feature = "bearer")]
pub mod any_of;
#[cfg(feature = "jwt")]
pub mod api_key;
#[cfg(feature = "bearer")]
pub mod bearer;
#[cfg(feature = "oauth")]
pub mod external_tokens;
#[cfg(feature = "jwt")]
pub mod introspection;
#[cfg(feature = "jwt")]
pub mod jwt;
#[cfg(feature = "bearer")]
pub mod metadata;
pub mod no_auth;
#[cfg(feature = "jwt")]
pub mod verifier;

use serde::Serialize;

use crate::http::{Answer, Headers};

/// What a guard decides: `{"answer":{…}}` or `{"pass":{…}}`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum GuardDecision {
    /// The request ends here.
    Answer(Answer),
    /// The request passes.
    Pass(Pass),
}

/// What the rest of the request needs to know.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Pass {
    /// Headers of every response to this request.
    pub headers: Headers,
}
