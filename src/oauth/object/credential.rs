//! The upstream credential of a subject: stored encrypted in its object, refreshed by one request at a time, and used at
//! each refresh to check whether the person still has access.
//!
//! **Threat.** An upstream token leaks through a client or one of our tokens; two requests refresh with the same
//! upstream token, and the upstream revokes both; a person who was removed upstream keeps access.
//! **Guarantee.** The credential leaves its object for our own Worker only. A request that refreshes it needs the
//! lease, and the result is stored before anything else happens. At each refresh the upstream is asked who the person
//! is now: with the access token; or by refreshing the credential, if only that makes the upstream confirm it and it
//! has not done so within the last minute ([`crate::identity::Credential::due`]). If neither is possible, access ends.
//! An upstream that does not answer ends nobody's grant. With a person's last grant the credential is revoked as well
//! ([`super::giving`]).
//! **Not guaranteed.** That nothing is lost if the Worker dies between the upstream's response and storing it.

use serde::{Deserialize, Serialize};

use super::credential_revocation::{Origin, RevocationRow, binding};
use super::grant::Grant;
use super::ledger::{self, Event, Ledger};
use super::refresh::{Refresh, would_rotate};
use super::upstream_lease::{self, LeaseOutcome, OFTEN};
use super::{Decision, InvalidCall, RowSet, RowWrites, call};
use crate::crypto::{Keys, encode};
use crate::flow::Flow;
use crate::identity::Identity;
use crate::oauth::error::Code;
use crate::rate_limit::WINDOW;

/// The row.
pub(crate) const ROW: &str = "credential";
/// How long a request may take to refresh it, in milliseconds.
const LEASE: u64 = 30_000;
/// A credential that expires sooner than this is refreshed, in milliseconds.
const FRESH: u64 = 60_000;

/// A credential from the Worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ReceivedCredential {
    /// The identity's own text.
    credential: String,
    origin: Origin,
    terms: Terms,
}

/// The row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    /// The credential, sealed.
    pub(crate) sealed: String,
    pub(crate) origin: Origin,
    terms: Terms,
    /// The upstream has refused it since: a newer one is better, whatever its scopes.
    refused: bool,
    lease: Option<Lease>,
}

/// How long a credential is valid.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Terms {
    /// When its access token expires, in milliseconds since 1970.
    ends: Option<u64>,
    renewable: bool,
    /// When a refresh must renew it, so that the upstream confirms who the person is, in milliseconds since 1970;
    /// `None` if the upstream can be asked with the access token.
    due: Option<u64>,
}

/// A request is renewing it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Lease {
    id: String,
    until: u64,
    /// The renewal failed.
    stuck: bool,
}

/// Requests the credential: for an active grant, or for a person who has signed in.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Take {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) grant: Option<String>,
    /// True if it may be renewed first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) lease: bool,
    /// The refresh for which the upstream must be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) renewal: Option<Renewal>,
}

call!(Take, "credential" => Decision<Answer>);

/// A refresh for which the upstream must be asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Renewal {
    pub(crate) refresh: Refresh,
    /// When the request arrived, in milliseconds since 1970.
    pub(crate) since: u64,
    /// The time limit of the operator's functions, in milliseconds.
    pub(crate) patience: u64,
    /// The identity has no credentials: it is asked about the person by subject.
    pub(crate) bare: bool,
}

impl Take {
    /// For a tool.
    #[must_use]
    pub fn of_grant(grant: &str) -> Self {
        Self { grant: Some(grant.to_owned()), lease: true, renewal: None }
    }

    pub(crate) fn refresh(&self) -> Option<&Refresh> {
        self.renewal.as_ref().map(|renewal| &renewal.refresh)
    }

    pub(crate) fn grant(&self) -> Option<&str> {
        self.refresh().map(|refresh| &refresh.grant).or(self.grant.as_ref()).map(String::as_str)
    }
}

