//! An authorization in progress, after Allow: the object `transaction:<id>`. Its steps are `approve` and `take`, and each
//! happens once, unless the sign-in has another step (`proceed`); if the provider returns a different account than the page
//! named, `hold` stores the person until they confirm it, and `release` returns them, once.

use serde::{Deserialize, Serialize};

use super::credential_revocation::{self, NewCredential, RevocationRow};
use super::{InvalidCall, RowSet, RowWrites, call};
use crate::crypto::{Keys, decode, same};
use crate::flow::Flow;
use crate::oauth::authorization_request::AuthorizationRequest;

/// How long it may take to return from the upstream, in milliseconds.
const LIFETIME: u64 = 10 * 60 * 1000;

const ROW: &str = "transaction";

/// The name of the object.
#[must_use]
pub fn object(id: &str) -> String {
    "transaction:".to_owned() + id
}

/// True for a valid transaction ID: 16 bytes.
#[must_use]
pub fn is_id(id: &str) -> bool {
    decode(id).is_some_and(|bytes| bytes.len() == 16)
}

/// The person has allowed the client.
#[derive(Serialize, Deserialize)]
pub(crate) struct Approve {
    pub(crate) kept: TransactionState,
    /// The hash of the cookie that ties it to the browser.
    pub(crate) browser: String,
}

// True once.
call!(Approve, "approve" => bool);

/// The sign-in continues with another step.
#[derive(Serialize, Deserialize)]
pub(crate) struct NextStep {
    pub(crate) kept: TransactionState,
    pub(crate) browser: String,
}

// Whether it is the same browser: once for each time that the former state was taken.
call!(NextStep, "proceed" => bool);

/// What is stored until the browser returns.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TransactionState {
    /// The client's request; `None` for a person who wants to see the connected apps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request: Option<AuthorizationRequest>,
    /// What the identity needs for its next step.
    pub(crate) identity: String,
    /// Whether a form of ours sends the answer; otherwise the browser returns with it.
    pub(crate) form: bool,
    /// The object of the account that the page named, or that has approved this before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
}

/// The browser returns.
#[derive(Serialize, Deserialize)]
pub(crate) struct Take {
    pub(crate) browser: String,
    /// Whether it sends a form of ours.
    pub(crate) posted: bool,
}

call!(Take, "take" => TakeOutcome);

/// The stored state.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TakeOutcome {
    /// The state, once.
    Kept(Box<TransactionState>),
    /// It is another browser; nothing changes.
    Foreign,
    /// It was taken before, has expired, was never allowed, or belongs to another step; nothing changes.
    Gone,
}

/// Stores the person who has returned until they confirm the account. Otherwise what the upstream has issued for them
/// is revoked.
#[derive(Serialize, Deserialize)]
pub(crate) struct Hold {
    pub(crate) browser: String,
    /// Sealed.
    pub(crate) person: String,
    pub(crate) credential: Option<NewCredential>,
}

// True once, to the same browser.
call!(Hold, "hold" => bool);

/// Returns that person.
#[derive(Serialize, Deserialize)]
pub(crate) struct Release {
    pub(crate) browser: String,
}

// The sealed person: once, to the same browser.
call!(Release, "release" => Option<String>);

/// The row.
#[derive(Serialize, Deserialize)]
struct Row {
    browser: String,
    /// Milliseconds since 1970.
    expires: u64,
    state: State,
}

/// The state of a transaction. What was taken is deleted.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Approved(Box<TransactionState>),
    Taken,
    /// The sealed person.
    Held(String),
    Released,
}

/// Inside the object: answers [`Approve`].
pub(crate) async fn approve(flow: &Flow<'_>, Approve { kept, browser }: Approve) -> Result<bool, InvalidCall> {
    let held = RowSet::read(flow, vec![ROW.into()], vec![]).await?;
    if held.row(ROW).is_some() {
        return Ok(false);
    }
    let expires = flow.context().now() + LIFETIME;
    held.writes()
        .put(ROW, &Row { browser, expires, state: State::Approved(Box::new(kept)) }, Some(expires))
        .commit(flow);
    Ok(true)
}

