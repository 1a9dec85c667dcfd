//! The documents that clients begin with: authorization server metadata (RFC 8414, `OpenID` Connect Discovery) and protected
//! resource metadata (RFC 9728).

use super::record::{Members, list};
use super::{Request, Site};
use crate::http::Answer;
use crate::json::{object, quoted};

/// A client may keep a document this long.
const AGE: &str = "public, max-age=300";

/// Answers everything below `/.well-known/` that has one of the names. RFC 8414 §3.1 and RFC 9728 §3.1 put the path of what a
/// client asks about behind the name; clients also put the name behind the path, as OpenID Connect Discovery 1.0 §4 does. The
/// answer is the same for each: there is one issuer, which has no path. What is no route of ours has no document.
#[must_use]
pub fn serve<I>(site: &Site<'_, I>, request: &Request<'_>) -> Answer {
    let Some(Asked { before, name, behind }) = Asked::read(&request.path) else { return missing() };
    let ((route, "") | ("", route)) = (before, behind) else { return missing() };
    let known = site.server.route(route);
    match name {
        "oauth-authorization-server" | "openid-configuration" if route.is_empty() || known.is_some() => server(site),
        "oauth-protected-resource" if route.is_empty() => resource(site, None),
        "oauth-protected-resource" if known.is_some() => resource(site, known),
        _ => missing(),
    }
}

/// A path with `/.well-known/` in it, taken apart: what is before it, the name, and what is behind; without slashes at the end.
struct Asked<'a> {
    before: &'a str,
    name: &'a str,
    behind: &'a str,
}

impl<'a> Asked<'a> {
    fn read(path: &'a str) -> Option<Self> {
        let (before, rest) = path.split_once("/.well-known/")?;
        let (name, behind) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let trimmed = |path: &'a str| path.trim_end_matches('/');
        Some(Self { before: trimmed(before), name, behind: trimmed(behind) })
    }
}

/// For programs, which read JSON: never a page.
fn missing() -> Answer {
    let description = "There is no such document here. See /.well-known/oauth-protected-resource.";
    let body = object(&[("error", &quoted("not_found")), ("error_description", &quoted(description))]);
    Answer::json(404, body).with("cache-control", "no-store")
}

/// The authorization server's document.
fn server<I>(site: &Site<'_, I>) -> Answer {
    let (issuer, paths) = (&site.issuer, &site.server.paths);
    let at = |path: &str| [issuer, path].concat();
    let secret = ["client_secret_basic", "client_secret_post"];
    // A client that is known by a URL has no secret, so it looks for this one.
    let none = (site.server.public || site.server.documents).then_some("none");
    let methods = list(none.into_iter().chain(secret));
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

/// The document of the route `path`; without one, that of the resource itself.
fn resource<I>(site: &Site<'_, I>, path: Option<&str>) -> Answer {
    let resource = path.map_or_else(|| site.server.resource(&site.issuer), |path| [&site.issuer, path].concat());
    let document = Members::new()
        .text("resource", &resource)
        .texts("authorization_servers", [site.issuer.as_str()])
        .texts("scopes_supported", site.server.scopes.iter().map(String::as_str))
        .texts("bearer_methods_supported", ["header"])
        .maybe("resource_name", site.server.name.as_deref());
    Answer::json(200, document.end()).with("cache-control", AGE)
}
