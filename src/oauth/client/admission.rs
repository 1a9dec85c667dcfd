//! Clients that wait for the operator (`registration: "approve"`).
//!
//! **Threat.** If anyone may register, anyone can put an app of any name in front of people.
//! **Guarantee.** With this option, nobody is asked to allow a client that registered itself, or that is known by a
//! URL, before the operator has approved it. The approval is for one identifier: for a public client that is the hash
//! of its name and redirect URIs, so nothing of it can change afterwards. The list of waiting clients is shared fairly
//! by networks: a network that fills it displaces its own entries, or those of one that has more.
//! **Not guaranteed.** That the document of a client that is known by a URL, or the record of a legacy client, stays as
//! the operator has seen it. That withdrawing an approval ends grants: revoking does. Nor that a new client is listed
//! while hundreds of networks have one entry each; it can be approved by its identifier all the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Client, Proof, object};
use crate::flow::Flow;
use crate::oauth::audit::AuditEvent;
use crate::oauth::object::{InvalidCall, RowSet, ask, call};
use crate::oauth::{AuthorizationServer, Request};
use crate::rate_limit;

/// The object with the clients that wait.
pub(crate) const WAITING: &str = "clients:waiting";
/// The row of a client's object that contains the approval.
const ROW: &str = "admitted";
/// An unused approval expires after 90 days, as registrations do, in milliseconds.
const LIFETIME: u64 = 90 * DAY;
const DAY: u64 = 24 * 3600 * 1000;

/// Whether people may be asked to allow a client.
pub(crate) enum ClientApproval {
    /// They may.
    Given,
    /// The operator has not approved it yet.
    Pending,
    /// This cannot be decided at the moment.
    Unavailable,
}

/// Whether people may be asked to allow `client`, whose redirect URI is proven: only such a client is listed, which is
/// logged the first time. Waits: none if clients need no approval; else one, and one more for a client that has to wait.
pub(crate) async fn gate<I>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    client: &Client,
) -> ClientApproval {
    if !server.config.approve || client.proof == Proof::Operator {
        return ClientApproval::Given;
    }
    match ask(flow, object(&client.id), &IsAdmitted {}).await {
        Ok(true) => return ClientApproval::Given,
        Ok(false) => {}
        Err(_) => return ClientApproval::Unavailable,
    }
    let network = request.network().map(|network| rate_limit::key("waiting", &[&server.issuer, &network.wide]));
    match ask(flow, WAITING, &Wait { client: client.clone(), network }).await {
        Ok(Listed::New) => {
            let (event, trace) = ("client waits", request.trace(flow));
            let (id, name) = (Some(&*client.id), Some(&*client.name));
            AuditEvent { event, client: id, name, request: Some(&trace), ..AuditEvent::default() }.log(flow);
        }
        Ok(Listed::Known | Listed::Full) => {}
        Err(_) => return ClientApproval::Unavailable,
    }
    ClientApproval::Pending
}

/// Whether a client is approved.
#[derive(Serialize)]
pub(crate) struct IsAdmitted {}

call!(IsAdmitted, "admitted" => bool);

/// The operator approves a client.
#[derive(Serialize)]
pub(crate) struct Admit {}

call!(Admit, "admit" => bool);

/// The operator withdraws the approval.
#[derive(Serialize)]
pub(crate) struct Dismiss {}

call!(Dismiss, "dismiss" => bool);

/// The row.
#[derive(Serialize, Deserialize)]
struct Row {
    /// Milliseconds since 1970.
    used: u64,
}

/// Inside the object of a client: whether it is approved; once a day this is recorded as a use.
pub(crate) async fn admitted(flow: &Flow<'_>) -> Result<bool, InvalidCall> {
    let held = RowSet::read(flow, vec![ROW.into()], vec![]).await?;
    if held.row(ROW).is_none() {
        return Ok(false);
    }
    let Row { used } = held.record(ROW).ok_or(InvalidCall)?;
    if used + DAY <= flow.context().now() {
        admit_in(flow, &held);
    }
    Ok(true)
}

