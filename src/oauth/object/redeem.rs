//! Redeeming an authorization code, inside the object of its subject (RFC 6749 §4.1.3, RFC 7636 §4.6).
//!
//! **Threat.** A leaked code is redeemed by another party, or twice (GHSA-7w99-5wm4-3g79).
//! **Guarantee.** A code is redeemed once, whatever the number of concurrent attempts. A failed check has no effect, except
//! for the verifier: five wrong ones spend the code. A request that passes all checks with a used code comes from the client
//! itself or from someone with all of its secrets: then the grant ends, and with it everything that was issued.
//! **Not guaranteed.** That the first request is the legitimate one; the code verifier proves that.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::grant::{Grant, RefreshTokenFamily};
use super::ledger::{self, Event, Ledger, RequestTrace};
use super::{Decision, InvalidCall, RowSet, call, outbox};
use crate::crypto::{Keys, encode, same};
use crate::flow::Flow;
use crate::json;
use crate::oauth::client::authentication::PresentedCredentials;
use crate::oauth::code::{Code, Row, proof};
use crate::oauth::config::Lifetimes;
use crate::oauth::error::Code as Error;
use crate::oauth::refresh_token::RefreshToken;
use crate::oauth::revocation_rules::Rules;
use crate::oauth::signing::SigningKey;
use crate::oauth::{access_token, pkce, revocation_rules, signing};

/// A request for tokens, besides its code or refresh token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TokenRequest {
    pub(crate) client: PresentedCredentials,
    /// `resource`, if present.
    pub(crate) resource: Option<String>,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) rules: Option<Rules>,
    /// The signing key, if access tokens are signed.
    pub(crate) jwt: Option<SigningKey>,
    pub(crate) traced: RequestTrace,
    /// The rate limit of a client on behalf of one person.
    pub(crate) most: u64,
}

/// A client redeems a code.
#[derive(Serialize, Deserialize)]
pub(crate) struct Redeem {
    pub(crate) grant: String,
    pub(crate) secret: String,
    /// `redirect_uri`, if present.
    pub(crate) redirect: Option<String>,
    /// The code verifier.
    pub(crate) verifier: String,
    pub(crate) request: TokenRequest,
}

call!(Redeem, "redeem" => Decision<TokenResponse>);

/// The result of a request for tokens.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TokenResponse {
    /// The whole response (RFC 6749 §5.1).
    Tokens(String),
    /// The client gets the error code, the log the reason.
    Refused(Error, Cow<'static, str>),
    /// The client has to wait for this many seconds.
    Busy(u64),
}

impl TokenResponse {
    /// A refusal, which may have ended this grant.
    pub(super) fn refused((code, reason): (Error, &'static str), ended: Option<&String>) -> Decision<Self> {
        Decision::new(Self::Refused(code, reason.into())).ending(ended.map(String::as_str))
    }
}

/// Maximum number of wrong code verifiers.
const MAX_ATTEMPTS: u64 = 5;

/// Why a code is not redeemed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RedeemError {
    Unknown,
    Secret,
    Expired,
    Client,
    Authentication,
    Redirect,
    Verifier,
    Resource,
    Spent,
    Replayed,
    Ended,
    Ruled,
}

impl RedeemError {
    /// The client's error code, and the log's reason.
    fn wire(self) -> (Error, &'static str) {
        match self {
            Self::Unknown => (Error::InvalidGrant, "the code does not exist"),
            Self::Secret => (Error::InvalidGrant, "the code does not match the issued one"),
            Self::Expired => (Error::InvalidGrant, "the code has expired"),
            Self::Client => (Error::InvalidGrant, "the code belongs to another client"),
            Self::Authentication => (Error::InvalidClient, "the client did not authenticate as it did for the grant"),
            Self::Redirect => (Error::InvalidGrant, "redirect_uri differs from the authorization request"),
            Self::Verifier => (Error::InvalidGrant, "the code verifier is wrong"),
            Self::Resource => (Error::InvalidTarget, "resource does not match the grant"),
            Self::Spent => (Error::InvalidGrant, "too many wrong code verifiers"),
            Self::Replayed => (Error::InvalidGrant, "the code was used before, so its grant has ended"),
            Self::Ended => (Error::InvalidGrant, "the grant has ended"),
            Self::Ruled => (Error::InvalidGrant, "the operator revoked earlier grants"),
        }
    }
}

