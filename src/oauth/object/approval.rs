//! Remembered consent: what a person has approved before, in the object of their subject.
//!
//! **Threat.** A page or a program uses the consent that was given to a client to get a code without the person
//! (GHSA-6x8h-498w-gv8c, GHSA-7w2c-w47h-789w).
//! **Guarantee.** An approval is for one client, one redirect URI, one resource, and no further scopes. The page is
//! skipped only if the response goes to a web site, if the client proves itself by a secret or only has web sites as
//! redirect URIs, and if no other site has sent the browser here. The person still signs in; if it is a different
//! person than the one who approved, the page is shown after all, before there is a code.
//! **Not guaranteed.** Anything about clients on the person's own computer: any program can open the browser in their
//! name. For these the page stays, as one click.

use serde::{Deserialize, Serialize};

use super::{InvalidCall, RowSet, RowWrites, call};
use crate::crypto::{encode, hash};
use crate::flow::Flow;
use crate::oauth::authorization_request::AuthorizationRequest;
use crate::oauth::revocation_rules::{self, Rules};
use crate::oauth::{redirect, scope};

/// The rows, by client, redirect URI and resource.
pub(crate) const PREFIX: &str = "approval:";

/// What is, or was, approved.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Approval {
    client: String,
    redirect: String,
    resource: String,
    scopes: Vec<String>,
}

impl Approval {
    /// What a person approves with `pending`. The port of a loopback URI does not count: it is different each time.
    pub(crate) fn of(pending: &AuthorizationRequest, schemes: &[String]) -> Self {
        Self {
            client: pending.client.clone(),
            redirect: redirect::canonical(&pending.redirect, schemes),
            resource: pending.resource.clone(),
            scopes: pending.scopes.clone(),
        }
    }

    fn row(&self) -> String {
        let parts = [self.client.as_bytes(), self.redirect.as_bytes(), self.resource.as_bytes()];
        PREFIX.to_owned() + &encode(hash("approval", &parts).first_chunk::<16>().unwrap_or(&[0; 16]))
    }
}

/// The row.
#[derive(Serialize, Deserialize)]
struct Row {
    approval: Approval,
    /// Milliseconds since 1970.
    approved: u64,
    expires: u64,
}

/// Whether there is an approval that includes all of these scopes.
#[derive(Serialize, Deserialize)]
pub(crate) struct Approved {
    pub(crate) approval: Approval,
    /// The typed subject.
    pub(crate) subject: String,
    pub(crate) rules: Option<Rules>,
}

call!(Approved, "approved" => bool);

/// Inside the object: answers [`Approved`].
pub(crate) async fn look(
    flow: &Flow<'_>,
    Approved { approval, subject, rules }: &Approved,
) -> Result<bool, InvalidCall> {
    let key = approval.row();
    let held = RowSet::read(flow, vec![key.clone()], vec![]).await?;
    let Some(row) = held.record::<Row>(&key) else { return Ok(false) };
    let is_over = row.expires <= flow.context().now()
        || revocation_rules::ends(rules.as_ref(), &approval.client, subject, row.approved);
    let wanted = &approval.scopes;
    Ok(!is_over && !wanted.is_empty() && scope::within(wanted, &row.approval.scopes).len() == wanted.len())
}

/// Inside the object: records what was approved, until `expires` (milliseconds since 1970).
pub(crate) fn record(change: RowWrites, now: u64, expires: u64, approval: Approval) -> RowWrites {
    change.put(approval.row(), &Row { approval, approved: now, expires }, Some(expires))
}

/// Inside the object: the rows of the approvals of `client`, or of all.
pub(crate) fn of<'a>(held: &'a RowSet, client: Option<&'a str>) -> impl Iterator<Item = String> + 'a {
    let is_its = move |row: Row| client.is_none_or(|client| row.approval.client == client);
    let keys = held.under(PREFIX).map(|(key, _)| [PREFIX, key].concat());
    keys.filter(move |key| client.is_none() || held.record(key).is_some_and(is_its))
}
