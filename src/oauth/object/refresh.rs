//! Refresh, inside the object of the subject (RFC 6749 §6, RFC 9700 §4.14): each refresh token is used once.
//!
//! **Threat.** A refresh token was stolen: thief and client both use it, and one of them later uses a former one. And, far
//! more often: two tabs, or a retry after a lost response, use the same token twice, and a strict server signs the person
//! out (GHSA-392p-2q2v-4372).
//! **Guarantee.** There is one valid refresh token at any time, whatever the number of concurrent requests. Its predecessor
//! gets, for a short time after it was replaced and as long as its successor is not used, the same response again, byte for
//! byte. That response is stored sealed under a key derived from the former token itself: the object's storage alone cannot
//! open it. Any other use of a former token ends the family.
//! **Not guaranteed.** That a thief who uses a token within that time is noticed immediately. The next rotation reveals it.

use serde::{Deserialize, Serialize};

use super::grant::{Grant, PreviousToken, RefreshTokenFamily};
use super::ledger::{self, Event, Ledger};
use super::redeem::{Issued, TokenRequest, TokenResponse};
use super::{Decision, InvalidCall, RowSet, RowWrites, call, outbox};
use crate::crypto::seal::{open_with, seal_with};
use crate::crypto::{Keys, decode, encode, hash, same};
use crate::flow::Flow;
use crate::json::Json;
use crate::oauth::code::proof;
use crate::oauth::config::Lifetimes;
use crate::oauth::error::Code as Error;
use crate::oauth::{revocation_rules, scope};

/// A client uses a refresh token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Refresh {
    pub(crate) grant: String,
    pub(crate) secret: String,
    pub(crate) generation: u64,
    /// `scope`, if it requests others than before.
    pub(crate) scope: Option<String>,
    pub(crate) request: TokenRequest,
    /// What the identity has just said about the person, if it was asked.
    pub(crate) renewed: Option<RefreshedPerson>,
}

call!(Refresh, "refresh" => Decision<TokenResponse>);

/// What is now known about a person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RefreshedPerson {
    /// New props; `None` if they stay the same.
    pub(crate) props: Option<Json>,
    /// Whether access tokens may contain them.
    #[serde(default)]
    pub(crate) inline: bool,
    /// The scopes that the person may have; `None` for all.
    pub(crate) may: Option<Vec<String>>,
}

/// Why a refresh token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RefreshError {
    Unknown,
    Secret,
    Client,
    Authentication,
    Over,
    Ended,
    Ruled,
    Scope,
    Resource,
    OtherRequest,
    Reused,
    Person,
    Sealed,
}

impl RefreshError {
    fn wire(self) -> (Error, &'static str) {
        match self {
            Self::Unknown => (Error::InvalidGrant, "the grant does not exist"),
            Self::Secret => (Error::InvalidGrant, "the token was not issued"),
            Self::Client => (Error::InvalidGrant, "the token belongs to another client"),
            Self::Authentication => (Error::InvalidClient, "the client did not authenticate as it did for the grant"),
            Self::Over => (Error::InvalidGrant, "the grant has expired"),
            Self::Ended => (Error::InvalidGrant, "the grant has ended"),
            Self::Ruled => (Error::InvalidGrant, "the operator revoked earlier grants"),
            Self::Scope => (Error::InvalidScope, "none of the requested scopes was granted"),
            Self::Resource => (Error::InvalidTarget, "resource does not match the grant"),
            Self::OtherRequest => (Error::InvalidGrant, "a former token was used with a different scope or resource"),
            Self::Person => (Error::InvalidGrant, "the person may no longer have any of the scopes"),
            Self::Sealed => (Error::InvalidGrant, "the props are sealed under a secret that was removed"),
            Self::Reused => (Error::InvalidGrant, "a former token was reused, so its grant has ended"),
        }
    }
}

/// The row with the last response, sealed.
fn replay_row(grant: &str) -> String {
    "replay:".to_owned() + grant
}

