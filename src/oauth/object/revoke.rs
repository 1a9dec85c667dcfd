//! Inside the object of the subject: a client revokes its token (RFC 7009).

use serde::{Deserialize, Serialize};

use super::grant::Grant;
use super::ledger::{self, Event, Ledger, RequestTrace};
use super::{Decision, InvalidCall, RowSet, call, outbox};
use crate::crypto::Keys;
use crate::flow::Flow;
use crate::oauth::client::authentication::PresentedCredentials;

/// A client revokes the grant of its token.
#[derive(Serialize, Deserialize)]
pub(crate) struct Revoke {
    pub(crate) grant: String,
    pub(crate) client: PresentedCredentials,
    pub(crate) traced: RequestTrace,
}

call!(Revoke, "revoke" => Decision<Revoked>);

/// The result of a revocation.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Revoked {
    /// It has ended now, which must be announced.
    Ended,
    /// It had ended before, and that has been announced.
    Over,
    /// It belongs to another client.
    Foreign,
    /// The client has not authenticated.
    Unauthenticated,
}

/// Ends a grant of the authenticated client.
pub(crate) async fn end(
    flow: &Flow<'_>,
    keys: &Keys,
    Revoke { grant: id, client, traced }: &Revoke,
) -> Result<Decision<Revoked>, InvalidCall> {
    let (rows, prefixes) = ledger::rows(vec![Grant::row(id), outbox::grant_end_row(id)], vec![]);
    let held = RowSet::read(flow, rows, prefixes).await?;
    let mut ledger = Ledger::read(flow, keys, &held, traced);
    let ended = || Decision::new(Revoked::Ended).ending([id.as_str()]);
    let Some(mut grant) = held.record::<Grant>(&Grant::row(id)) else { return Ok(ended()) };
    if client.id != grant.client {
        return Ok(Decision::new(Revoked::Foreign));
    }
    if !client.is(&grant.client, &grant.auth) {
        return Ok(Decision::new(Revoked::Unauthenticated));
    }
    let now = flow.context().now();
    if grant.revoked.is_none() {
        grant.revoked = Some(now);
        // Stored for a day, so that its remaining tokens are known to have ended.
        let change = held.writes().put(Grant::row(id), &grant, Some(now + 24 * 3600 * 1000));
        let change = outbox::enqueue_grant_end(change, now, id);
        let reason = Some("the client revoked its token");
        let event = Event { name: ledger::ENDED, client: &grant.client, grant: id, scopes: &[], reason };
        ledger.wrote(change, &grant.subject, event).commit(flow);
    } else if !outbox::is_end_pending(&held, id) {
        return Ok(Decision::new(Revoked::Over));
    }
    Ok(ledger.report(ended()))
}
