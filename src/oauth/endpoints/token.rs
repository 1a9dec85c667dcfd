//! The token endpoint (RFC 6749 §3.2), in the Worker: opens codes and refresh tokens, and calls the object that decides.

use crate::flow::Flow;
use crate::http::Answer;
use crate::http::form::Params;
use crate::identity::Identity;
use crate::json::Json;
use crate::oauth::audit::AuditEvent;
use crate::oauth::client::authentication::{PresentedCredentials, unknown_client};
use crate::oauth::client::{Lookup, document, find};
use crate::oauth::code::Code;
use crate::oauth::error::{Code as Error, OAuthError, unavailable, unstored};
use crate::oauth::network_limits::by_network;
use crate::oauth::object::ledger::RequestTrace;
use crate::oauth::object::redeem::{Redeem, TokenRequest, TokenResponse};
use crate::oauth::object::refresh::{Refresh, RefreshedPerson};
use crate::oauth::object::{ask, credential_revocation, grant, outbox};
use crate::oauth::refresh_token::RefreshToken;
use crate::oauth::revocation_rules::Rules;
use crate::oauth::{AuthorizationServer, Request, renewal, scope, signing};
use crate::rate_limit;

/// Answers the token endpoint.
///
/// 1. The parameters and the client's credentials are read, once.
/// 2. The code or refresh token is opened; it names the object.
/// 3. The object decides, and creates the whole response.
/// 4. If it has ended a grant, that is added to the revocation list.
/// 5. A client whose code or token is invalid learns if it is unknown, and one with a newer secret than its grant that
///    the grant has ended.
///
/// Waits: one; one more for keys if tokens are signed, which costs nothing while the isolate has a copy; with an
/// upstream, one more and its own at a refresh. For 5, up to three more; if a grant has ended, two, and one at the
/// upstream.
pub async fn serve<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    body: &str,
) -> Answer {
    let basic = request.authorization.is_some();
    match answer(flow, server, request, body).await {
        Ok(response) => unstored(Answer::json(200, response)),
        Err(failed) => failed.answer(basic),
    }
}

