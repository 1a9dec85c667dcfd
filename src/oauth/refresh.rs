//! Refreshing, inside the object of the subject (RFC 6749 §6, RFC 9700 §4.14): each refresh token is used once.
//!
//! **Threat.** A refresh token was stolen: thief and client both use it, and one of them later uses a former one. And, far
//! more often: two tabs, or a lost answer, use the same token twice, and a strict server logs the person out
//! (GHSA-392p-2q2v-4372).
//! **Guarantee.** There is one valid refresh token at any time, however many ask at once. The one before it gets, for a
//! moment after it was replaced and as long as its successor is not used, the same answer again, byte for byte. That answer
//! is kept sealed under a key made of the former token itself: what lies in the object opens nothing. Any other use of a
//! former token ends the family.
//! **Not guaranteed.** That a thief who uses a token within that moment is noticed then. The next rotation shows it.

use super::error::Code as Error;
use super::grant::{Family, Grant, Previous};
use super::ledger::{self, Event, Ledger};
use super::object::{Change, Held, Refused};
use super::record::{Members, Reading as _};
use super::redeem::{Issued, refused};
use super::server::Lifetimes;
use super::token::{is_client, proof};
use super::{outbox, rule, scope};
use crate::crypto::seal::{open_with, seal_with};
use crate::crypto::{Keys, decode, encode, hash, same};
use crate::flow::Flow;
use crate::json::Object;

/// Why a refresh token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reject {
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

impl Reject {
    fn wire(self) -> (Error, &'static str) {
        match self {
            Self::Unknown => (Error::InvalidGrant, "there is no such grant"),
            Self::Secret => (Error::InvalidGrant, "the token is not one that was issued"),
            Self::Client => (Error::InvalidGrant, "the token is another client's"),
            Self::Authentication => (Error::InvalidClient, "the client did not authenticate as when this was granted"),
            Self::Over => (Error::InvalidGrant, "the grant is over"),
            Self::Ended => (Error::InvalidGrant, "the grant has ended"),
            Self::Ruled => (Error::InvalidGrant, "the operator ended what was granted before"),
            Self::Scope => (Error::InvalidScope, "none of the scopes was granted"),
            Self::Resource => (Error::InvalidTarget, "resource is another than was granted"),
            Self::OtherRequest => {
                (Error::InvalidGrant, "a former token, with another scope or resource than the first time")
            }
            Self::Person => (Error::InvalidGrant, "the person may have none of the scopes any more"),
            Self::Sealed => (Error::InvalidGrant, "the props are sealed under a secret that is gone"),
            Self::Reused => (Error::InvalidGrant, "a former token was used again: its grant has ended"),
        }
    }
}

/// The row with the last answer, sealed.
fn replay_row(grant: &str) -> String {
    "replay:".to_owned() + grant
}

