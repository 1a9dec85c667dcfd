//! Remembered consent: what a person has approved before, in the object of their subject.
//!
//! **Threat.** A page or a program uses the consent that was given to a client to get a code without the person
//! (GHSA-6x8h-498w-gv8c, GHSA-7w2c-w47h-789w).
//! **Guarantee.** An approval counts for one client, one redirect URI, one resource, and no scope more. The page is left out
//! only where the answer goes to a web site, the client proves itself by a secret or by having nothing but web sites to go
//! to, and no other site has sent the browser here. The person signs in all the same; where it is another one than
//! approved, the page is shown after all, before there is a code.
//! **Not guaranteed.** Anything about clients on the person's own computer: any program can open the browser in their name.
//! For them the page stays, as one click.

use super::authorize::Pending;
use super::client::{Auth, Client};
use super::object::{Change, Held, Refused};
use super::record::{Members, Reading as _};
use super::redirect::{self, Kind};
use super::{Identity, Request, Site, account::Account, rule, scope};
use crate::crypto::{encode, hash};
use crate::flow::{Ask, Flow};
use crate::json::Object;

/// The rows, by client, redirect URI and resource.
pub(super) const PREFIX: &str = "approval:";

fn row(client: &str, redirect: &str, resource: &str) -> String {
    let hash = hash("approval", &[client.as_bytes(), redirect.as_bytes(), resource.as_bytes()]);
    PREFIX.to_owned() + &encode(hash.first_chunk::<16>().unwrap_or(&[0; 16]))
}

/// What an approval is looked up by. The port of a loopback URI does not count: it is another one each time.
fn asked(pending: &Pending, schemes: &[String]) -> Members {
    Members::new()
        .text("client", &pending.client)
        .text("redirect", &redirect::canonical(&pending.redirect, schemes))
        .text("resource", &pending.resource)
        .texts("scopes", pending.scopes.iter().map(String::as_str))
}

/// Adds to what a grant is made of: `pending` is what the person said yes to.
pub(super) fn described(members: Members, pending: &Pending, schemes: &[String]) -> Members {
    members.raw("approval", &asked(pending, schemes).end())
}

/// True if the person has approved all of this before. Waits: one. What cannot be told was not approved.
pub(super) async fn is_known<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    request: &Request<'_>,
    account: &Account,
    pending: &Pending,
) -> bool {
    let input = rule::hand(asked(pending, &site.server.schemes), site.server, request);
    let input = input.text("subject", &account.subject).end();
    let ask = Ask { object: account.object(site), call: "approved", input };
    flow.obtain(&ask).await.is_ok_and(|answer| answer == "true")
}

/// True where an approval spares the page altogether; otherwise it makes one click of it.
pub(super) fn spares<I>(site: &Site<'_, I>, request: &Request<'_>, client: &Client, pending: &Pending) -> bool {
    let is_https = |uri: &str| redirect::judge(uri, &site.server.schemes) == Some(Kind::Https);
    let is_proven = client.auth != Auth::None || client.redirects.iter().all(|uri| is_https(uri));
    request.method == "GET"
        && is_https(&pending.redirect)
        && is_proven
        && matches!(request.site.as_deref(), Some("same-origin" | "none"))
}

/// Inside the object: whether there is an approval for what `input` asks, with no scope missing.
pub(super) async fn look(flow: &Flow<'_>, input: &Object<'_>) -> Result<String, Refused> {
    let text = |name| input.text(name).ok_or(Refused);
    let row = row(&text("client")?, &text("redirect")?, &text("resource")?);
    let held = Held::read(flow, vec![row.clone()], vec![]).await?;
    let approved = held.row(&row).and_then(|row| Object::read(row).ok());
    let client = text("client")?;
    let subject = input.text("subject").unwrap_or_default();
    let is_ruled = |at| rule::ends(input, &client, &subject, at);
    let approved = approved.filter(|approved| {
        approved.number("expires").is_some_and(|end| end > flow.context().now())
            && !is_ruled(approved.number("approved").unwrap_or(0))
    });
    let scopes = approved.and_then(|approved| approved.texts("scopes")).unwrap_or_default();
    let wanted = input.texts("scopes").ok_or(Refused)?;
    let all = !wanted.is_empty() && scope::within(&wanted, &scopes).len() == wanted.len();
    Ok(if all { "true" } else { "false" }.into())
}

/// Inside the object: writes down what was approved, until `expires` (milliseconds since 1970).
pub(super) fn record(change: Change, now: u64, expires: u64, input: &Object<'_>) -> Result<Change, Refused> {
    let Some(asked) = input.get("approval") else { return Ok(change) };
    let asked = asked.object().map_err(|_| Refused)?;
    let text = |name| asked.text(name).ok_or(Refused);
    let (client, redirect, resource) = (text("client")?, text("redirect")?, text("resource")?);
    let record = Members::version(1)
        .text("client", &client)
        .text("redirect", &redirect)
        .text("resource", &resource)
        .texts("scopes", asked.texts("scopes").ok_or(Refused)?.iter().map(String::as_str))
        .number("approved", now)
        .number("expires", expires)
        .end();
    Ok(change.put(row(&client, &redirect, &resource), record, Some(expires)))
}

/// Inside the object: the approvals of `client`, or all; as their rows.
pub(super) fn of<'a>(held: &'a Held, client: Option<&'a str>) -> impl Iterator<Item = String> + 'a {
    held.under(PREFIX)
        .filter(move |(_, body)| {
            let is_its =
                |wanted: &str| Object::read(body).ok().and_then(|row| row.text("client")).as_deref() == Some(wanted);
            client.is_none_or(is_its)
        })
        .map(|(key, _)| PREFIX.to_owned() + key)
}
