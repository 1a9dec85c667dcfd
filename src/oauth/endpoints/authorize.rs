//! The authorization endpoint (RFC 6749 §3.1 and §4.1.1, RFC 7636, RFC 8707, RFC 9207).
//!
//! **Threat.** A code is sent to a place that is not the client's (CVE-2025-4143), or without PKCE (CVE-2025-4144), or
//! the server is used as an open redirector.
//! **Guarantee.** Nothing redirects before client and redirect URI are validated. After that every error goes to the
//! client, with `state` and `iss`: automatically to a client of the operator, otherwise by a page that names the host
//! and waits for a click, because anyone can register any site (RFC 9700 §4.11.2). No request passes without an S256
//! challenge.

use crate::flow::Flow;
use crate::http::form::Params;
use crate::identity::Identity;
use crate::oauth::audit::AuditEvent;
use crate::oauth::authorization_request::{AuthorizationRequest, Prompt, respond};
use crate::oauth::browser::consent;
use crate::oauth::browser::page::{self, BrowserTarget, ErrorReason, Reply, error_page, leave, recovery};
use crate::oauth::client::admission::ClientApproval;
use crate::oauth::client::{Client, Lookup, Proof, admission, find};
use crate::oauth::error::Code;
use crate::oauth::network_limits::by_network;
use crate::oauth::{AuthorizationServer, Endpoint, Request, ServerConfig, pkce, redirect, scope};
use crate::rate_limit;

/// `state` is repeated to the client, and is part of forms until then.
pub(crate) const MAX_STATE: usize = 2048;

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorizeError {
    /// Shown here: there is no validated redirect URI yet.
    Local(ErrorReason, &'static str),
    /// Sent to the client.
    Redirect(Code, &'static str),
}

/// Answers the authorization endpoint.
///
/// 1. A form of our own consent page goes to [`consent`].
/// 2. The parameters are read, once.
/// 3. The client is looked up, and the redirect URI is one of its own. Errors up to here are shown here.
/// 4. The rest is checked; errors go to the client.
/// 5. The person is asked.
///
/// Waits: one for counting, and those of [`find`]; a consent form has its own.
pub async fn serve<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    body: &str,
) -> Reply {
    let params = match request.method.as_str() {
        "POST" => request.form(body).unwrap_or_else(|| Ok(Params::default())),
        _ => Params::read(&request.query),
    };
    let Ok(params) = params else { return error_page(ErrorReason::Request, None) };
    if request.method == "POST" && params.get(consent::FIELD).is_some() {
        return consent::decide(flow, server, request, &params).await;
    }
    let local = |reject| match reject {
        AuthorizeError::Local(why, detail) => error_page(why, Some(detail)),
        AuthorizeError::Redirect(..) => error_page(ErrorReason::Request, None),
    };
    let id = match single(&params, "client_id") {
        Ok(Some(id)) => id,
        Ok(None) => return local(AuthorizeError::Local(ErrorReason::Request, "client_id is missing")),
        Err(reject) => return local(reject),
    };
    if let Some(seconds) = rate_limit::wait(flow, limits(server, request, id)).await {
        return error_page(ErrorReason::Busy(seconds), None);
    }
    let (client, copy) = match find(flow, server, request, id).await {
        Lookup::Known(client, copy) => (client, copy),
        Lookup::Busy(seconds) => return error_page(ErrorReason::Busy(seconds), None),
        Lookup::Unknown => return recovery(server, id),
        Lookup::Unlisted => return page::unlisted(server, id),
        Lookup::Unavailable => return error_page(ErrorReason::Unavailable, None),
        Lookup::Unreachable(reason) => {
            log_unusable_document(flow, request, id, &reason);
            let again = [server.config.path(Endpoint::Authorize), "?", &request.query].concat();
            return page::unreachable(id, &reason, Some(again.as_str()).filter(|_| request.method == "GET"));
        }
        Lookup::Unusable(reason) => {
            log_unusable_document(flow, request, id, &reason);
            return page::unusable(id, &reason);
        }
    };
    let redirect = match redirect_of(server.config, &client, &params) {
        Ok(redirect) => redirect,
        Err(reject) => return local(reject),
    };
    // Nothing is stored for a request with a made-up redirect URI, and nobody is listed.
    match admission::gate(flow, server, request, &client).await {
        ClientApproval::Given => {}
        ClientApproval::Pending => return page::waiting(server, &client.name),
        ClientApproval::Unavailable => return error_page(ErrorReason::Unavailable, None),
    }
    if let Some(copy) = copy {
        flow.commit(*copy);
    }
    match check(server, &client, redirect, &params) {
        Ok(pending) => consent::ask(flow, server, request, &client, &pending).await,
        Err(AuthorizeError::Redirect(code, description)) => {
            let state = single(&params, "state").ok().flatten().filter(|state| state.len() <= MAX_STATE);
            let pairs = [("error", code.name()), ("error_description", description)];
            let url = respond(redirect, state, &server.issuer, &pairs);
            let reply = if request.method != "POST" && client.proof == Proof::Operator {
                Reply::redirect(url)
            } else {
                leave(&url, failed(server.config, &client, description))
            };
            reply.refusing(code.name(), description)
        }
        Err(reject) => local(reject),
    }
}

/// Logs which client's metadata document cannot be fetched or used, and why.
fn log_unusable_document(flow: &Flow<'_>, request: &Request<'_>, id: &str, reason: &str) {
    let (reason, trace) = (["metadata document: ", reason].concat(), request.trace(flow));
    AuditEvent {
        event: "client refused",
        client: Some(id),
        reason: Some(&reason),
        request: Some(&trace),
        ..AuditEvent::default()
    }
    .log(flow);
}

/// How a browser returns to the client with the error `description`.
pub(crate) fn failed<'a>(config: &'a ServerConfig, client: &'a Client, description: &'a str) -> BrowserTarget<'a> {
    BrowserTarget::Client {
        name: &client.name,
        outcome: "failed",
        schemes: &config.schemes,
        waits: client.proof != Proof::Operator,
        detail: Some(description),
    }
}

