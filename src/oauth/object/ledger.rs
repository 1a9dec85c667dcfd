//! The ledger of a subject, inside its object: the audit chain of its grants, and the request counters of its clients.
//!
//! **Threat.** Someone with access to the operator's logs removes or modifies events; a faulty client, or an attacker, fills
//! storage and logs.
//! **Guarantee.** Each record has a MAC over itself and the previous MAC, under a key of the server, and is written in the
//! same transaction as the change that it describes: no change happens without its record. Identical failures within a
//! minute are one record, and a second record counts them. No record contains a token, a code, a secret or a name; the
//! person is a commitment, which nobody can open once the salt is deleted.
//! **Not guaranteed.** That the end of a chain was not removed. A copy elsewhere (`UNIQUE (chain, seq)`) reveals it.

use serde::{Deserialize, Serialize};

use super::{Decision, RowSet, RowWrites, outbox};
use crate::crypto::{Keys, encode, hash, mac};
use crate::flow::{Commit, Flow};
use crate::json::{self, Json};
use crate::oauth::config::ServerConfig;
use crate::rate_limit::{WINDOW, until_next};

/// The row with the chain's head.
const ROW: &str = "ledger";
/// The rows of records.
const RECORDS: &str = "audit:";
/// The rows of counters.
const COUNTS: &str = "count:";
/// A record is stored for this long, in milliseconds …
const KEPT: u64 = 90 * DAY;
/// … and at most this many are.
const MAX_RECORDS: u64 = 1000;
const DAY: u64 = 24 * 3600 * 1000;
/// Maximum number of kinds of failures that are distinguished within one window.
const MAX_KINDS: usize = 20;

/// The event of a client that exceeds its rate limit.
pub(crate) const LIMITED: &str = "too many requests";

/// The event of a grant that ends for other reasons than a client's mistake.
pub(crate) const ENDED: &str = "access ended";

/// The event of a grant that begins.
pub(crate) const GRANTED: &str = "access granted";

/// The event of a refresh token that was rotated.
pub(crate) const REFRESHED: &str = "token refreshed";

/// The event of a refresh without new tokens.
pub(crate) const REFUSED: &str = "refresh refused";

/// The event of a person who has signed in without a client's request.
pub(crate) const SIGNED_IN: &str = "signed in";

/// What a decision with a ledger needs to know about the request.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct RequestTrace {
    /// The request's ID in the Worker's log.
    trace: Option<String>,
    /// Who stores records for the operator.
    sink: Option<String>,
}

impl RequestTrace {
    pub(crate) fn new(config: &ServerConfig, trace: String) -> Self {
        Self { trace: Some(trace), sink: config.sink.clone() }
    }

    /// The request's ID.
    pub(crate) fn trace(&self) -> Option<&str> {
        self.trace.as_deref()
    }
}

/// An event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event<'a> {
    /// Its name: `code redeemed`.
    pub(crate) name: &'static str,
    pub(crate) client: &'a str,
    pub(crate) grant: &'a str,
    pub(crate) scopes: &'a [String],
    /// One of a fixed list.
    pub(crate) reason: Option<&'static str>,
}

/// The row with the chain's head.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    chain: String,
    salt: String,
    /// Number and MAC of the last record.
    seq: u64,
    mac: String,
    window: u64,
    /// The failures of this window.
    told: Vec<LoggedFailure>,
}

/// A failure: its kind, and the number of its record.
#[derive(Debug, Serialize, Deserialize)]
struct LoggedFailure {
    what: String,
    seq: u64,
}

/// A record. The MAC covers its text.
#[derive(Clone, Copy, Default, Serialize)]
struct Record<'a> {
    v: u8,
    chain: &'a str,
    seq: u64,
    at: u64,
    event: &'a str,
    who: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    client: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    grant: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    scopes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<&'a str>,
}

/// The row of a record.
#[derive(Serialize)]
struct Link<'a> {
    record: &'a Record<'a>,
    kid: &'a str,
    mac: &'a str,
}

/// A record as the operator receives it.
#[derive(Serialize)]
struct Flat<'a> {
    #[serde(flatten)]
    record: &'a Record<'a>,
    kid: &'a str,
    mac: &'a str,
    subject: &'a str,
    salt: &'a str,
}

