//! Well-known URIs (RFC 8615) that clients request to find out how to sign in.

use serde::Serialize;

use super::origin::origin_of;

/// RFC 8414 §3.
pub const AUTHORIZATION_SERVER: &str = "oauth-authorization-server";
/// RFC 9728 §3.
pub const PROTECTED_RESOURCE: &str = "oauth-protected-resource";
/// OpenID Connect Discovery 1.0 §4.
pub const OPENID_CONFIGURATION: &str = "openid-configuration";

/// The URLs at which an issuer's metadata may be, in the order in which they are tried: `https://x/t` →
/// `https://x/t/.well-known/openid-configuration`, `https://x/.well-known/oauth-authorization-server/t`.
#[must_use]
pub fn of_issuer(issuer: &str) -> [String; 2] {
    let origin = origin_of(issuer);
    let path = issuer.get(origin.len()..).unwrap_or_default().trim_end_matches('/');
    [
        [origin, path, "/.well-known/", OPENID_CONFIGURATION].concat(),
        [origin, "/.well-known/", AUTHORIZATION_SERVER, path].concat(),
    ]
}

/// The paths by which JavaScript routes.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct WellKnown {
    /// The path of the resource's metadata.
    pub resource: String,
    /// The beginnings of the names of documents that belong to a sign-in.
    pub names: [&'static str; 2],
    /// The paths that clients try if there is no metadata (MCP 2025-03-26 §2.3.3).
    pub endpoints: [&'static str; 3],
}

/// See [`WellKnown`].
#[must_use]
pub fn routes() -> WellKnown {
    WellKnown {
        resource: ["/.well-known/", PROTECTED_RESOURCE].concat(),
        names: ["oauth-", OPENID_CONFIGURATION],
        endpoints: ["/authorize", "/token", "/register"],
    }
}
