//! The outbox of an object: ended grants for the revocation list, and records for the operator's audit.
//!
//! **Threat.** The process ends, or storage is unavailable, after an object has decided and before the Worker has delivered
//! the decision: an access token outlives its grant, or the operator's copy of an audit chain has a gap.
//! **Guarantee.** Each entry is written in the transaction that decides. It remains until the Worker confirms the delivery;
//! until then the object's alarm delivers it, after a minute and again, eight times within four days.
//! **Not guaranteed.** That it is delivered only once. The end of a grant is idempotent; records are identified by chain and
//! number.

use serde::{Deserialize, Serialize};

use super::{Call, Decision, InvalidCall, RowSet, RowWrites, call, grant, ledger, refresh};
use crate::flow::{Ask, Commit, Flow};
use crate::json::{self, Json};
use crate::oauth::config::{Lifetimes, ServerConfig};
use crate::oauth::revocation_rules;

/// Rows of undelivered entries. Their expiry is the time of the next attempt; only these flows delete them.
const PREFIX: &str = "outbox:";
/// Time to wait before each attempt, in milliseconds.
const WAITS: [u64; 8] = [MINUTE, 9 * MINUTE, 50 * MINUTE, 4 * HOUR, 12 * HOUR, 24 * HOUR, 24 * HOUR, 24 * HOUR];
const MINUTE: u64 = 60 * 1000;
const HOUR: u64 = 60 * MINUTE;
/// The longest lifetime of an access token, and a minute for clock differences, in milliseconds.
const LIFE: u64 = HOUR + MINUTE;

const ENDED: &str = "ended:";
const RECORD: &str = "audit:";

/// The row of an undelivered entry.
#[derive(Serialize, Deserialize)]
struct Row {
    what: OutboxEntry,
    /// The number of attempts so far.
    tries: usize,
    /// When to try next, in milliseconds since 1970.
    at: u64,
}

/// An undelivered entry.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OutboxEntry {
    /// This grant has ended.
    Ended(String),
    /// A record as the operator receives it, and the name of its recipient.
    Record { sink: String, event: Json },
}

/// The entries that an object's alarm finds. The caller delivers them and reports which have arrived ([`Delivered`]); the
/// others are due again later.
#[derive(Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct UndeliveredEntries {
    /// Grants that have ended.
    ended: Vec<String>,
    /// Until when they are needed, in milliseconds since 1970.
    until: u64,
    events: Vec<UndeliveredEvent>,
}

/// An undelivered record.
#[derive(Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct UndeliveredEvent {
    sink: String,
    #[cfg_attr(feature = "ts", ts(type = "{ event: string; at: number }"))]
    event: Json,
    id: String,
    /// True for the last attempt.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>"))]
    last: bool,
}

/// These have been delivered, or (`mark_undeliverable`) cannot be.
#[derive(Serialize, Deserialize)]
pub(crate) struct Delivered {
    ids: Vec<String>,
    lifetimes: Option<Lifetimes>,
}

call!(Delivered, "delivered" => bool);

/// Adds the end of `grant`.
pub(crate) fn enqueue_grant_end(change: RowWrites, now: u64, grant: &str) -> RowWrites {
    put(change, &[ENDED, grant].concat(), OutboxEntry::Ended(grant.into()), (0, now))
}

/// The row about the undelivered end of `grant`.
pub(crate) fn grant_end_row(grant: &str) -> String {
    [PREFIX, ENDED, grant].concat()
}

/// Whether the end of `grant` is still undelivered; [`grant_end_row`] has been read.
pub(crate) fn is_end_pending(held: &RowSet, grant: &str) -> bool {
    held.row(&grant_end_row(grant)).is_some()
}

/// Adds a record for the recipient with this name. `event` is flat, as the operator receives it.
pub(crate) fn enqueue_record(change: RowWrites, now: u64, seq: u64, (sink, event): (&str, &Json)) -> RowWrites {
    let what = OutboxEntry::Record { sink: sink.into(), event: event.clone() };
    put(change, &record_id(seq), what, (0, now))
}

fn record_id(seq: u64) -> String {
    [RECORD, &seq.to_string()].concat()
}

fn put(change: RowWrites, id: &str, what: OutboxEntry, (tries, now): (usize, u64)) -> RowWrites {
    let key = [PREFIX, id].concat();
    let Some(wait) = WAITS.get(tries) else { return change.remove(key) };
    let at = now + wait;
    change.put(key, &Row { what, tries, at }, Some(at))
}