/// The ledger; see the module.
#[derive(Debug)]
pub(crate) struct Ledger<'a> {
    flow: &'a Flow<'a>,
    keys: &'a Keys,
    traced: &'a RequestTrace,
    head: Head,
    /// The counters that were read: key and count.
    counts: Vec<(String, u64)>,
    /// The records that the Worker has to deliver.
    records: Vec<Json>,
}

/// The rows that a decision with a ledger reads besides its own.
pub(crate) fn rows(mut keys: Vec<String>, mut prefixes: Vec<String>) -> (Vec<String>, Vec<String>) {
    keys.push(ROW.into());
    prefixes.push(COUNTS.into());
    (keys, prefixes)
}

impl<'a> Ledger<'a> {
    /// Reads the head, or starts a chain.
    pub(crate) fn read(flow: &'a Flow<'a>, keys: &'a Keys, held: &RowSet, traced: &'a RequestTrace) -> Self {
        let window = flow.context().now() / WINDOW;
        let fresh = |label| encode(&flow.context().random::<16>(label));
        let mut chain = held.record(ROW).unwrap_or_else(|| {
            let (id, salt) = (fresh("audit chain"), fresh("audit salt"));
            Head { chain: id, salt, seq: 0, mac: String::new(), window, told: Vec::new() }
        });
        if chain.window != window {
            (chain.window, chain.told) = (window, Vec::new());
        }
        let counts = held.under(COUNTS).filter_map(|(key, body)| Some((key.to_owned(), body.parse().ok()?)));
        Self { flow, keys, traced, head: chain, counts: counts.collect(), records: Vec::new() }
    }

    fn limit_key(&self, client: &str) -> String {
        let client = encode(hash("limit", &[client.as_bytes()]).first_chunk::<12>().unwrap_or(&[0; 12]));
        ["limit:", &self.head.window.to_string(), ":", &client].concat()
    }

    fn lookup_key(&self, client: &str) -> String {
        let client = encode(hash("asked", &[client.as_bytes()]).first_chunk::<12>().unwrap_or(&[0; 12]));
        ["asked:", &self.head.window.to_string(), ":", &client].concat()
    }

    /// How many times the upstream was asked because of `client` within this window.
    pub(crate) fn lookups(&self, client: &str) -> u64 {
        self.counted(&self.lookup_key(client))
    }

    /// Counts that it is asked.
    pub(crate) fn count_lookup(&self, change: RowWrites, client: &str) -> RowWrites {
        change.bump(count_row(&self.lookup_key(client)), self.kept())
    }

    fn counted(&self, key: &str) -> u64 {
        self.counts.iter().find(|(other, _)| other == key).map_or(0, |(_, count)| *count)
    }

    /// How many seconds `client` has to wait, if it has sent `most` requests within this window.
    pub(crate) fn wait(&self, client: &str, most: u64) -> Option<u64> {
        (self.counted(&self.limit_key(client)) >= most).then(|| until_next(self.flow.context().now()))
    }

    /// Adds a record about what `change` does to `subject`.
    pub(crate) fn wrote(&mut self, change: RowWrites, subject: &str, event: Event<'_>) -> RowWrites {
        let change = self.record(change, subject, event);
        self.head(change)
    }

    /// Adds a record of a refusal that changes nothing but the ledger; otherwise with `change`. The first one of its
    /// kind in a window is a record, the others are counted.
    pub(crate) fn refused(&mut self, held: &RowSet, change: Option<RowWrites>, subject: &str, event: Event<'_>) {
        let what = [event.name, event.client, event.grant, event.reason.unwrap_or_default()].join("\n");
        let known = self.head.told.iter().find(|told| told.what == what).map(|told| told.seq);
        if known.is_none() && self.head.told.len() < MAX_KINDS {
            let change = self.record(change.unwrap_or_else(|| held.writes()), subject, event);
            self.head.told.push(LoggedFailure { what, seq: self.head.seq });
            self.head(change).commit(self.flow);
            return;
        }
        let limit = count_row(&self.limit_key(event.client));
        let mut change = change.unwrap_or_else(RowWrites::counting).bump(limit, self.kept());
        if let Some(seq) = known {
            let again = ["failed:", &self.head.window.to_string(), ":", &seq.to_string()].concat();
            change = change.bump(count_row(&again), self.kept());
        }
        change.commit(self.flow);
    }