/// Redeems a code, or refuses.
///
/// 1. All checks, in this order: secret, expiry, client and its authentication, redirect URI, code verifier, resource.
/// 2. A used code ends its grant.
/// 3. Otherwise the grant gets its first tokens.
pub(crate) async fn redeem(
    flow: &Flow<'_>,
    keys: &Keys,
    object: &str,
    input: &Redeem,
) -> Result<Decision<TokenResponse>, InvalidCall> {
    let now = flow.context().now();
    let Redeem { grant: id, request, .. } = input;
    let lifetimes = request.lifetimes;
    let (rows, prefixes) = ledger::rows(vec![Grant::row(id), Code::key(id), outbox::grant_end_row(id)], vec![]);
    let held = RowSet::read(flow, rows, prefixes).await?;
    let rows = held.record::<Row>(&Code::key(id)).zip(held.record::<Grant>(&Grant::row(id)));
    let Some((code, mut grant)) = rows else { return Ok(TokenResponse::refused(RedeemError::Unknown.wire(), None)) };
    let kept = Some(code.expires + KEPT);
    let mut ledger = Ledger::read(flow, keys, &held, &request.traced);
    let (subject, client) = (grant.subject.clone(), grant.client.clone());
    let event = |name, reason| Event { name, client: &client, grant: id, scopes: &[], reason };
    if let Some(seconds) = ledger.wait(&client, request.most) {
        ledger.limited(&held, &subject, event(ledger::LIMITED, None));
        return Ok(ledger.report(Decision::new(TokenResponse::Busy(seconds))));
    }
    let mut refuse = |why: RedeemError, change, ended| {
        ledger.refused(&held, change, &subject, event("code refused", Some(why.wire().1)));
        Ok(ledger.report(TokenResponse::refused(why.wire(), ended)))
    };
    match check(now, input, &code, &grant) {
        Err(RedeemError::Verifier) if !code.used => {
            let code = Row { attempts: code.attempts + 1, ..code };
            return refuse(RedeemError::Verifier, Some(held.writes().put(Code::key(id), &code, kept)), None);
        }
        Err(why) => return refuse(why, None, None),
        Ok(()) => {}
    }
    if grant.revoked.is_some() {
        // Announced again if that has not been delivered.
        return refuse(RedeemError::Ended, None, outbox::is_end_pending(&held, id).then_some(id));
    }
    let is_ruled = revocation_rules::ends_grant(request.rules.as_ref(), &grant);
    if is_ruled || code.used {
        grant.revoked = Some(now);
        let change = held.writes().put(Grant::row(id), &grant, Some(grant.ends(lifetimes)));
        let why = if is_ruled { RedeemError::Ruled } else { RedeemError::Replayed };
        return refuse(why, Some(outbox::enqueue_grant_end(change, now, id)), Some(id));
    }
    let issued = Issued::fresh(flow, keys, object, request, (&grant, 0), &grant.scopes).await?;
    grant.used = now;
    grant.family = Some(RefreshTokenFamily { generation: 0, current: proof(&issued.secret), previous: None });
    let change = held.writes().put(Code::key(id), &Row { used: true, ..code }, kept).put(
        Grant::row(id),
        &grant,
        Some(grant.ends(lifetimes)),
    );
    let redeemed = Event { name: "code redeemed", client: &client, grant: id, scopes: &grant.scopes, reason: None };
    ledger.wrote(change, &subject, redeemed).commit(flow);
    Ok(ledger.report(Decision::new(TokenResponse::Tokens(issued.response))))
}

/// How long a used code is stored after it has expired, in milliseconds; by then nobody can open it any more.
const KEPT: u64 = 10 * 60 * 1000;

fn check(now: u64, input: &Redeem, code: &Row, grant: &Grant) -> Result<(), RedeemError> {
    let Redeem { secret, redirect, verifier, request, .. } = input;
    if !same(proof(secret).as_bytes(), code.secret.as_bytes()) {
        return Err(RedeemError::Secret);
    }
    if code.expires <= now {
        return Err(RedeemError::Expired);
    }
    if request.client.id != grant.client {
        return Err(RedeemError::Client);
    }
    if !request.client.is(&grant.client, &grant.auth) {
        return Err(RedeemError::Authentication);
    }
    // OAuth 2.1 §10.2 omits it; if it is present, it must be equal (RFC 6749 §4.1.3).
    if redirect.as_ref().is_some_and(|uri| *uri != grant.redirect) {
        return Err(RedeemError::Redirect);
    }
    if code.attempts >= MAX_ATTEMPTS {
        return Err(RedeemError::Spent);
    }
    if !pkce::proves(verifier, &code.challenge) {
        return Err(RedeemError::Verifier);
    }
    if request.resource.as_ref().is_some_and(|resource| *resource != grant.resource) {
        return Err(RedeemError::Resource);
    }
    Ok(())
}

/// New tokens, and the whole response (RFC 6749 §5.1).
pub(crate) struct Issued {
    pub(crate) secret: String,
    pub(crate) response: String,
}

/// The response for the client (RFC 6749 §5.1).
#[derive(Serialize)]
struct Body {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    refresh_token: String,
    scope: String,
}

impl Issued {
    /// Creates new tokens. Waits: one if access tokens are signed.
    pub(crate) async fn fresh(
        flow: &Flow<'_>,
        keys: &Keys,
        object: &str,
        TokenRequest { lifetimes, jwt, .. }: &TokenRequest,
        (grant, generation): (&Grant, u64),
        scopes: &[String],
    ) -> Result<Self, InvalidCall> {
        let (context, expires_in) = (flow.context(), lifetimes.access);
        let secret = encode(&context.random::<32>("refresh token"));
        let refresh = RefreshToken { object: object.into(), grant: grant.id.clone(), secret, generation };
        let access = access_token::mint(context, keys, object, grant, scopes, (expires_in, jwt.is_some()));
        let access_token = match jwt {
            Some(key) => signing::sign(flow, keys, key, (grant, scopes, expires_in), &access).await?,
            None => access,
        };
        let refresh_token = refresh.seal(context, keys, &grant.issuer);
        let body = Body { access_token, token_type: "Bearer", expires_in, refresh_token, scope: scopes.join(" ") };
        Ok(Self { secret: refresh.secret, response: json::write(&body) })
    }
}
