//! Decisions inside Durable Objects: the same Rust, over the object's own rows.
//!
//! These flows wait only for their rows. They read, decide, and write in one transaction that fails if anything was written
//! in between (`js/objects/rows.ts`); then they run again. So each decision is made once, whatever the number of concurrent
//! calls.

pub(crate) mod approval;
pub(crate) mod client;
pub(crate) mod clients;
pub(crate) mod connections;
pub mod credential;
pub mod credential_revocation;
pub mod grant;
pub(crate) mod ledger;
#[cfg(feature = "provider")]
pub(crate) mod login;
pub mod outbox;
pub mod redeem;
pub mod refresh;
pub(crate) mod revoke;
pub mod transaction;
pub(crate) mod upstream_lease;

use core::future::Future;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::crypto::Keys;
use crate::flow::{Ask, Commit, Failure, Flow, FoundRows, Rows, Writes};
use crate::json::{self, Json, Value};
use crate::oauth::client::admission;
use crate::oauth::record;

/// A call that our Worker does not make, or a row that we have not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCall;

/// One call of an object. The value is its input: both sides have this one type.
pub trait Call: Serialize {
    /// The name of the call, one of the role's.
    const NAME: &'static str;
    /// The object's answer.
    type Answer: DeserializeOwned;
}

/// Makes a type a [`Call`]: its name, and the object's answer.
macro_rules! call {
    ($call:ty, $name:literal => $answer:ty) => {
        impl $crate::oauth::object::Call for $call {
            const NAME: &'static str = $name;
            type Answer = $answer;
        }
    };
}
pub(crate) use call;

/// An object's answer to what it cannot read or decide.
const REFUSED: &str = "refused";

/// Calls `object` immediately; awaiting returns its answer. A refusal, or an answer in another form, counts as a
/// failure: some calls have answers of any JSON type, which a refusal would be as well.
pub(crate) fn ask<C: Call, O: Into<String>>(
    flow: &Flow<'_>,
    object: O,
    call: &C,
) -> impl Future<Output = Result<C::Answer, Failure>> + use<C, O> {
    let answer = flow.obtain(&Ask::new(object, C::NAME, call));
    async move {
        let answer = answer.await?;
        let is_refused = answer.value().string().as_deref() == Some(REFUSED);
        if is_refused { Err(Failure::Failed) } else { json::read(&answer).map_err(|_| Failure::Failed) }
    }
}

/// A call, as it reaches an object.
#[derive(Deserialize)]
struct ObjectCall<'a> {
    object: String,
    call: String,
    #[serde(borrow)]
    input: Value<'a>,
}

impl ObjectCall<'_> {
    /// The call's input.
    fn input<C: Call + DeserializeOwned>(&self) -> Result<C, InvalidCall> {
        self.input.parse().map_err(|_| InvalidCall)
    }
}

/// The object's answer as JSON.
fn answer(answer: Result<impl Serialize, InvalidCall>) -> Result<Json, InvalidCall> {
    answer.map(|answer| Json::of(&answer))
}

/// Answers one call of an object: `{"object":"subject:…","call":"redeem","input":{…}}`. Waits: one, for the rows.
pub async fn serve(flow: &Flow<'_>, keys: &Keys, input: &str) -> Json {
    dispatch(flow, keys, input).await.unwrap_or_else(|_| Json::of(REFUSED))
}

