//! What an object has yet to tell: to the list that every isolate follows, which grants have ended; to the operator, what has
//! happened.
//!
//! **Threat.** The process ends, or storage is away, after an object has decided and before the Worker has told of it: an access
//! token outlives its grant, or the operator's copy of an audit chain has a gap.
//! **Guarantee.** What has to be told is written in the transaction that decides. It stays until the Worker says that it has
//! arrived; until then the object's alarm tells it, after a minute and again, eight times within four days.
//! **Not guaranteed.** That it is told once. A grant ends once, however often that is told; records are told apart by chain and
//! number.

use super::object::{Change, Held, Refused};
use super::record::{Members, Reading as _};
use super::server::{Lifetimes, Server};
use super::{grant, ledger, refresh, revoke};
use crate::flow::{Ask, Commit, Flow};
use crate::json::{Object, Value, array};

/// Rows of what has to be told. Their end is when it is time to try (again); they are deleted by these flows alone.
const PREFIX: &str = "tell:";
/// How long to wait before each time, in milliseconds.
const WAITS: [u64; 8] = [MINUTE, 9 * MINUTE, 50 * MINUTE, 4 * HOUR, 12 * HOUR, 24 * HOUR, 24 * HOUR, 24 * HOUR];
const MINUTE: u64 = 60 * 1000;
const HOUR: u64 = 60 * MINUTE;
/// The longest life of an access token, and a minute for clocks that differ, in milliseconds.
const LIFE: u64 = HOUR + MINUTE;

const ENDED: &str = "ended:";
const RECORD: &str = "audit:";

/// Adds that `grant` has ended.
pub(super) fn owe_end(change: Change, now: u64, grant: &str) -> Change {
    put(change, &[ENDED, grant].concat(), Members::new().text("ended", grant), (0, now))
}

/// The row that says that nobody has been told yet that `grant` has ended.
pub(super) fn end_row(grant: &str) -> String {
    [PREFIX, ENDED, grant].concat()
}

/// Whether somebody has to be told yet that `grant` has ended; [`end_row`] has been read.
pub(super) fn owes_end(held: &Held, grant: &str) -> bool {
    held.row(&end_row(grant)).is_some()
}

/// Adds a record, for the operator of this name. `event` is flat, as the operator gets it.
pub(super) fn owe_record(change: Change, now: u64, seq: u64, (teller, event): (&str, &str)) -> Change {
    let body = Members::new().text("teller", teller).raw("event", event);
    put(change, &[RECORD, &seq.to_string()].concat(), body, (0, now))
}

fn put(change: Change, id: &str, body: Members, (tries, now): (usize, u64)) -> Change {
    let key = [PREFIX, id].concat();
    let Some(wait) = WAITS.get(tries) else { return change.remove(key) };
    let at = now + wait;
    let tries = u64::try_from(tries).unwrap_or(u64::MAX);
    change.put(key, body.number("v", 1).number("tries", tries).number("at", at).end(), Some(at))
}

/// Inside the object, when its alarm goes off: what it is time to tell, `{"ended":["…"],"until":…,"events":[…]}`. Whoever gets
/// it tells it and says what has arrived ([`told`]); the rest is due again later.
pub(super) async fn untold(flow: &Flow<'_>) -> Result<String, Refused> {
    let now = flow.context().now();
    let held = Held::read(flow, vec![], vec![PREFIX.into()]).await?;
    let (mut ended, mut events) = (Vec::new(), Vec::new());
    let mut change = held.writes();
    for (id, row) in held.under(PREFIX) {
        let row = Object::read(row).map_err(|_| Refused)?;
        if row.number("at").is_some_and(|at| at > now) {
            continue;
        }
        let tries = row.number("tries").and_then(|tries| usize::try_from(tries).ok()).unwrap_or(usize::MAX - 1) + 1;
        if let Some(grant) = row.text("ended") {
            change = put(change, id, Members::new().text("ended", &grant), (tries, now));
            ended.push(grant);
        } else if let (Some(teller), Some(event)) = (row.text("teller"), row.get("event").map(Value::text)) {
            let body = Members::new().text("teller", &teller).raw("event", event);
            events.push(body.clone().text("id", id).flag("last", tries >= WAITS.len()).end());
            change = put(change, id, body, (tries, now));
        }
    }
    if !ended.is_empty() || !events.is_empty() {
        change.commit(flow);
    }
    let members = Members::new().texts("ended", ended.iter().map(String::as_str)).number("until", now + LIFE);
    Ok(members.raw("events", &array(events)).end())
}