    /// A client exceeds its rate limit: the first time in a window is a record; after that nothing is written.
    pub(crate) fn limited(&mut self, held: &RowSet, subject: &str, event: Event<'_>) {
        if !self.head.told.iter().any(|told| told.what.starts_with(event.name)) {
            self.refused(held, None, subject, event);
        }
    }

    fn record(&mut self, change: RowWrites, subject: &str, event: Event<'_>) -> RowWrites {
        let change = self.settle(change, subject);
        let change = match event.name {
            GRANTED | ENDED | SIGNED_IN => change,
            _ => change.bump(count_row(&self.limit_key(event.client)), self.kept()),
        };
        let Event { name: event, client, grant, scopes, reason } = event;
        self.append(change, subject, Record { event, client, grant, scopes, reason, ..Record::default() })
    }

    fn kept(&self) -> u64 {
        self.flow.context().now() + KEPT
    }

    /// Turns the counters of former windows into records, and deletes them.
    fn settle(&mut self, mut change: RowWrites, subject: &str) -> RowWrites {
        for (key, count) in core::mem::take(&mut self.counts) {
            let mut parts = key.split(':');
            let (kind, window, seq) = (parts.next(), parts.next(), parts.next());
            if window.and_then(|window| window.parse().ok()) == Some(self.head.window) {
                self.counts.push((key, count));
                continue;
            }
            if let (Some("failed"), Some(seq)) = (kind, seq.and_then(|seq| seq.parse::<u64>().ok())) {
                let (of, times) = (Some(seq), Some(count));
                change = self.append(change, subject, Record { event: "repeated", of, times, ..Record::default() });
            }
            change = change.remove(count_row(&key));
        }
        change
    }

    fn append(&mut self, change: RowWrites, subject: &str, record: Record<'_>) -> RowWrites {
        let (now, kept, head) = (self.flow.context().now(), self.kept(), &mut self.head);
        head.seq += 1;
        let who = encode(&hash("audit subject", &[head.salt.as_bytes(), subject.as_bytes()]));
        let (chain, request) = (head.chain.as_str(), self.traced.trace());
        let record = Record { v: 1, chain, seq: head.seq, at: now, who: &who, request, ..record };
        let (kid, key) = self.keys.current::<32>("audit");
        let mac = encode(&mac(&key, &[head.mac.as_bytes(), json::write(&record).as_bytes()]));
        let (kid, seq) = (encode(&kid), head.seq);
        let event = Json::of(&Flat { record: &record, kid: &kid, mac: &mac, subject, salt: &head.salt });
        let change = change.put(record_row(seq), &Link { record: &record, kid: &kid, mac: &mac }, Some(kept));
        let change = match &self.traced.sink {
            Some(sink) => outbox::enqueue_record(change, now, seq, (sink, &event)),
            None => change,
        };
        head.mac = mac;
        self.records.push(event);
        match seq.checked_sub(MAX_RECORDS) {
            Some(old) if old > 0 => change.remove(record_row(old)),
            _ => change,
        }
    }

    fn head(&self, change: RowWrites) -> RowWrites {
        change.put(ROW, &self.head, Some(self.kept()))
    }

    /// Adds the records to the object's decision.
    pub(crate) fn report<T>(&mut self, decided: Decision<T>) -> Decision<T> {
        Decision { audit: Some(core::mem::take(&mut self.records)), ..decided }
    }
}

fn count_row(key: &str) -> String {
    COUNTS.to_owned() + key
}

/// The key of the record `seq`; keys have the same order as records.
fn record_row(seq: u64) -> String {
    let digits = seq.to_string();
    let zeros = "0".repeat(10_usize.saturating_sub(digits.len()));
    [RECORDS, &zeros, &digits].concat()
}

/// In the Worker: delivers the records of an object.
pub(crate) fn log_records(flow: &Flow<'_>, records: &[Json]) {
    for event in records.iter().cloned() {
        flow.commit(Commit::Audit { event });
    }
}