async fn answer<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    body: &str,
) -> Result<String, OAuthError> {
    let refuse = |code, description| Err(OAuthError::new(code, description));
    let params = form(request, body)?;
    let shown = PresentedCredentials::read(request, &params)?;
    let opened = match params.get("grant_type") {
        Some("authorization_code") => Opened::code(flow, server, &params)?,
        Some("refresh_token") => Opened::refresh_token(server, &params)?,
        Some(
            "client_credentials"
            | "urn:ietf:params:oauth:grant-type:token-exchange"
            | "urn:ietf:params:oauth:grant-type:jwt-bearer",
        ) => {
            let failed = OAuthError::new(
                Error::UnauthorizedClient,
                "This grant is only for clients that the operator has created.",
            );
            return Err(unless_forgotten(flow, server, request, &shown.id, failed, true).await);
        }
        Some(_) => {
            return refuse(Error::UnsupportedGrantType, "grant_type must be authorization_code or refresh_token.");
        }
        None => return refuse(Error::InvalidRequest, "grant_type is missing."),
    };
    let Some(opened) = opened else {
        // Not one of ours, or expired.
        return Err(unless_forgotten(flow, server, request, &shown.id, invalid_grant(), true).await);
    };
    let jwt =
        if server.config.jwt { Some(signing::handed(flow, server).await.map_err(|_| unavailable())?) } else { None };
    if request.revocations_stale {
        return Err(unavailable());
    }
    let trace = request.trace(flow);
    let asked = TokenRequest {
        client: shown,
        resource: resource(server, &params),
        lifetimes: server.config.lifetimes,
        rules: Rules::of(server.config, request),
        jwt,
        traced: RequestTrace::new(server.config, trace.clone()),
        most: server.config.limits.token,
    };
    let shown = asked.client.clone();
    let (object, decided) = match opened {
        Opened::Code(code, redirect, verifier) => {
            let Code { object, grant, secret, .. } = code;
            let redeem = Redeem { grant, secret, redirect, verifier, request: asked };
            let decided = ask(flow, object.clone(), &redeem).await;
            (object, decided)
        }
        Opened::RefreshToken(token, scope) => {
            let RefreshToken { object, grant, secret, generation } = token;
            let mut refresh = Refresh { grant, secret, generation, scope, request: asked, renewed: None };
            if server.identity.renews() {
                refresh.renewed = renewed(flow, server, &object, &refresh).await?;
            }
            let decided = ask(flow, object.clone(), &refresh).await;
            (object, decided)
        }
    };
    let decided = decided.map_err(|_| unavailable())?;
    let is_announced = outbox::pass_on(flow, server.config, &object, &decided).await;
    if is_announced.map_err(|()| unavailable())? {
        credential_revocation::revoke_due(flow, server, &object, Some(&trace)).await;
    }
    let (code, reason) = match decided.answer {
        TokenResponse::Tokens(response) => return Ok(response),
        TokenResponse::Busy(seconds) => (Error::SlowDown, Err(seconds)),
        TokenResponse::Refused(code, reason) => (code, Ok(reason)),
    };
    if decided.audit.is_none() {
        AuditEvent {
            event: "token refused",
            client: Some(&shown.id),
            error: Some(code.name()),
            reason: reason.as_deref().ok(),
            request: Some(&trace),
            ..AuditEvent::default()
        }
        .log(flow);
    }
    Err(match (code, reason) {
        (_, Err(seconds)) => OAuthError::slow_down(seconds),
        (Error::InvalidClient, _) => unless_rotated(flow, server, request, &shown).await,
        (Error::InvalidScope, _) => {
            OAuthError::new(code, "None of the scopes in scope was granted. Omit scope to get all granted scopes.")
        }
        (Error::InvalidTarget, _) => OAuthError::new(code, "resource does not match the grant."),
        _ => unless_forgotten(flow, server, request, &shown.id, invalid_grant(), false).await,
    })
}

/// `failed`, unless the client is unknown: then the response says so, and it registers again, instead of asking a
/// person with an invalid identifier. `counted`: this request has not been counted yet.
///
/// Waits: at most three.
async fn unless_forgotten<I>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    client: &str,
    failed: OAuthError,
    counted: bool,
) -> OAuthError {
    // Its document is fetched when it asks for authorization.
    if server.config.documents && document::is_url(client) {
        return failed;
    }
    if counted && let Some(seconds) = rate_limit::wait(flow, by_network(server, request, "token", client)).await {
        return OAuthError::slow_down(seconds);
    }
    match find(flow, server, request, client).await {
        Lookup::Busy(seconds) => OAuthError::slow_down(seconds),
        Lookup::Unknown | Lookup::Unusable(_) | Lookup::Unlisted => unknown_client(),
        Lookup::Unavailable | Lookup::Unreachable(_) if counted => unavailable(),
        Lookup::Unavailable | Lookup::Unreachable(_) | Lookup::Known(..) => failed,
    }
}

/// A client has authenticated differently than when the code or token was issued. If that is its current secret, the
/// client is valid, and the grant is not (RFC 6749 §5.2): it asks the person again, instead of losing its registration.
///
/// Waits: at most two, and only if a secret was sent.
async fn unless_rotated<I>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    shown: &PresentedCredentials,
) -> OAuthError {
    // Clients that are known by a document have no secret.
    if shown.secret.is_none() || document::is_url(&shown.id) {
        return unknown_client();
    }
    match find(flow, server, request, &shown.id).await {
        Lookup::Known(client, _) if client.auth.accepts(shown.secret.as_deref()) => invalid_grant(),
        Lookup::Busy(seconds) => OAuthError::slow_down(seconds),
        Lookup::Unavailable => unavailable(),
        _ => unknown_client(),
    }
}

