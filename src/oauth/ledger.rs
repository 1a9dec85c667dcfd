//! The ledger of a subject, inside its object: what has happened to its grants, as a chain, and how often its clients ask.
//!
//! **Threat.** Somebody who reaches the operator's logs leaves out or changes what happened; a client that runs wild, or
//! somebody who tries, fills storage and logs.
//! **Guarantee.** Each record carries a MAC over itself and the MAC of the one before it, under a key of the server's, and
//! is written in the transaction that it tells of: what happened without a record did not happen. Equal failures within a
//! minute are one record, and a second one says how many there were. No record holds a token, a code, a secret or a name;
//! who it is about is a commitment, which nobody can open once the salt is gone.
//! **Not guaranteed.** That the end of a chain was not cut off. Whoever keeps copies elsewhere (`UNIQUE (chain, seq)`) sees it.

use super::error::Code;
use super::object::{Change, Held};
use super::outbox;
use super::record::{Members, Reading as _};
use super::server::Server;
use crate::crypto::{Keys, encode, hash, mac};
use crate::flow::{Commit, Flow};
use crate::json::{Object, Value, array};
use crate::limit::{WINDOW, until_next};

/// The row with the chain's head.
const ROW: &str = "ledger";
/// The rows of records.
const RECORDS: &str = "audit:";
/// The rows of counters.
const COUNTS: &str = "count:";
/// A record is kept for this long, in milliseconds …
const KEPT: u64 = 90 * DAY;
/// … and no more than so many.
const MAX_RECORDS: u64 = 1000;
const DAY: u64 = 24 * 3600 * 1000;
/// Kinds of failures that are told apart within one window.
const MAX_KINDS: usize = 20;

/// The event of a client that asks too often.
pub(super) const LIMITED: &str = "too many requests";

/// The event of a grant that ends otherwise than by what a client did wrong.
pub(super) const ENDED: &str = "access ended";

/// The event of a grant that begins.
pub(super) const GRANTED: &str = "access granted";

/// The event of a refresh token that was replaced.
pub(super) const REFRESHED: &str = "token refreshed";

/// The event of a refresh that brings no tokens.
pub(super) const REFUSED: &str = "refresh refused";

/// The event of a person who has signed in without asking for anything.
pub(super) const SIGNED_IN: &str = "signed in";

/// Adds what a decision with a ledger has to know of the request.
pub(super) fn traced(members: Members, server: &Server, trace: &str) -> Members {
    members.text("trace", trace).maybe("teller", server.teller.as_deref())
}

/// How often a client may ask in the name of one person within a window, as the Worker says.
pub(super) fn most(input: &Object<'_>) -> u64 {
    input.number("most").unwrap_or(u64::MAX)
}

/// The answer to one that asks too often.
pub(super) fn slow_down(seconds: u64) -> Members {
    Members::new().text("error", Code::SlowDown.name()).number("wait", seconds)
}

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event<'a> {
    /// What: `code redeemed`.
    pub(super) name: &'static str,
    pub(super) client: &'a str,
    pub(super) grant: &'a str,
    pub(super) scopes: &'a [String],
    /// From a fixed catalogue.
    pub(super) reason: Option<&'static str>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Ledger<'a> {
    flow: &'a Flow<'a>,
    keys: &'a Keys,
    /// Which request this is, as the Worker names it.
    trace: Option<String>,
    /// Who keeps records for the operator.
    teller: Option<String>,
    chain: String,
    salt: String,
    seq: u64,
    mac: String,
    /// Failures of this window: what, and its record.
    told: Vec<(String, u64)>,
    /// The counters that were read: key, number.
    counts: Vec<(String, u64)>,
    /// What the Worker is to pass on.
    records: Vec<String>,
    window: u64,
}

/// The rows that a decision with a ledger reads beside its own.
pub(super) fn rows(mut keys: Vec<String>, mut prefixes: Vec<String>) -> (Vec<String>, Vec<String>) {
    keys.push(ROW.into());
    prefixes.push(COUNTS.into());
    (keys, prefixes)
}

