//! Inside the object of the subject: the apps that a person has connected, and their disconnection.

use serde::{Deserialize, Serialize};

use super::credential::ReceivedCredential;
use super::grant::{self, Grant};
use super::ledger::{self, Event, Ledger, RequestTrace};
use super::{Decision, InvalidCall, RowSet, approval, call, credential, outbox};
use crate::crypto::Keys;
use crate::flow::Flow;
use crate::oauth::revocation_rules::{self, Rules};

/// How long a grant that has ended is stored, in milliseconds.
const REMEMBERED: u64 = 24 * 3600 * 1000;

/// The active grants.
#[derive(Serialize, Deserialize)]
pub(crate) struct List {
    pub(crate) rules: Option<Rules>,
}

call!(List, "list" => Vec<Connection>);

/// An active grant.
#[derive(Serialize, Deserialize)]
pub(crate) struct Connection {
    pub(crate) id: String,
    /// The client's identifier, and its name for itself.
    pub(crate) client: String,
    pub(crate) name: String,
    pub(crate) redirect: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) resource: String,
    /// How the person recognises the account.
    pub(crate) label: String,
    /// Milliseconds since 1970.
    pub(crate) created: u64,
    pub(crate) used: u64,
}

/// Ends the grant with this ID, or those of a client, or all; the approvals are deleted with them.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Disconnect {
    pub(crate) grant: Option<String>,
    pub(crate) client: Option<String>,
    /// True if the operator ends it, not the person.
    pub(crate) operator: bool,
    pub(crate) traced: RequestTrace,
}

// How many had not ended before.
call!(Disconnect, "disconnect" => Decision<u64>);

/// A person has signed in without a client's request.
#[derive(Serialize, Deserialize)]
pub(crate) struct SignedIn {
    /// The typed subject.
    pub(crate) subject: String,
    pub(crate) credential: Option<ReceivedCredential>,
    pub(crate) traced: RequestTrace,
}

// Whether the credential was stored.
call!(SignedIn, "signed-in" => Decision<bool>);

/// Inside the object: answers [`List`].
pub(crate) async fn standing(flow: &Flow<'_>, List { rules }: &List) -> Result<Vec<Connection>, InvalidCall> {
    let held = RowSet::read(flow, vec![], vec![grant::PREFIX.into()]).await?;
    let is_standing = |grant: &Grant| {
        grant.revoked.is_none() && grant.family.is_some() && !revocation_rules::ends_grant(rules.as_ref(), grant)
    };
    let standing = held.records(grant::PREFIX).filter(is_standing);
    let connection = |Grant { id, client, name, redirect, scopes, resource, label, created, used, .. }| Connection {
        id,
        client,
        name,
        redirect,
        scopes,
        resource,
        label,
        created,
        used,
    };
    Ok(standing.map(connection).collect())
}

/// Inside the object: answers [`Disconnect`].
pub(crate) async fn disconnect(flow: &Flow<'_>, keys: &Keys, input: &Disconnect) -> Result<Decision<u64>, InvalidCall> {
    let now = flow.context().now();
    let prefixes = vec![grant::PREFIX.into(), approval::PREFIX.into(), outbox::grant_end_row("")];
    let (rows, prefixes) = ledger::rows(vec![], prefixes);
    let held = RowSet::read(flow, rows, prefixes).await?;
    let mut ledger = Ledger::read(flow, keys, &held, &input.traced);
    let Disconnect { grant: id, client, operator, .. } = input;
    let is_meant = |grant: &Grant| {
        client.as_ref().is_none_or(|client| *client == grant.client) && id.as_ref().is_none_or(|id| *id == grant.id)
    };
    let meant = held.records(grant::PREFIX).filter(is_meant).collect::<Vec<_>>();
    let mut change = held.writes();
    let approving = if id.is_some() { meant.first().map(|grant| grant.client.clone()) } else { client.clone() };
    if id.is_none() || approving.is_some() {
        for row in approval::of(&held, approving.as_deref()) {
            change = change.remove(row);
        }
    }
    let reason = Some(if *operator { "the operator revoked it" } else { "the person disconnected the app" });
    let mut count = 0;
    for grant in meant.iter().filter(|grant| grant.revoked.is_none()) {
        count += 1;
        let ended = Grant { revoked: Some(now), ..grant.clone() };
        let event = Event { name: ledger::ENDED, client: &grant.client, grant: &grant.id, scopes: &[], reason };
        change = change.put(Grant::row(&grant.id), &ended, Some(now + REMEMBERED));
        change = outbox::enqueue_grant_end(change, now, &grant.id);
        change = ledger.wrote(change, &grant.subject, event);
    }
    change.commit(flow);
    // Grants that had ended before are announced again if that has not been delivered.
    let is_owed = |grant: &&Grant| grant.revoked.is_none() || outbox::is_end_pending(&held, &grant.id);
    let ended = meant.iter().filter(is_owed).map(|grant| &*grant.id);
    Ok(ledger.report(Decision::new(count).ending(ended)))
}

/// Inside the object: answers [`SignedIn`]. Nothing is stored for a person without a grant.
pub(crate) async fn remember(
    flow: &Flow<'_>,
    keys: &Keys,
    object: &str,
    SignedIn { subject, credential, traced }: SignedIn,
) -> Result<Decision<bool>, InvalidCall> {
    let (rows, prefixes) = ledger::rows(vec![credential::ROW.into()], vec![grant::PREFIX.into()]);
    let held = RowSet::read(flow, rows, prefixes).await?;
    if held.under(grant::PREFIX).next().is_none() {
        return Ok(Decision::new(false));
    }
    let mut ledger = Ledger::read(flow, keys, &held, &traced);
    let mut change = held.writes();
    let kept = held.row(credential::ROW).is_some();
    if let Some(sent) = credential.filter(|_| kept) {
        change = sent.seal(flow, keys, object).replace(change, &held, flow.context().now());
    }
    let event = Event { name: ledger::SIGNED_IN, client: "", grant: "", scopes: &[], reason: None };
    ledger.wrote(change, &subject, event).commit(flow);
    Ok(ledger.report(Decision::new(kept)))
}
