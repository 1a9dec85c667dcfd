//! Revocation (RFC 7009), and telling everybody about grants that have ended.
//!
//! **Threat.** A token that was revoked goes on working, and nobody notices (CVE-2020-15223). Or somebody revokes one dead
//! token without end, to keep the list busy by which everybody's tokens are judged.
//! **Guarantee.** The grant has ended before the answer is 200, and the list that every isolate follows says so; if either
//! cannot be written, the answer is 503. What the list has been told it is not told again, and what one network revokes for
//! one client is counted.
//! **Not guaranteed.** That isolates hear of it at once: within 30 seconds, or at once with `revocation: "strict"`.

use super::authorize::by_network;
use super::error::{Code, Failed, unavailable};
use super::grant::Grant;
use super::ledger::{self, Event, Ledger};
use super::object::{Held, Refused};
use super::record::{Members, Reading as _, list};
use super::token::{Refresh, Shown, form, is_client, unknown_client};
use super::{Identity, Request, Site, giving, outbox, signing};
use crate::crypto::Keys;
use crate::flow::{Ask, Flow};
use crate::http::Answer;
use crate::json::Object;
use crate::limit;

/// The object with the list of grants that have ended.
pub const REVOCATIONS: &str = "revocations";

/// Answers the revocation endpoint.
///
/// 1. The client's credentials are read.
/// 2. The token is opened, as whichever it is. What is none of ours counts as revoked (RFC 7009 §2.2).
/// 3. The client does not ask too often from where it is.
/// 4. The grant ends in its object, if it is this client's.
/// 5. Everybody is told, unless they have been.
/// 6. Where that was the person's last grant, the upstream's credential goes back.
///
/// Waits: one for counting, and two; with an upstream two more. Two where it had ended before.
pub async fn serve<I: Identity>(flow: &Flow<'_>, site: &Site<'_, I>, request: &Request<'_>, body: &str) -> Answer {
    let basic = request.authorization.is_some();
    match revoke(flow, site, request, body).await {
        Ok(()) => super::error::unstored(Answer::empty(200)),
        Err(failed) => failed.answer(basic),
    }
}

async fn revoke<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    request: &Request<'_>,
    body: &str,
) -> Result<(), Failed> {
    let params = form(request, body)?;
    let shown = Shown::read(request, &params)?;
    let token = params.get("token").ok_or_else(|| Failed::new(Code::InvalidRequest, "token is missing."))?;
    let resource = site.server.resource(&site.issuer);
    let refresh = Refresh::open(site.keys, &site.issuer, token).map(|token| (token.object, token.grant));
    let place = refresh.or_else(|| {
        signing::unproven(site.keys, &site.issuer, &resource, token).map(|token| (token.object, token.grant))
    });
    let Some((object, grant)) = place else { return Ok(()) };
    if let Some(seconds) = limit::wait(flow, by_network(site, request, "revoke", &shown.id)).await {
        return Err(Failed::slow_down(seconds));
    }
    let trace = request.trace(flow);
    let input = ledger::traced(shown.write(Members::new().text("grant", &grant)), site.server, &trace).end();
    let ended = flow.obtain(&Ask { object: object.clone(), call: "revoke", input }).await;
    let ended = ended.map_err(|_| unavailable())?;
    let ended = Object::read(&ended).map_err(|_| unavailable())?;
    let is_announced = outbox::pass_on(flow, site.server, &object, &ended).await.ended.map_err(|()| unavailable())?;
    if is_announced {
        giving::give_back(flow, site, &object, Some(&trace)).await;
    }
    match ended.text("error").as_deref() {
        None if is_announced || ended.flag("over") => Ok(()),
        // The object says neither that it has ended nor why not.
        None => Err(unavailable()),
        Some("invalid_client") => Err(unknown_client()),
        Some(_) => Err(Failed::new(Code::InvalidRequest, "The token is another client's.")),
    }
}

/// Puts the grants that `decided` names as `ended` on the list, until the last of their access tokens is over. True where
/// there were any.
pub(super) async fn announce(flow: &Flow<'_>, decided: &Object<'_>, lifetime: u64) -> Result<bool, ()> {
    let grants = decided.texts("ended").unwrap_or_default();
    if grants.is_empty() {
        return Ok(false);
    }
    // A minute more, for clocks that differ.
    let until = flow.context().now() + (lifetime.max(3600) + 60) * 1000;
    let input = Members::new().texts("grants", grants.iter().map(String::as_str)).number("until", until).end();
    let told = flow.obtain(&Ask { object: REVOCATIONS.into(), call: "append", input }).await;
    if told.is_ok_and(|told| told == "true") { Ok(true) } else { Err(()) }
}

/// Inside the object of the subject: ends a grant of the client that asks. `{"ended":[…]}` where everybody has to be told,
/// `{"over":true}` where they have been.
pub(super) async fn end(flow: &Flow<'_>, keys: &Keys, input: &Object<'_>) -> Result<String, Refused> {
    let id = input.text("grant").ok_or(Refused)?;
    let (rows, prefixes) = ledger::rows(vec![Grant::row(&id), outbox::end_row(&id)], vec![]);
    let held = Held::read(flow, rows, prefixes).await?;
    let mut ledger = Ledger::read(flow, keys, &held, input);
    let Some(mut grant) = held.row(&Grant::row(&id)).and_then(Grant::read) else {
        return Ok(Members::new().raw("ended", &list([id.as_str()])).end());
    };
    let error = |name| Ok(Members::new().text("error", name).end());
    if input.string("client").is_none_or(|client| client != grant.client) {
        return error("foreign");
    }
    if !is_client(input, &grant.client, &grant.auth) {
        return error("invalid_client");
    }
    if grant.revoked.is_none() {
        grant.revoked = Some(flow.context().now());
        // Kept for a day, so that what is left of it is known to have ended.
        let until = flow.context().now() + 24 * 3600 * 1000;
        let change = held.writes().put(Grant::row(&id), grant.to_json(), Some(until));
        let change = outbox::owe_end(change, flow.context().now(), &id);
        let reason = Some("the client revoked its token");
        let event = Event { name: ledger::ENDED, client: &grant.client, grant: &id, scopes: &[], reason };
        ledger.wrote(change, &grant.subject, event).commit(flow);
    } else if !outbox::owes_end(&held, &id) {
        return Ok(Members::new().flag("over", true).end());
    }
    Ok(ledger.report(Members::new().raw("ended", &list([id.as_str()]))).end())
}
