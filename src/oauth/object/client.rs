//! Inside the object `client:<id>`: one registered client.

use serde::{Deserialize, Serialize};

use super::{InvalidCall, RowSet, call};
use crate::flow::Flow;
use crate::oauth::client::{Auth, Client, Proof};

const ROW: &str = "client";
/// An unused registration expires after 90 days, in milliseconds.
const LIFETIME: u64 = 90 * DAY;
const DAY: u64 = 24 * 3600 * 1000;

/// A client registers itself.
#[derive(Serialize, Deserialize)]
pub(crate) struct Register {
    pub(crate) client: Client,
    /// True if only existing clients are returned.
    pub(crate) full: bool,
}

call!(Register, "register" => Registered);

/// The result of a registration.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Registered {
    /// The stored client.
    Kept(Client),
    /// It does not exist, and no new one may be stored.
    Full,
}

/// The client is used.
#[derive(Serialize)]
pub(crate) struct Load {}

call!(Load, "load" => Option<Client>);

/// The operator has made the client.
#[derive(Serialize, Deserialize)]
pub(crate) struct Put {
    pub(crate) client: Client,
}

call!(Put, "put" => bool);

/// The operator changes the client: what is absent stays.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Change {
    pub(crate) name: Option<String>,
    pub(crate) redirects: Option<Vec<String>>,
    /// The hash of its new secret, if it has one.
    pub(crate) secret: Option<String>,
}

// The client as it is now, if there is one.
call!(Change, "change" => Option<Client>);

/// The operator deletes the client.
#[derive(Serialize)]
pub(crate) struct Delete {}

// Whether there was one.
call!(Delete, "delete" => bool);

/// The row.
#[derive(Serialize, Deserialize)]
struct Row {
    client: Client,
    /// When it was used last, in milliseconds since 1970.
    used: u64,
}

/// Stores a client, unless it exists already.
pub(crate) async fn register(flow: &Flow<'_>, Register { client, full }: Register) -> Result<Registered, InvalidCall> {
    let held = RowSet::read(flow, vec![ROW.into()], vec![]).await?;
    if held.row(ROW).is_some() {
        return used(flow, &held).map(Registered::Kept);
    }
    Ok(if full { Registered::Full } else { Registered::Kept(keep(flow, &held, client)) })
}

/// Stores a client.
pub(crate) async fn put(flow: &Flow<'_>, Put { client }: Put) -> Result<bool, InvalidCall> {
    keep(flow, &RowSet::read(flow, vec![ROW.into()], vec![]).await?, client);
    Ok(true)
}

/// Changes the client.
pub(crate) async fn change(flow: &Flow<'_>, change: Change) -> Result<Option<Client>, InvalidCall> {
    let held = RowSet::read(flow, vec![ROW.into()], vec![]).await?;
    if held.row(ROW).is_none() {
        return Ok(None);
    }
    let Row { client, .. } = held.record(ROW).ok_or(InvalidCall)?;
    let auth = match (client.auth, change.secret) {
        (Auth::Basic(_), Some(hash)) => Auth::Basic(hash),
        (Auth::Post(_), Some(hash)) => Auth::Post(hash),
        (auth, _) => auth,
    };
    let name = change.name.unwrap_or(client.name);
    let redirects = change.redirects.unwrap_or(client.redirects);
    Ok(Some(keep(flow, &held, Client { name, redirects, auth, ..client })))
}

/// Deletes the client.
pub(crate) async fn delete(flow: &Flow<'_>) -> Result<bool, InvalidCall> {
    let held = RowSet::read(flow, vec![ROW.into()], vec![]).await?;
    if held.row(ROW).is_none() {
        return Ok(false);
    }
    held.writes().remove(ROW).commit(flow);
    Ok(true)
}

/// The client, which counts as a use.
pub(crate) async fn load(flow: &Flow<'_>) -> Result<Option<Client>, InvalidCall> {
    let held = RowSet::read(flow, vec![ROW.into()], vec![]).await?;
    held.row(ROW).map(|_| used(flow, &held)).transpose()
}

/// Records once a day that a client is in use.
fn used(flow: &Flow<'_>, held: &RowSet) -> Result<Client, InvalidCall> {
    let Row { client, used } = held.record(ROW).ok_or(InvalidCall)?;
    Ok(if used + DAY <= flow.context().now() { keep(flow, held, client) } else { client })
}

fn keep(flow: &Flow<'_>, held: &RowSet, client: Client) -> Client {
    let now = flow.context().now();
    let expires = (client.proof != Proof::Operator).then_some(now + LIFETIME);
    let row = Row { client, used: now };
    held.writes().put(ROW, &row, expires).commit(flow);
    row.client
}
