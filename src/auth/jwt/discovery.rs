//! Where an issuer's keys and endpoints are: its metadata (`OpenID` Connect Discovery 1.0 §4, RFC 8414 §3).

use crate::http::origin::origin_of;
use crate::json::Object;

/// The URLs at which an issuer's metadata may be, in the order in which they are tried.
#[must_use]
pub fn urls(issuer: &str) -> [String; 2] {
    let origin = origin_of(issuer);
    let path = issuer.get(origin.len()..).unwrap_or_default().trim_end_matches('/');
    [
        [origin, path, "/.well-known/openid-configuration"].concat(),
        [origin, "/.well-known/oauth-authorization-server", path].concat(),
    ]
}

/// The URL that is the member `name` of a metadata document (`jwks_uri`, …); nothing if the document is another issuer's
/// (RFC 8414 §3.3) or has none that may be fetched.
#[must_use]
pub fn url_in(document: &str, issuer: &str, name: &str) -> Option<String> {
    let document = Object::read(document).ok()?;
    let url = document.string(name)?;
    (document.string("issuer")? == issuer && may_be_fetched(&url)).then(|| url.into_owned())
}

/// https, or http to loopback while developing. (The shim refuses all else once more.)
#[must_use]
pub fn may_be_fetched(url: &str) -> bool {
    let plain = ["http://localhost", "http://127.0.0.1", "http://[::1]"];
    let on_loopback =
        |start: &&str| url.strip_prefix(*start).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']));
    url.starts_with("https://") || plain.iter().any(on_loopback)
}