/// The credential of an active grant.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// There is none; or the grant has ended; or the refresh token is not the valid one, is used too often, or so often
    /// that the upstream's last answer counts; or, for a person who has signed in (no `grant`), the upstream has
    /// refused it since.
    None,
    /// Another request renews it or asks with it, for at most this many milliseconds: the caller tries again once the
    /// object was written to (`js/objects/flow-role.ts`).
    Busy(u64),
    /// Another request has asked meanwhile, without success.
    Failed(Code),
    /// The credential, with `lease` if it must be renewed first, and with `asking` if a refresh token was presented.
    Credential {
        /// The identity's own text.
        credential: String,
        /// The lease for renewing it.
        #[serde(skip_serializing_if = "Option::is_none")]
        lease: Option<String>,
        /// The lease for asking with it.
        #[serde(skip_serializing_if = "Option::is_none")]
        asking: Option<String>,
    },
}

/// Stores what the holder of the lease has obtained.
#[derive(Serialize, Deserialize)]
pub(crate) struct CompleteRenewal {
    pub(crate) lease: String,
    pub(crate) credential: ReceivedCredential,
}

// Whether it was stored.
call!(CompleteRenewal, "keep" => bool);

/// The holder of leases has failed.
#[derive(Serialize, Deserialize)]
pub(crate) struct FailRenewal {
    pub(crate) take: Take,
    pub(crate) asking: Option<String>,
    pub(crate) lease: Option<String>,
    pub(crate) failed: Code,
    /// The upstream has refused the credential.
    pub(crate) refused: bool,
}

// For a refresh, the typed subject of the person.
call!(FailRenewal, "give-up" => Decision<Option<String>>);

impl ReceivedCredential {
    /// A credential of `identity`.
    pub(crate) fn of<I: Identity>(identity: &I, credential: String) -> Self {
        let origin = Origin::of(identity, None, &credential);
        let known = identity.credential(&credential);
        let terms = known.map_or(Terms { ends: None, renewable: false, due: None }, |known| Terms {
            ends: known.expires,
            renewable: known.renewable,
            due: known.due,
        });
        Self { credential, origin, terms }
    }

    /// The same of the person with this typed subject.
    pub(crate) fn about(mut self, subject: &str) -> Self {
        self.origin.subject = Some(subject.to_owned());
        self
    }

    /// Its row, sealed.
    pub(crate) fn seal(self, flow: &Flow<'_>, keys: &Keys, object: &str) -> Row {
        let sealed = keys.seal_text(flow.context(), &binding(object), self.credential.as_bytes());
        Row { sealed, origin: self.origin, terms: self.terms, refused: false, lease: None }
    }
}

impl Row {
    /// Replaces the former one, which is revoked by itself if that is possible.
    pub(crate) fn replace(&self, change: RowWrites, held: &RowSet, now: u64) -> RowWrites {
        let former = held.record::<Self>(ROW);
        let due = former.and_then(|former| RevocationRow::replaced(former.origin, former.sealed, &self.origin, now));
        let change = match due {
            Some(due) => due.put(change, due.row()),
            None => change,
        };
        change.put(ROW, self, None)
    }

    /// Whether it must be renewed first, for a refresh or for a tool.
    fn is_stale(&self, now: u64, is_refresh: bool) -> bool {
        let Terms { ends, renewable, due } = self.terms;
        let is_over = ends.is_some_and(|ends| ends <= now + FRESH);
        renewable && (is_over || (is_refresh && due.is_some_and(|due| due <= now)))
    }

    fn opened(&self, keys: &Keys, object: &str) -> Option<String> {
        String::from_utf8(keys.open_text(&binding(object), &self.sealed)?).ok()
    }
}