/// Issues new tokens for a refresh token, or refuses.
///
/// 1. The grant, the client and its authentication are checked.
/// 2. The valid token is rotated.
/// 3. Its predecessor, within the replay window and with the same request, gets the same response again.
/// 4. Any other former token ends the grant.
pub(crate) async fn refresh(
    flow: &Flow<'_>,
    keys: &Keys,
    object: &str,
    input: &Refresh,
) -> Result<Decision<TokenResponse>, InvalidCall> {
    let now = flow.context().now();
    let Refresh { grant: id, secret, request, .. } = input;
    let lifetimes = request.lifetimes;
    let (rows, prefixes) = ledger::rows(vec![Grant::row(id), replay_row(id), outbox::grant_end_row(id)], vec![]);
    let held = RowSet::read(flow, rows, prefixes).await?;
    let grant = held.record::<Grant>(&Grant::row(id));
    let Some((mut grant, family)) = grant.and_then(|grant| Some((grant.clone(), grant.family?))) else {
        return Ok(TokenResponse::refused(RefreshError::Unknown.wire(), None));
    };
    let mut ledger = Ledger::read(flow, keys, &held, &request.traced);
    let (subject, client) = (grant.subject.clone(), grant.client.clone());
    let event = |name, reason| Event { name, client: &client, grant: id, scopes: &[], reason };
    if let Some(seconds) = ledger.wait(&client, request.most) {
        ledger.limited(&held, &subject, event(ledger::LIMITED, None));
        return Ok(ledger.report(Decision::new(TokenResponse::Busy(seconds))));
    }
    let refuse = |ledger: &mut Ledger<'_>, why: RefreshError, change, ended| {
        ledger.refused(&held, change, &subject, event(ledger::REFUSED, Some(why.wire().1)));
        Ok(ledger.report(TokenResponse::refused(why.wire(), ended)))
    };
    if let Err(why) = check(now, input, &grant) {
        // Announced again if it has ended and that has not been delivered.
        let is_owed = why == RefreshError::Ended && outbox::is_end_pending(&held, id);
        return refuse(&mut ledger, why, None, is_owed.then_some(id));
    }
    if revocation_rules::ends_grant(request.rules.as_ref(), &grant) {
        grant.revoked = Some(now);
        let change = held.writes().put(Grant::row(id), &grant, Some(grant.ends(lifetimes)));
        let change = outbox::enqueue_grant_end(change.remove(replay_row(id)), now, id);
        return refuse(&mut ledger, RefreshError::Ruled, Some(change), Some(id));
    }
    let asked = asked(input);
    let shown = proof(secret);
    if same(shown.as_bytes(), family.current.as_bytes()) {
        if let Some(RefreshedPerson { may, .. }) = &input.renewed {
            (grant.checked, grant.may) = (Some(now), may.clone());
        }
        let scopes = match wanted(input, &grant).and_then(|scopes| reached(grant.may.as_deref(), scopes)) {
            Ok(scopes) => scopes,
            Err(why) => {
                let change = failed_renewal(&mut grant, why, now, held.writes(), lifetimes);
                return refuse(&mut ledger, why, change, None);
            }
        };
        if let Some(RefreshedPerson { props: Some(props), inline, .. }) = &input.renewed {
            grant.renew(flow, keys, props, *inline);
        } else if !grant.reseal(flow, keys) {
            return refuse(&mut ledger, RefreshError::Sealed, None, None);
        }
        let generation = family.generation + 1;
        let issued = Issued::fresh(flow, keys, object, request, (&grant, generation), &scopes).await?;
        let replay = seal_with(
            &replay_key(secret),
            [0; 4],
            flow.context().random("replay"),
            id.as_bytes(),
            issued.response.as_bytes(),
        );
        grant.used = now;
        grant.asking = None;
        let previous = Some(PreviousToken { secret: shown, rotated: now, asked });
        grant.family = Some(RefreshTokenFamily { generation, current: proof(&issued.secret), previous });
        let mut change = held.writes().put(Grant::row(id), &grant, Some(grant.ends(lifetimes)));
        change = match lifetimes.replay {
            0 => change.remove(replay_row(id)),
            window => change.put_text(replay_row(id), encode(&replay), Some(now + window * 1000)),
        };
        let event = Event { name: ledger::REFRESHED, client: &client, grant: id, scopes: &scopes, reason: None };
        ledger.wrote(change, &subject, event).commit(flow);
        return Ok(ledger.report(Decision::new(TokenResponse::Tokens(issued.response))));
    }
    if let Some(previous) = family.previous.filter(|previous| same(shown.as_bytes(), previous.secret.as_bytes()))
        && now < previous.rotated + lifetimes.replay * 1000
        && let Some(sealed) = held.row(&replay_row(id)).and_then(decode)
    {
        if previous.asked != asked {
            return refuse(&mut ledger, RefreshError::OtherRequest, None, None);
        }
        let response = open_with(&replay_key(secret), id.as_bytes(), &sealed).ok_or(InvalidCall)?;
        return Ok(Decision::new(TokenResponse::Tokens(String::from_utf8(response).map_err(|_| InvalidCall)?)));
    }
    // The Worker has opened it, so it is one of ours: its generation distinguishes a former token from an impossible
    // one.
    if input.generation >= family.generation {
        return refuse(&mut ledger, RefreshError::Secret, None, None);
    }
    grant.revoked = Some(now);
    let ends = Some(grant.ends(lifetimes));
    let change = held.writes().put(Grant::row(id), &grant, ends).remove(replay_row(id));
    refuse(&mut ledger, RefreshError::Reused, Some(outbox::enqueue_grant_end(change, now, id)), Some(id))
}