/// Inside the object of a client: the operator approves it.
pub(crate) async fn admit(flow: &Flow<'_>) -> Result<bool, InvalidCall> {
    admit_in(flow, &RowSet::read(flow, vec![ROW.into()], vec![]).await?);
    Ok(true)
}

fn admit_in(flow: &Flow<'_>, held: &RowSet) {
    let now = flow.context().now();
    held.writes().put(ROW, &Row { used: now }, Some(now + LIFETIME)).commit(flow);
}

/// Inside the object of a client: the operator withdraws the approval.
pub(crate) async fn dismiss(flow: &Flow<'_>) -> Result<bool, InvalidCall> {
    let held = RowSet::read(flow, vec![ROW.into()], vec![]).await?;
    held.writes().remove(ROW).commit(flow);
    Ok(true)
}

/// Adds a client to those that wait.
#[derive(Serialize, Deserialize)]
pub(crate) struct Wait {
    client: Client,
    /// The key of the network that has brought it ([`rate_limit::key`]).
    network: Option<String>,
}

call!(Wait, "wait" => Listed);

/// The result of adding a client.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Listed {
    /// It is new.
    New,
    /// It was listed already.
    Known,
    /// It is not listed: there is no room.
    Full,
}

/// Maximum number of waiting clients …
const MAX_WAITING: usize = 200;
/// … and of those from one network.
const SHARE: usize = 20;
/// How long they are listed, in milliseconds.
const LISTED: u64 = 30 * DAY;
const PREFIX: &str = "client:";

/// The row of a waiting client.
#[derive(Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) client: Client,
    /// See [`Wait`]; empty if unknown.
    network: String,
    /// Milliseconds since 1970.
    since: u64,
}

/// Whether there is room for another client.
#[derive(Debug)]
enum WaitingListSlot {
    /// There is room.
    Free,
    /// The one with this ID makes room.
    Of(String),
    /// There is none.
    None,
}

/// The place of a new client from `network`. Beyond its share, a network loses its oldest entry. If the list is full,
/// the network with the most entries loses one, counting the new one; among equals, the network that asks. So nobody
/// loses a place to a network with as many entries or more, and if each network has one entry, the newest client gets
/// none.
fn place(all: &[Waiting], network: &str) -> WaitingListSlot {
    let own = all.iter().filter(|one| one.network == network).count();
    if own < SHARE && all.len() < MAX_WAITING {
        return WaitingListSlot::Free;
    }
    let mut counts = BTreeMap::new();
    for one in all {
        *counts.entry(one.network.as_str()).or_insert(0_usize) += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    let crowded = most.filter(|(_, count)| own < SHARE && *count > own + 1).map_or(network, |(network, _)| network);
    let first = all.iter().filter(|one| one.network == crowded).min_by_key(|one| one.since);
    first.map_or(WaitingListSlot::None, |first| WaitingListSlot::Of(first.client.id.clone()))
}

/// Inside the object of the list: adds a client.
pub(crate) async fn wait(flow: &Flow<'_>, Wait { client, network }: Wait) -> Result<Listed, InvalidCall> {
    let held = RowSet::read(flow, vec![], vec![PREFIX.into()]).await?;
    if held.under(PREFIX).any(|(id, _)| id == client.id) {
        return Ok(Listed::Known);
    }
    let network = network.unwrap_or_default();
    let mut change = held.writes();
    match place(&held.records(PREFIX).collect::<Vec<_>>(), &network) {
        WaitingListSlot::Free => {}
        WaitingListSlot::Of(first) => change = change.remove([PREFIX, &first].concat()),
        WaitingListSlot::None => return Ok(Listed::Full),
    }
    let (key, now) = ([PREFIX, &client.id].concat(), flow.context().now());
    change.put(key, &Waiting { client, network, since: now }, Some(now + LISTED)).commit(flow);
    Ok(Listed::New)
}
