//! The documents that clients begin with: authorization server metadata (RFC 8414, `OpenID` Connect Discovery) and protected
//! resource metadata (RFC 9728).

use super::record::{Members, list};
use super::{Request, Site};
use crate::http::Answer;

/// A client may keep a document this long.
const AGE: &str = "public, max-age=300";

/// The authorization server's document.
#[must_use]
pub fn server<I>(site: &Site<'_, I>, _request: &Request<'_>) -> Answer {
    let (issuer, paths) = (&site.issuer, &site.server.paths);
    let at = |path: &str| [issuer, path].concat();
    let methods = list(["none", "client_secret_basic", "client_secret_post"]);
    let mut document = Members::new()
        .text("issuer", issuer)
        .text("authorization_endpoint", &at(&paths.authorize))
        .text("token_endpoint", &at(&paths.token))
        .text("revocation_endpoint", &at(&paths.revoke));
    if site.server.registration {
        document = document.text("registration_endpoint", &at(&paths.register));
    }
    if !site.server.resource_servers.is_empty() {
        document = document
            .text("introspection_endpoint", &at(&paths.introspect))
            .texts("introspection_endpoint_auth_methods_supported", ["client_secret_basic", "client_secret_post"]);
    }
    let document = super::signing::described(site.server, issuer, document)
        .flag("client_id_metadata_document_supported", site.server.documents)
        .texts("scopes_supported", site.server.scopes.iter().map(String::as_str))
        .texts("response_types_supported", ["code"])
        .texts("response_modes_supported", ["query"])
        .texts("grant_types_supported", ["authorization_code", "refresh_token"])
        .raw("token_endpoint_auth_methods_supported", &methods)
        .raw("revocation_endpoint_auth_methods_supported", &methods)
        .texts("code_challenge_methods_supported", ["S256"])
        .raw("authorization_response_iss_parameter_supported", "true");
    Answer::json(200, document.end()).with("cache-control", AGE)
}

/// The protected resource's document. At the root it is the canonical resource's; at `…/<path>` that of the route `<path>`.
#[must_use]
pub fn resource<I>(site: &Site<'_, I>, request: &Request<'_>) -> Answer {
    let asked = request.path.strip_prefix(RESOURCE).unwrap_or_default();
    let known = site.server.resources.iter().find(|path| *path == asked);
    let resource = match known {
        Some(path) => [&site.issuer, path.as_str()].concat(),
        None if matches!(asked, "" | "/") => site.server.resource(&site.issuer),
        None => return Answer::empty(404),
    };
    let document = Members::new()
        .text("resource", &resource)
        .texts("authorization_servers", [site.issuer.as_str()])
        .texts("scopes_supported", site.server.scopes.iter().map(String::as_str))
        .texts("bearer_methods_supported", ["header"])
        .maybe("resource_name", site.server.name.as_deref());
    Answer::json(200, document.end()).with("cache-control", AGE)
}

/// RFC 9728 §3.
pub const RESOURCE: &str = "/.well-known/oauth-protected-resource";
