//! The authentication patterns. Each is a guard: it decides from a request's head whether the request goes on, and as
//! whom.

#[cfg(feature = "oauth")]
pub mod access;
#[cfg(feature = "jwt")]
pub mod answer;
#[cfg(feature = "jwt")]
pub mod api_key;
#[cfg(feature = "oauth")]
pub mod app;
#[cfg(feature = "bearer")]
pub mod bearer;
#[cfg(feature = "oauth")]
pub mod further;
#[cfg(feature = "oauth")]
pub mod handler;
#[cfg(feature = "jwt")]
pub mod introspection;
#[cfg(feature = "jwt")]
pub mod jwt;
#[cfg(feature = "bearer")]
pub mod metadata;
pub mod no_auth;
#[cfg(feature = "oauth")]
pub mod proxy;
#[cfg(feature = "jwt")]
pub mod verifier;

use crate::http::{Answer, Headers, headers_to_json};
use crate::json::Members;

/// What a guard decides: `{"answer":{…}}` or `{"pass":{…}}`.
#[derive(Debug)]
pub enum Guarded {
    /// The request ends here.
    Answer(Answer),
    /// The request goes on.
    Pass(Pass),
}

/// What the rest of the request needs to know.
#[derive(Debug)]
pub struct Pass {
    /// Headers that every answer to this request carries.
    pub headers: Headers,
    /// True if the like of it goes on from whatever address.
    pub any_peer: bool,
}

impl Guarded {
    /// The decision as the shim reads it.
    #[must_use]
    pub fn to_json(&self) -> String {
        let guarded = Members::new();
        match self {
            Self::Answer(answer) => guarded.raw("answer", &answer.to_json()),
            Self::Pass(pass) => {
                let any_peer = if pass.any_peer { "true" } else { "false" };
                let headers = headers_to_json(&pass.headers);
                guarded.object("pass", Members::new().raw("headers", &headers).raw("anyPeer", any_peer))
            }
        }
        .end()
    }
}