impl<'a> Ledger<'a> {
    /// Reads the head, or begins a chain.
    pub(super) fn read(flow: &'a Flow<'a>, keys: &'a Keys, held: &Held, input: &Object<'_>) -> Self {
        let window = flow.context().now() / WINDOW;
        let known = held.row(ROW).and_then(|row| Object::read(row).ok()).filter(|row| row.number("v") == Some(1));
        let text = |name| known.as_ref().and_then(|row| row.text(name));
        let fresh = |label| encode(&flow.context().random::<16>(label));
        let told = known.as_ref().filter(|row| row.number("window") == Some(window)).and_then(told);
        let counts = held.under(COUNTS).filter_map(|(key, body)| Some((key.to_owned(), body.parse().ok()?)));
        Self {
            trace: input.text("trace"),
            teller: input.text("teller"),
            chain: text("chain").unwrap_or_else(|| fresh("audit chain")),
            salt: text("salt").unwrap_or_else(|| fresh("audit salt")),
            seq: known.as_ref().and_then(|row| row.number("seq")).unwrap_or(0),
            mac: text("mac").unwrap_or_default(),
            told: told.unwrap_or_default(),
            counts: counts.collect(),
            records: Vec::new(),
            flow,
            keys,
            window,
        }
    }

    fn limit_key(&self, client: &str) -> String {
        let client = encode(hash("limit", &[client.as_bytes()]).first_chunk::<12>().unwrap_or(&[0; 12]));
        ["limit:", &self.window.to_string(), ":", &client].concat()
    }

    fn asked_key(&self, client: &str) -> String {
        let client = encode(hash("asked", &[client.as_bytes()]).first_chunk::<12>().unwrap_or(&[0; 12]));
        ["asked:", &self.window.to_string(), ":", &client].concat()
    }

    /// How often the upstream was asked on account of `client` within this window.
    pub(super) fn asked(&self, client: &str) -> u64 {
        self.counted(&self.asked_key(client))
    }

    /// Counts that it is asked.
    pub(super) fn asks(&self, change: Change, client: &str) -> Change {
        change.bump(count_row(&self.asked_key(client)), self.kept())
    }

    fn counted(&self, key: &str) -> u64 {
        self.counts.iter().find(|(other, _)| other == key).map_or(0, |(_, count)| *count)
    }

    /// How many seconds `client` has to wait, if it has asked `most` times within this window.
    pub(super) fn wait(&self, client: &str, most: u64) -> Option<u64> {
        (self.counted(&self.limit_key(client)) >= most).then(|| until_next(self.flow.context().now()))
    }

    /// Adds a record of what `change` does, about `subject`.
    pub(super) fn wrote(&mut self, change: Change, subject: &str, event: Event<'_>) -> Change {
        let change = self.record(change, subject, event);
        self.head(change)
    }

    /// A refusal that changes nothing but the ledger; `change` where it does. The first of its kind in a window is a
    /// record, the others are counted.
    pub(super) fn refused(&mut self, held: &Held, change: Option<Change>, subject: &str, event: Event<'_>) {
        let what = [event.name, event.client, event.grant, event.reason.unwrap_or_default()].join("\n");
        let known = self.told.iter().find(|(other, _)| *other == what).map(|(_, seq)| *seq);
        if known.is_none() && self.told.len() < MAX_KINDS {
            let change = self.record(change.unwrap_or_else(|| held.writes()), subject, event);
            self.told.push((what, self.seq));
            self.head(change).commit(self.flow);
            return;
        }
        let limit = count_row(&self.limit_key(event.client));
        let mut change = change.unwrap_or_else(Change::counting).bump(limit, self.kept());
        if let Some(seq) = known {
            let again = ["failed:", &self.window.to_string(), ":", &seq.to_string()].concat();
            change = change.bump(count_row(&again), self.kept());
        }
        change.commit(self.flow);
    }

    /// Somebody asks too often: the first time in a window is a record, and nothing is written after that.
    pub(super) fn limited(&mut self, held: &Held, subject: &str, event: Event<'_>) {
        if !self.told.iter().any(|(what, _)| what.starts_with(event.name)) {
            self.refused(held, None, subject, event);
        }
    }