/// Inside the object: answers [`Take`].
pub(crate) async fn take(
    flow: &Flow<'_>,
    keys: &Keys,
    object: &str,
    asked: &Take,
) -> Result<Decision<Answer>, InvalidCall> {
    let now = flow.context().now();
    let (id, refresh) = (asked.grant(), asked.refresh());
    let rows = vec![ROW.into()].into_iter().chain(id.map(Grant::row)).collect();
    let (rows, prefixes) = if refresh.is_some() { ledger::rows(rows, vec![]) } else { (rows, vec![]) };
    let held = RowSet::read(flow, rows, prefixes).await?;
    let none = || Ok(Decision::new(Answer::None));
    let mut grant = id.and_then(|id| held.record::<Grant>(&Grant::row(id)));
    if id.is_some() && !grant.as_ref().is_some_and(|grant| stands(flow, keys, &held, grant, refresh)) {
        return none();
    }
    // A refresh asks about the person of this grant.
    let renewing = grant.as_mut().zip(asked.renewal.as_ref());
    if let Some((grant, renewal @ Renewal { bare: true, .. })) = renewing {
        return Ok(Decision::new(match ask_for(flow, keys, &held, grant, renewal, held.writes()) {
            Ok((change, asking)) => {
                change.commit(flow);
                Answer::Credential { credential: grant.subject.clone(), lease: None, asking: Some(asking) }
            }
            Err(answer) => answer,
        }));
    }
    let mut row = held.record::<Row>(ROW);
    let Some(credential) = row.as_ref().and_then(|row| row.opened(keys, object)) else {
        // Without a credential, or with one that was sealed under a deleted secret, the upstream cannot be asked about
        // the person, which is no reason to extend access. Only a new sign-in helps.
        return match renewing {
            Some((grant, renewal)) => Ok(unopened(flow, keys, &held, grant, &renewal.refresh)),
            None => none(),
        };
    };
    let Some(row) = row.as_mut().filter(|row| !row.refused || id.is_some()) else { return none() };
    let mut is_change = !keys.is_current(&row.sealed);
    if is_change {
        row.sealed = keys.seal_text(flow.context(), &binding(object), credential.as_bytes());
    }
    let is_stale = asked.lease && row.is_stale(now, refresh.is_some());
    if is_stale && let Some(lease) = row.lease.as_ref().filter(|lease| lease.until > now) {
        let code = if row.refused { Code::InvalidGrant } else { Code::TemporarilyUnavailable };
        let answer = if lease.stuck { Answer::Failed(code) } else { Answer::Busy(lease.until - now) };
        return Ok(Decision::new(answer));
    }
    let (mut change, mut asking, mut lease) = (held.writes(), None, None);
    if let Some((grant, renewal)) = renewing {
        let asks = match ask_for(flow, keys, &held, grant, renewal, change) {
            Ok(asks) => asks,
            Err(answer) => return Ok(Decision::new(answer)),
        };
        (change, asking, is_change) = (asks.0, Some(asks.1), true);
    }
    if is_stale {
        let id = encode(&flow.context().random::<16>("lease"));
        lease = Some(id.clone());
        row.lease = Some(Lease { id, until: now + LEASE, stuck: false });
        is_change = true;
    }
    if is_change {
        change.put(ROW, row, None).commit(flow);
    }
    Ok(Decision::new(Answer::Credential { credential, lease, asking }))
}

/// A refresh must ask about the person of `grant`: what is written then, and its lease. Otherwise the answer for a
/// request that does not ask, because another one asks, or has asked, or the upstream was asked often enough.
fn ask_for(
    flow: &Flow<'_>,
    keys: &Keys,
    held: &RowSet,
    grant: &mut Grant,
    renewal: &Renewal,
    change: RowWrites,
) -> Result<(RowWrites, String), Answer> {
    let request = &renewal.refresh.request;
    let ledger = Ledger::read(flow, keys, held, &request.traced);
    if ledger.lookups(&grant.client) >= OFTEN {
        let since = flow.context().now().saturating_sub(WINDOW);
        if let Some(code) = grant.asking.as_ref().and_then(|asking| asking.failed_after(since)) {
            return Err(Answer::Failed(code));
        }
        if grant.checked.is_some_and(|checked| checked > since) {
            return Err(Answer::None);
        }
    }
    let change = ledger.count_lookup(change, &grant.client);
    let asking = match upstream_lease::turn(flow, grant, renewal) {
        LeaseOutcome::Asks(asking) => asking,
        LeaseOutcome::Waits(wait) => return Err(Answer::Busy(wait)),
        LeaseOutcome::Failed(code) => return Err(Answer::Failed(code)),
    };
    let lease = asking.lease.clone();
    grant.asking = Some(asking);
    Ok((change.put(Grant::row(&grant.id), grant, Some(grant.ends(request.lifetimes))), lease))
}