/// Inside the object: answers [`NextStep`]. The time limit of the sign-in stays the same.
pub(crate) async fn proceed(flow: &Flow<'_>, NextStep { kept, browser }: NextStep) -> Result<bool, InvalidCall> {
    let held = RowSet::read(flow, vec![ROW.into()], vec![]).await?;
    let Some(Row { state: State::Taken, expires, .. }) = of_browser(flow, &held, &browser)? else { return Ok(false) };
    let row = Row { browser, expires, state: State::Approved(Box::new(kept)) };
    held.writes().put(ROW, &row, Some(expires)).commit(flow);
    Ok(true)
}

/// Inside the object: answers [`Take`].
pub(crate) async fn take(flow: &Flow<'_>, Take { browser, posted }: &Take) -> Result<TakeOutcome, InvalidCall> {
    let held = RowSet::read(flow, vec![ROW.into()], vec![]).await?;
    if held.row(ROW).is_none() {
        return Ok(TakeOutcome::Gone);
    }
    let row = held.record::<Row>(ROW).ok_or(InvalidCall)?;
    if !same(row.browser.as_bytes(), browser.as_bytes()) {
        return Ok(TakeOutcome::Foreign);
    }
    let Row { expires, state: State::Approved(kept), .. } = row else { return Ok(TakeOutcome::Gone) };
    if expires <= flow.context().now() || kept.form != *posted {
        return Ok(TakeOutcome::Gone);
    }
    // The row stays until it expires, so that nothing can be allowed again.
    let row = Row { browser: row.browser, expires, state: State::Taken };
    held.writes().put(ROW, &row, Some(expires)).commit(flow);
    Ok(TakeOutcome::Kept(kept))
}

/// Inside the object: answers [`Hold`].
pub(crate) async fn hold(
    flow: &Flow<'_>,
    keys: &Keys,
    object: &str,
    Hold { browser, person, credential }: Hold,
) -> Result<bool, InvalidCall> {
    let held = RowSet::read(flow, vec![ROW.into()], vec![]).await?;
    let Some(Row { browser, state: State::Taken, .. }) = of_browser(flow, &held, &browser)? else { return Ok(false) };
    let expires = flow.context().now() + LIFETIME;
    let mut change = held.writes().put(ROW, &Row { browser, expires, state: State::Held(person) }, Some(expires));
    if let Some(given) = credential {
        let due = RevocationRow::given(flow, keys, object, given, expires);
        change = due.put(change, due.row());
    }
    change.commit(flow);
    Ok(true)
}

/// Inside the object: answers [`Release`].
pub(crate) async fn release(flow: &Flow<'_>, Release { browser }: &Release) -> Result<Option<String>, InvalidCall> {
    let held = RowSet::read(flow, vec![ROW.into()], vec![credential_revocation::PREFIX.into()]).await?;
    let Some(Row { browser, expires, state: State::Held(person) }) = of_browser(flow, &held, browser)? else {
        return Ok(None);
    };
    let change = held.writes().put(ROW, &Row { browser, expires, state: State::Released }, Some(expires));
    let due = held.under(credential_revocation::PREFIX).map(|(key, _)| [credential_revocation::PREFIX, key].concat());
    due.fold(change, RowWrites::remove).commit(flow);
    Ok(Some(person))
}

/// The row, if it is this browser's and has not expired.
fn of_browser(flow: &Flow<'_>, held: &RowSet, browser: &str) -> Result<Option<Row>, InvalidCall> {
    if held.row(ROW).is_none() {
        return Ok(None);
    }
    let row = held.record::<Row>(ROW).ok_or(InvalidCall)?;
    let is_its = same(row.browser.as_bytes(), browser.as_bytes()) && row.expires > flow.context().now();
    Ok(is_its.then_some(row))
}