/// The parameters of a request to an endpoint for clients; none may be repeated.
pub(crate) fn form(request: &Request<'_>, body: &str) -> Result<Params, OAuthError> {
    let wrong = |description| OAuthError::new(Error::InvalidRequest, description);
    if request.unread {
        return Err(wrong("The body is longer than 64 KB, or not UTF-8."));
    }
    let params =
        request.form(body).ok_or_else(|| wrong("Send the parameters as application/x-www-form-urlencoded."))?;
    let params = params.map_err(|_| wrong("The parameters are malformed."))?;
    if params.repeated(&[]).is_some() { Err(wrong("A parameter is repeated.")) } else { Ok(params) }
}

fn invalid_grant() -> OAuthError {
    OAuthError::new(Error::InvalidGrant, "The code or token is invalid or has expired.")
}

/// An opened code or refresh token.
enum Opened {
    /// A code, with `redirect_uri` and the code verifier.
    Code(Code, Option<String>, String),
    /// A refresh token, with the requested scopes.
    RefreshToken(RefreshToken, Option<String>),
}

impl Opened {
    /// `None` if the code is not ours, or has expired.
    fn code<I>(
        flow: &Flow<'_>,
        server: &AuthorizationServer<'_, I>,
        params: &Params,
    ) -> Result<Option<Self>, OAuthError> {
        let missing = |description| Err(OAuthError::new(Error::InvalidRequest, description));
        let Some(code) = params.get("code") else { return missing("code is missing.") };
        let Some(verifier) = params.get("code_verifier") else { return missing("code_verifier is missing.") };
        let code = Code::open(server.keys, &server.issuer, code).filter(|code| code.expires > flow.context().now());
        Ok(code.map(|code| Self::Code(code, params.get("redirect_uri").map(Into::into), verifier.into())))
    }

    /// `None` if the token is not ours.
    fn refresh_token<I>(server: &AuthorizationServer<'_, I>, params: &Params) -> Result<Option<Self>, OAuthError> {
        let missing = || OAuthError::new(Error::InvalidRequest, "refresh_token is missing.");
        let token = params.get("refresh_token").ok_or_else(missing)?;
        let Some(token) = RefreshToken::open(server.keys, &server.issuer, token) else { return Ok(None) };
        Ok(Some(Self::RefreshToken(token, wanted(server, params)?)))
    }
}

/// The requested scopes that exist here; `None` if there are none, which counts as not asking for any (as at the
/// authorization endpoint).
fn wanted<I>(server: &AuthorizationServer<'_, I>, params: &Params) -> Result<Option<String>, OAuthError> {
    let Some(asked) = params.get("scope") else { return Ok(None) };
    let wrong =
        || OAuthError::new(Error::InvalidScope, "scope has a character that is not allowed (RFC 6749, section 3.3).");
    let known = scope::within(&scope::parse(asked).ok_or_else(wrong)?, &server.config.scopes);
    Ok(Some(known.join(" ")).filter(|known| !known.is_empty()))
}

/// Asks the upstream who the person is now.
async fn renewed<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    object: &str,
    refresh: &Refresh,
) -> Result<Option<RefreshedPerson>, OAuthError> {
    let renewed = renewal::renewed(flow, server, object, refresh).await?;
    Ok(renewed.map(|(person, credential)| RefreshedPerson {
        inline: grant::is_inline(server.identity, &person.props, Some(&credential)),
        props: Some(person.props).filter(|props| !props.is_empty()).map(Json::from_text),
        may: person.scopes,
    }))
}

/// The resource that the request names: the canonical one if it is ours, else as it is, which no grant has.
fn resource<I>(server: &AuthorizationServer<'_, I>, params: &Params) -> Option<String> {
    let named = params.get("resource")?;
    Some(server.config.canonical(&server.issuer, named).unwrap_or_else(|| named.to_owned()))
}