    fn record(&mut self, change: Change, subject: &str, event: Event<'_>) -> Change {
        let change = self.settle(change, subject);
        let change = match event.name {
            GRANTED | ENDED | SIGNED_IN => change,
            _ => change.bump(count_row(&self.limit_key(event.client)), self.kept()),
        };
        self.append(change, subject, event.name, |members| {
            let some = |text| Some(text).filter(|text: &&str| !text.is_empty());
            let members = members.maybe("client", some(event.client)).maybe("grant", some(event.grant));
            let members = match event.scopes {
                [] => members,
                scopes => members.texts("scopes", scopes.iter().map(String::as_str)),
            };
            members.maybe("reason", event.reason)
        })
    }

    fn kept(&self) -> u64 {
        self.flow.context().now() + KEPT
    }

    /// Counters of former windows become records, and go.
    fn settle(&mut self, mut change: Change, subject: &str) -> Change {
        for (key, count) in core::mem::take(&mut self.counts) {
            let mut parts = key.split(':');
            let (kind, window, seq) = (parts.next(), parts.next(), parts.next());
            if window.and_then(|window| window.parse().ok()) == Some(self.window) {
                self.counts.push((key, count));
                continue;
            }
            if let (Some("failed"), Some(seq)) = (kind, seq.and_then(|seq| seq.parse::<u64>().ok())) {
                let add = |members: Members| members.number("of", seq).number("times", count);
                change = self.append(change, subject, "repeated", add);
            }
            change = change.remove(count_row(&key));
        }
        change
    }

    fn append(&mut self, change: Change, subject: &str, name: &str, add: impl FnOnce(Members) -> Members) -> Change {
        self.seq += 1;
        let who = encode(&hash("audit subject", &[self.salt.as_bytes(), subject.as_bytes()]));
        let record = Members::version(1)
            .text("chain", &self.chain)
            .number("seq", self.seq)
            .number("at", self.flow.context().now())
            .text("event", name)
            .text("who", &who);
        let record = add(record).maybe("request", self.trace.as_deref());
        let text = record.clone().end();
        let (kid, key) = self.keys.current::<32>("audit");
        self.mac = encode(&mac(&key, &[self.mac.as_bytes(), text.as_bytes()]));
        let seal = |members: Members| members.text("kid", &encode(&kid)).text("mac", &self.mac);
        let event = seal(record).text("subject", subject).text("salt", &self.salt).end();
        let change = match &self.teller {
            Some(teller) => outbox::owe_record(change, self.flow.context().now(), self.seq, (teller, &event)),
            None => change,
        };
        self.records.push(event);
        let row = seal(Members::version(1).raw("record", &text)).end();
        let change = change.put(record_row(self.seq), row, Some(self.kept()));
        match self.seq.checked_sub(MAX_RECORDS) {
            Some(old) if old > 0 => change.remove(record_row(old)),
            _ => change,
        }
    }

    fn head(&self, change: Change) -> Change {
        let told =
            array(self.told.iter().map(|(what, seq)| Members::new().text("what", what).number("seq", *seq).end()));
        let row = Members::version(1)
            .text("chain", &self.chain)
            .text("salt", &self.salt)
            .number("seq", self.seq)
            .text("mac", &self.mac)
            .number("window", self.window)
            .raw("told", &told);
        change.put(ROW, row.end(), Some(self.kept()))
    }

    /// Adds the records to the object's answer.
    pub(super) fn report(&self, answer: Members) -> Members {
        answer.raw("audit", &array(self.records.iter().cloned()))
    }
}

fn count_row(key: &str) -> String {
    COUNTS.to_owned() + key
}

fn told(row: &Object<'_>) -> Option<Vec<(String, u64)>> {
    let told = row.get("told")?.array().ok()?.into_iter().map(|item| {
        let item = item.object().ok()?;
        Some((item.text("what")?, item.number("seq")?))
    });
    told.collect()
}

/// The key of the record `seq`, so that keys are in the order of records.
fn record_row(seq: u64) -> String {
    let digits = seq.to_string();
    let zeros = "0".repeat(10_usize.saturating_sub(digits.len()));
    [RECORDS, &zeros, &digits].concat()
}

/// In the Worker: passes the records on that an object has made. False where it made none, and has told nobody.
pub(super) fn tell(flow: &Flow<'_>, decided: &Object<'_>) -> bool {
    let Some(records) = decided.get("audit").and_then(|records| records.array().ok()) else { return false };
    for record in records {
        flow.commit(Commit::Audit(Value::text(record).to_owned()));
    }
    true
}
