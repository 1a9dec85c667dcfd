//! Revocation (RFC 7009), and the announcement of ended grants to every isolate.
//!
//! **Threat.** A revoked token keeps working, and nobody notices (CVE-2020-15223). Or someone revokes one dead token again
//! and again, to overload the list that every token check needs.
//! **Guarantee.** Before the response is 200, the grant has ended and is on the revocation list that every isolate polls; if
//! either cannot be written, the response is 503. A grant is added to the list once, and the revocations of one network for
//! one client are limited.
//! **Not guaranteed.** That isolates learn of it immediately: within 30 seconds, or immediately with `revocation: "strict"`.

use super::token::form;
use crate::flow::Flow;
use crate::http::Answer;
use crate::identity::Identity;
use crate::oauth::client::authentication::{PresentedCredentials, unknown_client};
use crate::oauth::error::{Code, OAuthError, unavailable};
use crate::oauth::network_limits::by_network;
use crate::oauth::object::ledger::RequestTrace;
use crate::oauth::object::revoke::{Revoke, Revoked};
use crate::oauth::object::{ask, credential_revocation, outbox};
use crate::oauth::refresh_token::RefreshToken;
use crate::oauth::{AuthorizationServer, Request, signing};
use crate::rate_limit;

/// Answers the revocation endpoint.
///
/// 1. The client's credentials are read.
/// 2. The token is opened, as either kind. A token that is not ours counts as revoked (RFC 7009 §2.2).
/// 3. The client is within its rate limit for this network.
/// 4. The grant ends in its object, if it is this client's.
/// 5. It is added to the revocation list, unless it is there already.
/// 6. If it was the person's last grant, the upstream's credential is revoked.
///
/// Waits: one for counting, and two; with an upstream two more. Two if the grant had ended before.
pub async fn serve<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    body: &str,
) -> Answer {
    let basic = request.authorization.is_some();
    match revoke(flow, server, request, body).await {
        Ok(()) => crate::oauth::error::unstored(Answer::empty(200)),
        Err(failed) => failed.answer(basic),
    }
}

async fn revoke<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    body: &str,
) -> Result<(), OAuthError> {
    let params = form(request, body)?;
    let shown = PresentedCredentials::read(request, &params)?;
    let token = params.get("token").ok_or_else(|| OAuthError::new(Code::InvalidRequest, "token is missing."))?;
    let resource = server.config.resource(&server.issuer);
    let refresh = RefreshToken::open(server.keys, &server.issuer, token).map(|token| (token.object, token.grant));
    let place = refresh.or_else(|| {
        signing::unproven(server.keys, &server.issuer, &resource, token).map(|token| (token.object, token.grant))
    });
    let Some((object, grant)) = place else { return Ok(()) };
    if let Some(seconds) = rate_limit::wait(flow, by_network(server, request, "revoke", &shown.id)).await {
        return Err(OAuthError::slow_down(seconds));
    }
    let trace = request.trace(flow);
    let revoke = Revoke { grant, client: shown, traced: RequestTrace::new(server.config, trace.clone()) };
    let decided = ask(flow, object.clone(), &revoke).await.map_err(|_| unavailable())?;
    let is_announced = outbox::pass_on(flow, server.config, &object, &decided).await.map_err(|()| unavailable())?;
    if is_announced {
        credential_revocation::revoke_due(flow, server, &object, Some(&trace)).await;
    }
    match decided.answer {
        Revoked::Over => Ok(()),
        Revoked::Ended if is_announced => Ok(()),
        // The object does not say which one.
        Revoked::Ended => Err(unavailable()),
        Revoked::Unauthenticated => Err(unknown_client()),
        Revoked::Foreign => Err(OAuthError::new(Code::InvalidRequest, "The token belongs to another client.")),
    }
}
