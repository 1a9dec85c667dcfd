//! What happens inside objects: the same Rust, over the object's own rows.
//!
//! Flows here wait for their rows and for nothing else. They read, decide, and write in one transaction that fails if
//! anything was written in between (`js/objects/rows.ts`); then they run again. So each decision is made once, whoever else
//! asks at the same time.

use super::{
    access, admission, approval, client, connected, credential, giving, grant, operator, outbox, redeem, refresh,
    revoke, transaction,
};
use crate::crypto::Keys;
use crate::flow::{Commit, Flow, Found, Rows, Writes};
use crate::json::{Object, Value, quoted};

/// A call that no Worker of ours makes, or a row that nobody of ours has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// Answers one call of an object: `{"object":"subject:…","call":"redeem","input":{…}}`. Waits: one, for the rows.
pub async fn serve(flow: &Flow<'_>, keys: &Keys, input: &str) -> String {
    called(flow, keys, input).await.unwrap_or_else(|_| quoted("refused"))
}

async fn called(flow: &Flow<'_>, keys: &Keys, input: &str) -> Result<String, Refused> {
    let asked = Object::read(input).map_err(|_| Refused)?;
    let (object, call) = (asked.string("object").ok_or(Refused)?, asked.string("call").ok_or(Refused)?);
    let input = asked.get("input").map(Value::object).ok_or(Refused)?.map_err(|_| Refused)?;
    let (role, _) = object.split_once(':').ok_or(Refused)?;
    match (role, call.as_ref()) {
        ("transaction", "approve") => transaction::approve(flow, &input).await,
        ("transaction", "take") => transaction::take(flow, &input).await,
        ("transaction", "hold") => transaction::hold(flow, keys, &object, &input).await,
        ("transaction", "release") => transaction::release(flow, &input).await,
        ("client", "register") => client::kept::register(flow, &input).await,
        ("client", "load") => client::kept::load(flow).await,
        ("client", "put") => client::kept::put(flow, &input).await,
        ("client", "admitted") => admission::admitted(flow).await,
        ("client", "admit") => admission::admit(flow).await,
        ("client", "dismiss") => admission::dismiss(flow).await,
        ("clients", "wait") => admission::wait(flow, &input).await,
        ("client", "delete") => client::kept::delete(flow).await,
        ("clients", "note") => operator::index::note(flow, &input).await,
        ("clients", "forget") => operator::index::forget(flow, &input).await,
        ("clients", "list") => operator::index::list(flow).await,
        ("subject", "grant") => grant::begin(flow, keys, &object, &input).await,
        ("subject", "redeem") => redeem::redeem(flow, keys, &object, &input).await,
        ("subject", "refresh") => refresh::refresh(flow, keys, &object, &input).await,
        ("subject", "credential") => credential::take(flow, keys, &object, &input).await,
        ("subject", "give-up") => credential::give_up(flow, keys, &input).await,
        ("subject", "keep") => credential::keep(flow, keys, &object, &input).await,
        ("subject", "release") | ("subject" | "transaction", "due") => giving::release(flow, keys, &object).await,
        ("subject" | "transaction", "settled") => giving::settled(flow, &input).await,
        ("subject" | "transaction", "untold") => outbox::untold(flow).await,
        ("subject", "told") => outbox::told(flow, &input).await,
        ("subject", "unanswered") => outbox::unanswered(flow, &input).await,
        ("subject", "needed") => giving::is_needed(flow).await,
        ("subject", "props") => grant::props(flow, keys, &input).await,
        ("subject", "stands") => access::stands(flow, &input).await,
        ("subject", "approved") => approval::look(flow, &input).await,
        ("subject", "list") => connected::standing(flow, &input).await,
        ("subject", "disconnect") => connected::disconnect(flow, keys, &input).await,
        ("subject", "signed-in") => connected::remember(flow, keys, &object, &input).await,
        ("subject", "revoke") => revoke::end(flow, keys, &input).await,
        _ => Err(Refused),
    }
}

/// Rows that were read, and the version that they were read at.
#[derive(Debug)]
pub(super) struct Held(Found);

impl Held {
    pub(super) async fn read(flow: &Flow<'_>, keys: Vec<String>, prefixes: Vec<String>) -> Result<Self, Refused> {
        flow.obtain(&Rows { keys, prefixes }).await.map(Self).map_err(|_| Refused)
    }

    /// The body of the row `key`.
    pub(super) fn row(&self, key: &str) -> Option<&str> {
        self.0.row(key)
    }

    /// The rows whose keys begin like this, without that beginning.
    pub(super) fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.under(prefix)
    }

    /// Begins to write, on the condition that nobody else has.
    pub(super) fn writes(&self) -> Change {
        Change(Writes { guard: Some(self.0.version), ..Writes::default() })
    }
}

/// What a flow writes.
#[derive(Debug)]
#[must_use]
pub(super) struct Change(Writes);

impl Change {
    /// Only counts, whoever else writes.
    pub(super) fn counting() -> Self {
        Self(Writes::default())
    }

    /// Raises a counter by one.
    pub(super) fn bump(mut self, key: String, expires: u64) -> Self {
        self.0.bump.push((key, expires));
        self
    }

    /// Writes a row, which is deleted when it is over.
    pub(super) fn put(mut self, key: impl Into<String>, body: String, expires: Option<u64>) -> Self {
        self.0.put.push((key.into(), body, expires));
        self
    }

    /// Deletes a row.
    pub(super) fn remove(mut self, key: impl Into<String>) -> Self {
        self.0.remove.push(key.into());
        self
    }

    /// Lets all of it happen with the answer, or nothing.
    pub(super) fn commit(self, flow: &Flow<'_>) {
        flow.commit(Commit::Rows(self.0));
    }
}