/// Gives new tokens for a refresh token, or says why not.
///
/// 1. The grant, the client and its authentication.
/// 2. The token is the valid one: it is replaced.
/// 3. Or the one before, in time, with the same request: the same answer once more.
/// 4. Or a former one: the grant ends.
pub(super) async fn refresh(flow: &Flow<'_>, keys: &Keys, object: &str, input: &Object<'_>) -> Result<String, Refused> {
    let now = flow.context().now();
    let (id, secret) = (input.text("grant").ok_or(Refused)?, input.text("secret").ok_or(Refused)?);
    let lifetimes = Lifetimes::read(input).ok_or(Refused)?;
    let (rows, prefixes) = ledger::rows(vec![Grant::row(&id), replay_row(&id), outbox::end_row(&id)], vec![]);
    let held = Held::read(flow, rows, prefixes).await?;
    let Some(mut grant) = held.row(&Grant::row(&id)).and_then(Grant::read) else {
        return Ok(reject(Reject::Unknown, None).end());
    };
    let Some(family) = grant.family.clone() else { return Ok(reject(Reject::Unknown, None).end()) };
    let mut ledger = Ledger::read(flow, keys, &held, input);
    let (subject, client) = (grant.subject.clone(), grant.client.clone());
    let event = |name, reason| Event { name, client: &client, grant: &id, scopes: &[], reason };
    if let Some(seconds) = ledger.wait(&client, ledger::most(input)) {
        ledger.limited(&held, &subject, event(ledger::LIMITED, None));
        return Ok(ledger.report(ledger::slow_down(seconds)).end());
    }
    let refuse = |ledger: &mut Ledger<'_>, why: Reject, change, ended| {
        ledger.refused(&held, change, &subject, event(ledger::REFUSED, Some(why.wire().1)));
        Ok(ledger.report(reject(why, ended)).end())
    };
    if let Err(why) = check(now, input, &grant, lifetimes) {
        // Said again where it has ended and the others could not be told then.
        let is_owed = why == Reject::Ended && outbox::owes_end(&held, &id);
        return refuse(&mut ledger, why, None, is_owed.then_some(&*id));
    }
    if rule::ends_grant(input, &grant) {
        grant.revoked = Some(now);
        let change = held.writes().put(Grant::row(&id), grant.to_json(), Some(grant.ends(lifetimes)));
        let change = outbox::owe_end(change.remove(replay_row(&id)), now, &id);
        return refuse(&mut ledger, Reject::Ruled, Some(change), Some(&*id));
    }
    let asked = asked(input);
    let shown = proof(&secret);
    if same(shown.as_bytes(), family.current.as_bytes()) {
        if input.flag("checked") {
            grant.checked = Some(now);
            grant.may = input.texts("may");
        }
        let scopes = match wanted(input, &grant).and_then(|scopes| reached(grant.may.as_deref(), scopes)) {
            Ok(scopes) => scopes,
            Err(why) => {
                let change = asked_in_vain(&mut grant, why, now, held.writes(), lifetimes);
                return refuse(&mut ledger, why, change, None);
            }
        };
        if let Some(props) = input.string("props") {
            grant.renew(flow, keys, &props, input.flag("inline"));
        } else if !grant.reseal(flow, keys) {
            return refuse(&mut ledger, Reject::Sealed, None, None);
        }
        let generation = family.generation + 1;
        let issued =
            Issued::fresh(flow, keys, object, input, (&grant, generation), (&scopes, lifetimes.access)).await?;
        let replay = seal_with(
            &replay_key(&secret),
            [0; 4],
            flow.context().random("replay"),
            id.as_bytes(),
            issued.response.as_bytes(),
        );
        grant.used = now;
        grant.asking = None;
        let previous = Some(Previous { secret: shown, rotated: now, asked });
        grant.family = Some(Family { generation, current: proof(&issued.secret), previous });
        let mut change = held.writes().put(Grant::row(&id), grant.to_json(), Some(grant.ends(lifetimes)));
        change = match lifetimes.replay {
            0 => change.remove(replay_row(&id)),
            window => change.put(replay_row(&id), encode(&replay), Some(now + window * 1000)),
        };
        let event = Event { name: ledger::REFRESHED, client: &client, grant: &id, scopes: &scopes, reason: None };
        ledger.wrote(change, &subject, event).commit(flow);
        return Ok(ledger.report(Members::new().text("ok", &issued.response)).end());
    }
    if let Some(previous) = family.previous.filter(|previous| same(shown.as_bytes(), previous.secret.as_bytes()))
        && now < previous.rotated + lifetimes.replay * 1000
        && let Some(sealed) = held.row(&replay_row(&id)).and_then(decode)
    {
        if previous.asked != asked {
            return refuse(&mut ledger, Reject::OtherRequest, None, None);
        }
        let response = open_with(&replay_key(&secret), id.as_bytes(), &sealed).ok_or(Refused)?;
        return Ok(Members::new().text("ok", &String::from_utf8(response).map_err(|_| Refused)?).end());
    }
    // The Worker has opened it, so it is one of ours: then its generation tells a former one from nonsense.
    if input.number("generation").is_none_or(|generation| generation >= family.generation) {
        return refuse(&mut ledger, Reject::Secret, None, None);
    }
    grant.revoked = Some(now);
    let ends = Some(grant.ends(lifetimes));
    let change = held.writes().put(Grant::row(&id), grant.to_json(), ends).remove(replay_row(&id));
    refuse(&mut ledger, Reject::Reused, Some(outbox::owe_end(change, now, &id)), Some(&*id))
}