/// Inside the object: these have arrived.
pub(super) async fn told(flow: &Flow<'_>, input: &Object<'_>) -> Result<String, Refused> {
    let told = input.texts("told").ok_or(Refused)?;
    let held = Held::read(flow, told.iter().map(|id| [PREFIX, id].concat()).collect(), vec![]).await?;
    let rows = told.iter().map(|id| [PREFIX, id].concat()).filter(|key| held.row(key).is_some()).collect::<Vec<_>>();
    if !rows.is_empty() {
        rows.into_iter().fold(held.writes(), Change::remove).commit(flow);
    }
    Ok("true".into())
}

/// Inside the object: these could not be told, so the client got no answer, and what it was to get was never given. A refresh
/// has not happened then: its token is the valid one again. The records stay, and are told later.
pub(super) async fn unanswered(flow: &Flow<'_>, input: &Object<'_>) -> Result<String, Refused> {
    let told = input.texts("told").ok_or(Refused)?;
    let lifetimes = Lifetimes::read(input).ok_or(Refused)?;
    let keys = told.iter().map(|id| [PREFIX, id].concat()).collect::<Vec<_>>();
    let held = Held::read(flow, keys.clone(), vec![grant::PREFIX.into()]).await?;
    let refreshed = keys.iter().find_map(|key| {
        let row = Object::read(held.row(key)?).ok()?;
        let event = row.get("event")?.object().ok()?;
        (event.string("event")? == ledger::REFRESHED).then_some(())?;
        Some((event.text("grant")?, event.number("at")?))
    });
    if let Some(change) = refreshed.and_then(|(grant, at)| refresh::taken_back(&held, &grant, at, lifetimes)) {
        change.commit(flow);
    }
    Ok("true".into())
}

/// What came of passing on what an object has decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Passed {
    /// It had records for the operator.
    pub(super) recorded: bool,
    /// Whether grants have ended, and everybody will hear of it; an error where that cannot be told now.
    pub(super) ended: Result<bool, ()>,
}

/// In the Worker: tells what `object` has decided, and then the object that it was told.
///
/// Waits: one where grants have ended.
pub(super) async fn pass_on(flow: &Flow<'_>, server: &Server, object: &str, decided: &Object<'_>) -> Passed {
    let recorded = ledger::tell(flow, decided);
    let ended = revoke::announce(flow, decided, server.lifetimes.access).await;
    let mut told = Vec::new();
    if server.teller.is_some() {
        let records = decided.get("audit").and_then(|records| records.array().ok()).unwrap_or_default();
        let seqs = records.into_iter().filter_map(|record| record.object().ok()?.number("seq"));
        told.extend(seqs.map(|seq| [RECORD, &seq.to_string()].concat()));
    }
    if ended == Ok(true) {
        told.extend(decided.texts("ended").unwrap_or_default().iter().map(|grant| [ENDED, grant].concat()));
    }
    if !told.is_empty() {
        let input = Members::new().texts("told", told.iter().map(String::as_str));
        let input = input.raw("lifetimes", &server.lifetimes.to_json()).end();
        flow.commit(Commit::Receipt(Ask { object: object.into(), call: "told", input }));
    }
    Passed { recorded, ended }
}
