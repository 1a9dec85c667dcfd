//! Introspection (RFC 7662): another resource server asks about one of our access tokens.
//!
//! **Threat.** Someone guesses tokens, or a token reveals to its holder or a third party who the person is.
//! **Guarantee.** Only resource servers that the operator has configured get an answer. Of anything but a valid access
//! token for this server's resource they only learn that it is not active, whatever the reason (§2.2): a code, a
//! refresh token, another server's token. The person's name in the response is unknown to other resources (pairwise,
//! unless `rawSubject`), and the response is always current: the grant's object is asked each time.

use serde::Serialize;

use super::token::form;
use crate::flow::Flow;
use crate::http::Answer;
use crate::identity::Identity;
use crate::json;
use crate::oauth::access_token::{self, Salt};
use crate::oauth::audit::AuditEvent;
use crate::oauth::client::authentication::{PresentedCredentials, unknown_client};
use crate::oauth::error::{Code, OAuthError, unavailable, unstored};
use crate::oauth::object::ask;
use crate::oauth::object::grant::IsActive;
use crate::oauth::revocation_rules::Rules;
use crate::oauth::{AuthorizationServer, Request, signing};
use crate::rate_limit;

/// Answers the introspection endpoint.
///
/// 1. The resource server authenticates, and is within its rate limit.
/// 2. The token opens as an access token of ours for the resource, and has not expired.
/// 3. Its grant has not ended.
///
/// Waits: one for counting, and one; only the former if the token is not active; two more for a signed token.
pub async fn serve<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    body: &str,
) -> Answer {
    match introspect(flow, server, request, body).await {
        Ok(answer) => unstored(Answer::json(200, answer)),
        Err(failed) => failed.answer(request.authorization.is_some()),
    }
}

async fn introspect<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    body: &str,
) -> Result<String, OAuthError> {
    let params = form(request, body)?;
    let shown = PresentedCredentials::read(request, &params)?;
    let is_known = server.config.admits_resource_server(&shown.id, shown.secret.as_deref());
    if let Some(seconds) = rate_limit::wait(flow, limits(server, request, is_known.then_some(&*shown.id))).await {
        return Err(OAuthError::slow_down(seconds));
    }
    if !is_known {
        let (client, trace) = (Some(&*shown.id), request.trace(flow));
        let event = "introspection refused";
        AuditEvent { event, client, request: Some(&trace), ..AuditEvent::default() }.log(flow);
        return Err(unknown_client());
    }
    let token = params.get("token").ok_or_else(|| OAuthError::new(Code::InvalidRequest, "token is missing."))?;
    let resource = server.config.resource(&server.issuer);
    let now = flow.context().now();
    let proven =
        signing::proven(flow, server.keys, &server.issuer, &resource, token).await.map_err(|_| unavailable())?;
    let Some(access) = proven.filter(|it| it.expires * 1000 > now) else { return Ok(inactive()) };
    if request.revocations_stale {
        return Err(unavailable());
    }
    let stands = IsActive { grant: access.grant, rules: Rules::of(server.config, request) };
    let (stands, salt) = (ask(flow, access.object, &stands), ask(flow, "keyring", &Salt {}));
    let (stands, salt) = (stands.await.map_err(|_| unavailable())?, salt.await.map_err(|_| unavailable())?);
    if !stands {
        return Ok(inactive());
    }
    Ok(json::write(&Introspection {
        active: true,
        scope: access.scopes.join(" "),
        client_id: &access.client,
        token_type: "Bearer",
        exp: access.expires,
        iat: access.issued,
        sub: access_token::subject(server.config.raw_subject, &salt, &resource, &access.subject),
        aud: &resource,
        iss: &server.issuer,
    }))
}

/// The response about an active token (RFC 7662 §2.2).
#[derive(Serialize)]
struct Introspection<'a> {
    active: bool,
    scope: String,
    client_id: &'a str,
    token_type: &'static str,
    exp: u64,
    iat: u64,
    sub: String,
    aud: &'a str,
    iss: &'a str,
}

/// Without authentication the limit is a fiftieth, counted by network.
const GUESSES: u64 = 50;

/// The limits of a resource server, or of a network without authentication.
fn limits<I>(server: &AuthorizationServer<'_, I>, request: &Request<'_>, known: Option<&str>) -> Vec<(String, u64)> {
    let most = server.config.limits.introspect;
    if let Some(id) = known {
        return vec![(rate_limit::key("introspect", &[&server.issuer, id]), most)];
    }
    let guesses = most.div_ceil(GUESSES);
    let network = request.network();
    let mut limits =
        network.map_or_else(Vec::new, |network| network.limits("introspect", &server.issuer, &[], guesses, 1));
    limits.push((rate_limit::key("introspection by strangers", &[&server.issuer]), most));
    limits
}

fn inactive() -> String {
    r#"{"active":false}"#.into()
}