/// What undoes the refresh of this time, whose answer was never given: the token from before is the valid one again. Nothing
/// where more has happened since.
pub(super) fn taken_back(held: &Held, id: &str, at: u64, lifetimes: Lifetimes) -> Option<Change> {
    let mut grant = held.row(&Grant::row(id)).and_then(Grant::read).filter(|grant| grant.revoked.is_none())?;
    let Family { generation, previous, .. } = grant.family.take()?;
    let previous = previous.filter(|previous| previous.rotated == at)?;
    grant.family = Some(Family { generation: generation.checked_sub(1)?, current: previous.secret, previous: None });
    let change = held.writes().put(Grant::row(id), grant.to_json(), Some(grant.ends(lifetimes)));
    Some(change.remove(replay_row(id)))
}

fn reject(why: Reject, ended: Option<&str>) -> Members {
    let (code, reason) = why.wire();
    refused(code, reason, ended)
}

fn check(now: u64, input: &Object<'_>, grant: &Grant, lifetimes: Lifetimes) -> Result<(), Reject> {
    if input.string("client").is_none_or(|client| client != grant.client) {
        return Err(Reject::Client);
    }
    if !is_client(input, &grant.client, &grant.auth) {
        return Err(Reject::Authentication);
    }
    if grant.revoked.is_some() {
        return Err(Reject::Ended);
    }
    if grant.ends(lifetimes) <= now { Err(Reject::Over) } else { Ok(()) }
}

/// Whether [`refresh`] would replace the token with this secret.
pub(super) fn would_rotate(now: u64, input: &Object<'_>, grant: &Grant, secret: &str) -> bool {
    let is_current = |family: &Family| same(family.current.as_bytes(), proof(secret).as_bytes());
    Lifetimes::read(input).is_some_and(|lifetimes| check(now, input, grant, lifetimes).is_ok())
        && grant.family.as_ref().is_some_and(is_current)
        && wanted(input, grant).is_ok()
        && !rule::ends_grant(input, grant)
}

/// The scopes of the new access token: those of the grant, or the asked ones among them. A client may ask for what it asked
/// for first, of which the person may have granted a part.
fn wanted(input: &Object<'_>, grant: &Grant) -> Result<Vec<String>, Reject> {
    if input.string("resource").is_some_and(|resource| resource != grant.resource) {
        return Err(Reject::Resource);
    }
    let Some(scope) = input.string("scope") else { return Ok(grant.scopes.clone()) };
    let scopes = scope::within(&scope::parse(&scope).ok_or(Reject::Scope)?, &grant.scopes);
    if scopes.is_empty() { Err(Reject::Scope) } else { Ok(scopes) }
}

/// What is written where the upstream was asked and its answer gives no token: those who wait learn so.
fn asked_in_vain(grant: &mut Grant, why: Reject, now: u64, change: Change, lifetimes: Lifetimes) -> Option<Change> {
    grant.asking.as_mut()?.end(why.wire().0, now);
    Some(change.put(Grant::row(&grant.id), grant.to_json(), Some(grant.ends(lifetimes))))
}

/// Those of the scopes that the person may have, as the identity said last, where it says so. The grant keeps what was granted: who may
/// have a scope again gets it again.
fn reached(may: Option<&[String]>, scopes: Vec<String>) -> Result<Vec<String>, Reject> {
    let Some(may) = may else { return Ok(scopes) };
    let scopes = scope::within(&scopes, may);
    if scopes.is_empty() { Err(Reject::Person) } else { Ok(scopes) }
}

/// What must be the same for the same answer: `scope` and `resource` of the request.
fn asked(input: &Object<'_>) -> String {
    let part = |name| input.string(name).map_or_else(|| "-".into(), |text| "+".to_owned() + &text);
    [part("scope"), part("resource")].join("\n")
}

fn replay_key(secret: &str) -> [u8; 32] {
    hash("replay key", &[secret.as_bytes()])
}