/// Undoes the refresh at this time, whose response was never sent: the former token is the valid one again. `None` if
/// more has happened since.
pub(crate) fn rolled_back(held: &RowSet, id: &str, at: u64, lifetimes: Lifetimes) -> Option<RowWrites> {
    let mut grant = held.record::<Grant>(&Grant::row(id)).filter(|grant| grant.revoked.is_none())?;
    let RefreshTokenFamily { generation, previous, .. } = grant.family.take()?;
    let previous = previous.filter(|previous| previous.rotated == at)?;
    grant.family =
        Some(RefreshTokenFamily { generation: generation.checked_sub(1)?, current: previous.secret, previous: None });
    let change = held.writes().put(Grant::row(id), &grant, Some(grant.ends(lifetimes)));
    Some(change.remove(replay_row(id)))
}

fn check(now: u64, Refresh { request, .. }: &Refresh, grant: &Grant) -> Result<(), RefreshError> {
    if request.client.id != grant.client {
        return Err(RefreshError::Client);
    }
    if !request.client.is(&grant.client, &grant.auth) {
        return Err(RefreshError::Authentication);
    }
    if grant.revoked.is_some() {
        return Err(RefreshError::Ended);
    }
    if grant.ends(request.lifetimes) <= now { Err(RefreshError::Over) } else { Ok(()) }
}

/// Whether [`refresh`] would rotate the token.
pub(crate) fn would_rotate(now: u64, input: &Refresh, grant: &Grant) -> bool {
    let is_current = |family: &RefreshTokenFamily| same(family.current.as_bytes(), proof(&input.secret).as_bytes());
    check(now, input, grant).is_ok()
        && grant.family.as_ref().is_some_and(is_current)
        && wanted(input, grant).is_ok()
        && !revocation_rules::ends_grant(input.request.rules.as_ref(), grant)
}

/// The scopes of the new access token: those of the grant, or the requested ones among them. A client may repeat its
/// original request, of which the person may have granted a part.
fn wanted(Refresh { scope, request, .. }: &Refresh, grant: &Grant) -> Result<Vec<String>, RefreshError> {
    if request.resource.as_ref().is_some_and(|resource| *resource != grant.resource) {
        return Err(RefreshError::Resource);
    }
    let Some(scope) = scope else { return Ok(grant.scopes.clone()) };
    let scopes = scope::within(&scope::parse(scope).ok_or(RefreshError::Scope)?, &grant.scopes);
    if scopes.is_empty() { Err(RefreshError::Scope) } else { Ok(scopes) }
}

/// What is written if the upstream was asked and there is no new token: those that wait get the same error.
fn failed_renewal(
    grant: &mut Grant,
    why: RefreshError,
    now: u64,
    change: RowWrites,
    lifetimes: Lifetimes,
) -> Option<RowWrites> {
    grant.asking.as_mut()?.end(why.wire().0, now);
    Some(change.put(Grant::row(&grant.id), &*grant, Some(grant.ends(lifetimes))))
}

/// The scopes among these that the person may have, according to the identity's last answer, if it limits them. The
/// grant keeps what was granted, so a scope can come back.
fn reached(may: Option<&[String]>, scopes: Vec<String>) -> Result<Vec<String>, RefreshError> {
    let Some(may) = may else { return Ok(scopes) };
    let scopes = scope::within(&scopes, may);
    if scopes.is_empty() { Err(RefreshError::Person) } else { Ok(scopes) }
}

/// What must be equal for the same response: `scope` and `resource` of the request.
fn asked(Refresh { scope, request, .. }: &Refresh) -> String {
    let part = |part: &Option<String>| part.as_ref().map_or_else(|| "-".into(), |text| "+".to_owned() + text);
    [part(scope), part(&request.resource)].join("\n")
}

fn replay_key(secret: &str) -> [u8; 32] {
    hash("replay key", &[secret.as_bytes()])
}