async fn dispatch(flow: &Flow<'_>, keys: &Keys, text: &str) -> Result<Json, InvalidCall> {
    let asked: ObjectCall<'_> = json::read(text).map_err(|_| InvalidCall)?;
    let object = asked.object.as_str();
    let (role, _) = object.split_once(':').ok_or(InvalidCall)?;
    match (role, asked.call.as_str()) {
        ("transaction", transaction::Approve::NAME) => answer(transaction::approve(flow, asked.input()?).await),
        ("transaction", transaction::Take::NAME) => answer(transaction::take(flow, &asked.input()?).await),
        ("transaction", transaction::NextStep::NAME) => answer(transaction::proceed(flow, asked.input()?).await),
        ("transaction", transaction::Hold::NAME) => answer(transaction::hold(flow, keys, object, asked.input()?).await),
        ("transaction", transaction::Release::NAME) => answer(transaction::release(flow, &asked.input()?).await),
        ("client", client::Register::NAME) => answer(client::register(flow, asked.input()?).await),
        ("client", client::Load::NAME) => answer(client::load(flow).await),
        ("client", client::Change::NAME) => answer(client::change(flow, asked.input()?).await),
        ("client", client::Put::NAME) => answer(client::put(flow, asked.input()?).await),
        ("client", client::Delete::NAME) => answer(client::delete(flow).await),
        ("client", admission::IsAdmitted::NAME) => answer(admission::admitted(flow).await),
        ("client", admission::Admit::NAME) => answer(admission::admit(flow).await),
        ("client", admission::Dismiss::NAME) => answer(admission::dismiss(flow).await),
        ("clients", admission::Wait::NAME) => answer(admission::wait(flow, asked.input()?).await),
        ("clients", clients::Note::NAME) => answer(clients::note(flow, &asked.input()?).await),
        ("clients", clients::Forget::NAME) => answer(clients::forget(flow, &asked.input()?).await),
        ("clients", clients::List::NAME) => answer(clients::list(flow, object).await),
        #[cfg(feature = "provider")]
        ("login", crate::identity::directory::Attempt::NAME) => answer(login::attempt(flow, &asked.input()?).await),
        ("subject", grant::GrantRequest::NAME) => answer(grant::begin(flow, keys, object, asked.input()?).await),
        ("subject", redeem::Redeem::NAME) => answer(redeem::redeem(flow, keys, object, &asked.input()?).await),
        ("subject", refresh::Refresh::NAME) => answer(refresh::refresh(flow, keys, object, &asked.input()?).await),
        ("subject", credential::Take::NAME) => answer(credential::take(flow, keys, object, &asked.input()?).await),
        ("subject", credential::FailRenewal::NAME) => {
            answer(credential::revoke_unused(flow, keys, &asked.input()?).await)
        }
        ("subject", credential::CompleteRenewal::NAME) => {
            answer(credential::keep(flow, keys, object, asked.input()?).await)
        }
        ("subject", credential_revocation::Release::NAME) | ("subject" | "transaction", "due") => {
            answer(credential_revocation::release(flow, keys, object).await)
        }
        ("subject" | "transaction", credential_revocation::SettledRevocations::NAME) => {
            answer(credential_revocation::settled(flow, asked.input()?).await)
        }
        ("subject", credential_revocation::IsNeeded::NAME) => answer(credential_revocation::is_needed(flow).await),
        ("subject" | "transaction", "undelivered") => answer(outbox::undelivered(flow).await),
        ("subject", outbox::Delivered::NAME) => answer(outbox::mark_delivered(flow, &asked.input()?).await),
        ("subject", "undeliverable") => answer(outbox::mark_undeliverable(flow, &asked.input()?).await),
        ("subject", grant::Props::NAME) => answer(grant::props(flow, keys, &asked.input()?).await),
        ("subject", grant::IsActive::NAME) => answer(grant::is_active(flow, &asked.input()?).await),
        ("subject", approval::Approved::NAME) => answer(approval::look(flow, &asked.input()?).await),
        ("subject", connections::List::NAME) => answer(connections::standing(flow, &asked.input()?).await),
        ("subject", connections::Disconnect::NAME) => {
            answer(connections::disconnect(flow, keys, &asked.input()?).await)
        }
        ("subject", connections::SignedIn::NAME) => {
            answer(connections::remember(flow, keys, object, asked.input()?).await)
        }
        ("subject", revoke::Revoke::NAME) => answer(revoke::end(flow, keys, &asked.input()?).await),
        _ => Err(InvalidCall),
    }
}

/// An object's decision, and what must be announced because of it.
#[derive(Serialize, Deserialize)]
pub struct Decision<T> {
    /// The decision.
    pub(crate) answer: T,
    /// Grants that have ended, for the revocation list.
    pub(crate) ended: Vec<String>,
    /// Records for the operator; `None` if there is no ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) audit: Option<Vec<Json>>,
}

impl<T> Decision<T> {
    /// A decision with nothing to announce.
    pub(crate) fn new(answer: T) -> Self {
        Self { answer, ended: Vec::new(), audit: None }
    }

    /// The same, which ended these grants.
    pub(crate) fn ending<'a>(self, grants: impl IntoIterator<Item = &'a str>) -> Self {
        Self { ended: grants.into_iter().map(Into::into).collect(), ..self }
    }
}

/// Rows that were read, and their version.
#[derive(Debug)]
pub(crate) struct RowSet(FoundRows);

impl RowSet {
    pub(crate) async fn read(flow: &Flow<'_>, keys: Vec<String>, prefixes: Vec<String>) -> Result<Self, InvalidCall> {
        flow.obtain(&Rows { keys, prefixes }).await.map(Self).map_err(|_| InvalidCall)
    }

    /// The body of the row `key`.
    pub(crate) fn row(&self, key: &str) -> Option<&str> {
        self.0.row(key)
    }

    /// The record in the row `key`.
    pub(crate) fn record<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        record::read(self.row(key)?)
    }

    /// The records in the rows whose keys begin with `prefix`.
    pub(crate) fn records<'a, T: DeserializeOwned>(&'a self, prefix: &'a str) -> impl Iterator<Item = T> {
        self.under(prefix).filter_map(|(_, row)| record::read(row))
    }

    /// The rows whose keys begin with `prefix`, without it.
    pub(crate) fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.under(prefix)
    }

    /// Begins to write, on the condition that nothing else has been written.
    pub(crate) fn writes(&self) -> RowWrites {
        RowWrites(Writes { guard: Some(self.0.version), ..Writes::default() })
    }
}

/// What a flow writes.
#[derive(Debug)]
#[must_use]
pub(crate) struct RowWrites(Writes);

impl RowWrites {
    /// Only counts, whatever else is written.
    pub(crate) fn counting() -> Self {
        Self(Writes::default())
    }

    /// Increases a counter by one.
    pub(crate) fn bump(mut self, key: String, expires: u64) -> Self {
        self.0.bump.push((key, expires));
        self
    }

    /// Writes a record, which is deleted when it expires.
    pub(crate) fn put(self, key: impl Into<String>, record: &impl Serialize, expires: Option<u64>) -> Self {
        self.put_text(key, record::write(record), expires)
    }

    /// Writes a row that is not a record.
    pub(crate) fn put_text(mut self, key: impl Into<String>, body: String, expires: Option<u64>) -> Self {
        self.0.put.push((key.into(), body, expires));
        self
    }

    /// Deletes a row.
    pub(crate) fn remove(mut self, key: impl Into<String>) -> Self {
        self.0.remove.push(key.into());
        self
    }

    /// Commits the changes with the answer, all or none.
    pub(crate) fn commit(self, flow: &Flow<'_>) {
        flow.commit(Commit::Rows(self.0));
    }
}