/// Inside the object, in its alarm: the entries that are due.
pub(crate) async fn undelivered(flow: &Flow<'_>) -> Result<UndeliveredEntries, InvalidCall> {
    let now = flow.context().now();
    let held = RowSet::read(flow, vec![], vec![PREFIX.into()]).await?;
    let mut undelivered = UndeliveredEntries { ended: Vec::new(), until: now + LIFE, events: Vec::new() };
    let mut change = held.writes();
    for (id, _) in held.under(PREFIX) {
        let Row { what, tries, at } = held.record(&[PREFIX, id].concat()).ok_or(InvalidCall)?;
        if at > now {
            continue;
        }
        let tries = tries + 1;
        match &what {
            OutboxEntry::Ended(grant) => undelivered.ended.push(grant.clone()),
            OutboxEntry::Record { sink, event } => undelivered.events.push(UndeliveredEvent {
                sink: sink.clone(),
                event: event.clone(),
                id: id.into(),
                last: tries >= WAITS.len(),
            }),
        }
        change = put(change, id, what, (tries, now));
    }
    if !undelivered.ended.is_empty() || !undelivered.events.is_empty() {
        change.commit(flow);
    }
    Ok(undelivered)
}

/// Inside the object: these have been delivered.
pub(crate) async fn mark_delivered(flow: &Flow<'_>, Delivered { ids, .. }: &Delivered) -> Result<bool, InvalidCall> {
    let keys = ids.iter().map(|id| [PREFIX, id].concat()).collect::<Vec<_>>();
    let held = RowSet::read(flow, keys.clone(), vec![]).await?;
    let rows = keys.into_iter().filter(|key| held.row(key).is_some()).collect::<Vec<_>>();
    if !rows.is_empty() {
        rows.into_iter().fold(held.writes(), RowWrites::remove).commit(flow);
    }
    Ok(true)
}

/// The part of a refresh's record that matters.
#[derive(Deserialize)]
struct Recorded {
    event: String,
    grant: Option<String>,
    at: u64,
}

/// Inside the object: these could not be delivered, so the client got an error instead of its tokens. A refresh is then
/// undone: its token is the valid one again. The records remain, and are delivered later.
pub(crate) async fn mark_undeliverable(
    flow: &Flow<'_>,
    Delivered { ids, lifetimes }: &Delivered,
) -> Result<bool, InvalidCall> {
    let lifetimes = lifetimes.ok_or(InvalidCall)?;
    let keys = ids.iter().map(|id| [PREFIX, id].concat()).collect::<Vec<_>>();
    let held = RowSet::read(flow, keys.clone(), vec![grant::PREFIX.into()]).await?;
    let refreshed = keys.iter().find_map(|key| match held.record(key)? {
        Row { what: OutboxEntry::Record { event, .. }, .. } => match json::read(&event).ok()? {
            Recorded { event, grant, at } if event == ledger::REFRESHED => Some((grant?, at)),
            Recorded { .. } => None,
        },
        Row { what: OutboxEntry::Ended(_), .. } => None,
    });
    if let Some(change) = refreshed.and_then(|(grant, at)| refresh::rolled_back(&held, &grant, at, lifetimes)) {
        change.commit(flow);
    }
    Ok(true)
}

/// In the Worker: delivers what `object` has decided, and confirms it to the object. Returns whether grants have ended
/// and are on the revocation list; an error if they cannot be added now.
///
/// Waits: one if grants have ended.
pub(crate) async fn pass_on<T>(
    flow: &Flow<'_>,
    config: &ServerConfig,
    object: &str,
    Decision { ended, audit, .. }: &Decision<T>,
) -> Result<bool, ()> {
    pass_all(flow, config, object, ended, audit.as_deref().unwrap_or_default()).await
}

/// The number of a record.
#[derive(Deserialize)]
struct Numbered {
    seq: u64,
}

async fn pass_all(
    flow: &Flow<'_>,
    config: &ServerConfig,
    object: &str,
    grants: &[String],
    records: &[Json],
) -> Result<bool, ()> {
    ledger::log_records(flow, records);
    let ended = revocation_rules::announce(flow, grants, config.lifetimes.access).await;
    let mut delivered = Vec::new();
    if config.sink.is_some() {
        delivered.extend(records.iter().filter_map(|record| Some(record_id(json::read::<Numbered>(record).ok()?.seq))));
    }
    if ended == Ok(true) {
        delivered.extend(grants.iter().map(|grant| [ENDED, grant].concat()));
    }
    if !delivered.is_empty() {
        let receipt = Delivered { ids: delivered, lifetimes: Some(config.lifetimes) };
        let Ask { object, call, input } = Ask::new(object, Delivered::NAME, &receipt);
        flow.commit(Commit::Receipt { object, call, input });
    }
    ended
}
