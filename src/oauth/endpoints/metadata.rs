//! The documents with which clients begin: authorization server metadata (RFC 8414, `OpenID` Connect Discovery) and
//! protected resource metadata (RFC 9728).

use serde::Serialize;

use crate::http::Answer;
use crate::http::well_known::{AUTHORIZATION_SERVER, OPENID_CONFIGURATION, PROTECTED_RESOURCE};
use crate::json;
use crate::oauth::{AuthorizationServer, Endpoint, Request};

/// How long clients may cache a document.
const AGE: &str = "public, max-age=300";

/// Answers everything below `/.well-known/` that has one of the names. RFC 8414 §3.1 and RFC 9728 §3.1 put the
/// resource's path after the name; some clients put the name after the path, as OpenID Connect Discovery 1.0 §4 does.
/// The response is the same for each, because there is one issuer, which has no path. A path that is not a route of
/// ours has no document.
#[must_use]
pub fn serve<I>(server: &AuthorizationServer<'_, I>, request: &Request<'_>) -> Answer {
    let Some(WellKnownPath { before, name, behind }) = WellKnownPath::read(&request.path) else { return missing() };
    let ((route, "") | ("", route)) = (before, behind) else { return missing() };
    let known = server.config.route(route);
    match name {
        AUTHORIZATION_SERVER | OPENID_CONFIGURATION if route.is_empty() || known.is_some() => {
            authorization_server(server)
        }
        PROTECTED_RESOURCE if route.is_empty() => protected_resource(server, None),
        PROTECTED_RESOURCE if known.is_some() => protected_resource(server, known),
        _ => missing(),
    }
}

/// A parsed path with `/.well-known/`: what precedes it, the name, and what follows; without trailing slashes.
struct WellKnownPath<'a> {
    before: &'a str,
    name: &'a str,
    behind: &'a str,
}

impl<'a> WellKnownPath<'a> {
    fn read(path: &'a str) -> Option<Self> {
        let (before, rest) = path.split_once("/.well-known/")?;
        let (name, behind) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let trimmed = |path: &'a str| path.trim_end_matches('/');
        Some(Self { before: trimmed(before), name, behind: trimmed(behind) })
    }
}

/// For programs, which read JSON: never a page.
fn missing() -> Answer {
    let description = "This document does not exist. See /.well-known/oauth-protected-resource.";
    Answer::error(404, "not_found", description).with("cache-control", "no-store")
}

/// The authorization server's document (RFC 8414 §2).
#[derive(Serialize)]
struct ServerMetadata<'a> {
    issuer: &'a str,
    /// The URLs, by the members that contain them ([`Endpoint::member`]).
    #[serde(flatten, serialize_with = "json::map")]
    endpoints: Vec<(&'static str, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    introspection_endpoint_auth_methods_supported: Option<[&'static str; 2]>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    client_id_metadata_document_supported: bool,
    scopes_supported: &'a [String],
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    grant_types_supported: [&'static str; 2],
    token_endpoint_auth_methods_supported: &'a [&'static str],
    revocation_endpoint_auth_methods_supported: &'a [&'static str],
    code_challenge_methods_supported: [&'static str; 1],
    authorization_response_iss_parameter_supported: bool,
}

/// The protected resource's document (RFC 9728 §2).
#[derive(Serialize)]
struct ResourceMetadata<'a> {
    resource: String,
    authorization_servers: [&'a str; 1],
    scopes_supported: &'a [String],
    bearer_methods_supported: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_name: Option<&'a str>,
}

fn document(document: &impl Serialize) -> Answer {
    Answer::json(200, json::write(document)).with("cache-control", AGE)
}

fn authorization_server<I>(server: &AuthorizationServer<'_, I>) -> Answer {
    let secret = ["client_secret_basic", "client_secret_post"];
    // A client that is known by a URL has no secret, so it looks for this method.
    let none = (server.config.public || server.config.documents).then_some("none");
    let methods = none.into_iter().chain(secret).collect::<Vec<_>>();
    let named = Endpoint::ALL.iter().filter_map(|it| Some((it.member(server.config)?, server.url(*it))));
    document(&ServerMetadata {
        issuer: &server.issuer,
        endpoints: named.collect(),
        introspection_endpoint_auth_methods_supported: Endpoint::Introspect.member(server.config).map(|_| secret),
        client_id_metadata_document_supported: server.config.documents,
        scopes_supported: &server.config.scopes,
        response_types_supported: ["code"],
        response_modes_supported: ["query"],
        grant_types_supported: ["authorization_code", "refresh_token"],
        token_endpoint_auth_methods_supported: &methods,
        revocation_endpoint_auth_methods_supported: &methods,
        code_challenge_methods_supported: ["S256"],
        authorization_response_iss_parameter_supported: true,
    })
}

/// The document of the route `path`; without one, that of the resource itself.
fn protected_resource<I>(server: &AuthorizationServer<'_, I>, path: Option<&str>) -> Answer {
    document(&ResourceMetadata {
        resource: path.map_or_else(|| server.config.resource(&server.issuer), |path| [&server.issuer, path].concat()),
        authorization_servers: [&server.issuer],
        scopes_supported: &server.config.scopes,
        bearer_methods_supported: ["header"],
        resource_name: server.config.name.as_deref(),
    })
}