/// The limits of a client's requests from one network.
pub(crate) fn limits<I>(
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    client: &str,
) -> Vec<(String, u64)> {
    by_network(server, request, "authorize", client)
}

/// A parameter that must not be repeated (RFC 6749 §3.1).
fn single<'a>(params: &'a Params, name: &'static str) -> Result<Option<&'a str>, AuthorizeError> {
    if params.all(name).nth(1).is_some() {
        return Err(AuthorizeError::Local(ErrorReason::Request, name));
    }
    Ok(params.get(name))
}

/// The request's redirect URI, which is one of the client's. It may be omitted if the client has only one.
pub(crate) fn redirect_of<'a>(
    config: &ServerConfig,
    client: &'a Client,
    params: &'a Params,
) -> Result<&'a str, AuthorizeError> {
    let wrong = |detail| Err(AuthorizeError::Local(ErrorReason::Redirect, detail));
    let uri = match (single(params, "redirect_uri")?, client.redirects.as_slice()) {
        (Some(uri), _) => uri,
        (None, [only]) if redirect::judge(only, &config.schemes) == Some(redirect::Kind::Https) => only,
        (None, _) => return wrong("redirect_uri is missing"),
    };
    if client.may_redirect_to(uri, &config.schemes) {
        Ok(uri)
    } else {
        wrong("redirect_uri is not registered for the client")
    }
}

/// The checks whose errors go to the client.
pub(crate) fn check<I>(
    server: &AuthorizationServer<'_, I>,
    client: &Client,
    redirect: &str,
    params: &Params,
) -> Result<AuthorizationRequest, AuthorizeError> {
    let refuse = |code, description| Err(AuthorizeError::Redirect(code, description));
    if params.repeated(&[]).is_some() {
        return refuse(Code::InvalidRequest, "A parameter is repeated.");
    }
    if params.get("request").is_some() {
        return refuse(Code::RequestNotSupported, "Request objects are not supported.");
    }
    if params.get("request_uri").is_some() {
        return refuse(Code::RequestUriNotSupported, "request_uri is not supported.");
    }
    let state = params.get("state");
    if state.is_some_and(|state| state.len() > MAX_STATE) {
        return refuse(Code::InvalidRequest, "state is longer than 2,048 bytes.");
    }
    match params.get("response_type") {
        Some("code") => {}
        None => return refuse(Code::InvalidRequest, "response_type is missing: it must be code."),
        Some(_) => return refuse(Code::UnsupportedResponseType, "response_type must be code."),
    }
    if params.get("response_mode").is_some_and(|mode| mode != "query") {
        return refuse(Code::InvalidRequest, "response_mode must be query.");
    }
    if params.get("code_challenge_method") != Some("S256") {
        return refuse(Code::InvalidRequest, "code_challenge_method must be S256.");
    }
    let Some(challenge) = params.get("code_challenge").filter(|challenge| pkce::is_challenge(challenge)) else {
        return refuse(Code::InvalidRequest, "code_challenge must be the 43 characters of an S256 challenge.");
    };
    if params.get("prompt").is_some_and(|prompt| prompt.split(' ').any(|prompt| prompt == "none")) {
        return refuse(
            Code::InteractionRequired,
            "The request needs user interaction, which prompt=none does not allow.",
        );
    }
    let resource = match params.get("resource") {
        None => server.config.resource(&server.issuer),
        Some(named) => match server.config.canonical(&server.issuer, named) {
            Some(resource) => resource,
            None => return refuse(Code::InvalidTarget, "resource is not a resource of this server."),
        },
    };
    let Some(asked) = scope::parse(params.get("scope").unwrap_or_default()) else {
        return refuse(Code::InvalidScope, "scope has a character that is not allowed (RFC 6749, section 3.3).");
    };
    // A client that requests only unknown scopes gets the default ones (RFC 6749 §3.3).
    let known = scope::within(&asked, &server.config.scopes);
    let wanted = if known.is_empty() { server.config.scopes.clone() } else { known };
    Ok(AuthorizationRequest {
        client: client.id.clone(),
        name: client.name.clone(),
        auth: client.auth.clone(),
        redirect: redirect.to_owned(),
        state: state.map(Into::into),
        challenge: challenge.to_owned(),
        scopes: wanted,
        resource,
        issuer: server.issuer.clone(),
        prompt: Prompt::read(params.get("prompt")),
    })
}