/// The answer for a refresh whose person cannot be asked about.
fn unopened(flow: &Flow<'_>, keys: &Keys, held: &RowSet, grant: &Grant, refresh: &Refresh) -> Decision<Answer> {
    let mut ledger = Ledger::read(flow, keys, held, &refresh.request.traced);
    ledger.refused(held, None, &grant.subject, refusal(grant, "there is no upstream credential that can be opened"));
    ledger.report(Decision::new(Answer::Failed(Code::InvalidGrant)))
}

fn refusal<'a>(grant: &'a Grant, reason: &'static str) -> Event<'a> {
    Event { name: ledger::REFUSED, client: &grant.client, grant: &grant.id, scopes: &[], reason: Some(reason) }
}

/// Performs all checks of a refresh in advance, so that nothing happens upstream for one that fails.
fn stands(flow: &Flow<'_>, keys: &Keys, held: &RowSet, grant: &Grant, refresh: Option<&Refresh>) -> bool {
    let Some(refresh) = refresh else { return grant.revoked.is_none() };
    let request = &refresh.request;
    let is_limited = || Ledger::read(flow, keys, held, &request.traced).wait(&grant.client, request.most).is_some();
    would_rotate(flow.context().now(), refresh, grant) && !is_limited()
}

/// Inside the object: answers [`CompleteRenewal`].
pub(crate) async fn keep(
    flow: &Flow<'_>,
    keys: &Keys,
    object: &str,
    CompleteRenewal { lease, credential }: CompleteRenewal,
) -> Result<bool, InvalidCall> {
    let held = RowSet::read(flow, vec![ROW.into()], vec![]).await?;
    let Some(former) = held.record::<Row>(ROW) else { return Ok(false) };
    if former.lease.is_none_or(|kept| kept.id != lease) {
        return Ok(false);
    }
    let mut row = credential.seal(flow, keys, object);
    row.origin.subject = former.origin.subject;
    held.writes().put(ROW, &row, None).commit(flow);
    Ok(true)
}

/// Inside the object: answers [`FailRenewal`]. Those that wait get the same error. The lease of a credential remains,
/// because the upstream may have revoked it, and until it expires nobody waits for it.
pub(crate) async fn revoke_unused(
    flow: &Flow<'_>,
    keys: &Keys,
    FailRenewal { take, asking, lease, failed, refused }: &FailRenewal,
) -> Result<Decision<Option<String>>, InvalidCall> {
    let row = Grant::row(take.grant().ok_or(InvalidCall)?);
    let (rows, prefixes) = ledger::rows(vec![ROW.into(), row.clone()], vec![]);
    let held = RowSet::read(flow, rows, prefixes).await?;
    let mut change = held.writes();
    let mut grant = held.record::<Grant>(&row);
    if let (Some(asking), Some(grant), Some(refresh)) = (asking, grant.as_mut(), take.refresh())
        && grant.asking.as_mut().is_some_and(|it| it.fail(asking, *failed, flow.context().now()))
    {
        change = change.put(row, grant, Some(grant.ends(refresh.request.lifetimes)));
    }
    if let Some(mut kept) = held.record::<Row>(ROW) {
        let its = kept.lease.as_mut().filter(|its| lease.as_ref() == Some(&its.id));
        let is_change = *refused || its.is_some();
        if let Some(its) = its {
            its.stuck = true;
        }
        kept.refused |= refused;
        if is_change {
            change = change.put(ROW, &kept, None);
        }
    }
    // Without a refresh token it was a tool's request: its caller gets the error.
    let Some((grant, refresh)) = grant.zip(take.refresh()) else {
        change.commit(flow);
        return Ok(Decision::new(None));
    };
    let reason = match failed {
        Code::InvalidGrant => "the sign-in provider no longer accepts the person",
        _ => "the sign-in provider gave no usable answer",
    };
    let mut ledger = Ledger::read(flow, keys, &held, &refresh.request.traced);
    ledger.refused(&held, Some(change), &grant.subject, refusal(&grant, reason));
    Ok(ledger.report(Decision::new(Some(grant.subject))))
}
