//! An authorization server's metadata (`OpenID` Connect Discovery 1.0 §4, RFC 8414 §3).

use serde::Deserialize;

use crate::json;

/// The metadata, as far as it is used here. A member of a wrong type counts as absent: what is not needed does no harm.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the names are the standard's")]
pub struct Metadata {
    pub issuer: String,
    #[serde(default, deserialize_with = "json::fitting")]
    pub authorization_endpoint: Option<String>,
    #[serde(default, deserialize_with = "json::fitting")]
    pub token_endpoint: Option<String>,
    #[serde(default, deserialize_with = "json::fitting")]
    pub userinfo_endpoint: Option<String>,
    #[serde(default, deserialize_with = "json::fitting")]
    pub jwks_uri: Option<String>,
    #[serde(default, deserialize_with = "json::fitting")]
    pub introspection_endpoint: Option<String>,
    #[serde(default, deserialize_with = "json::fitting")]
    pub revocation_endpoint: Option<String>,
    #[serde(default, deserialize_with = "json::fitting")]
    pub code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default, deserialize_with = "json::fitting")]
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default, deserialize_with = "json::fitting")]
    pub authorization_response_iss_parameter_supported: Option<bool>,
}

/// The metadata of `issuer`; `None` if the document belongs to another issuer (RFC 8414 §3.3, character by character).
#[must_use]
pub fn read(document: &str, issuer: &str) -> Option<Metadata> {
    json::read::<Metadata>(document).ok().filter(|metadata| metadata.issuer == issuer)
}

/// https, or http to loopback during development. (JavaScript checks this again.)
#[must_use]
pub fn may_be_fetched(url: &str) -> bool {
    let plain = ["http://localhost", "http://127.0.0.1", "http://[::1]"];
    let on_loopback =
        |start: &&str| url.strip_prefix(*start).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']));
    url.starts_with("https://") || plain.iter().any(on_loopback)
}
