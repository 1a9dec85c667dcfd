//! Clients that wait for the operator (`registration: "approve"`).
//!
//! **Threat.** Where anybody may register, anybody can put an app of any name in front of people.
//! **Guarantee.** Where the set-up says so, nobody is asked for a client that registered itself, or that is known by a URL, before
//! the operator has said yes to it. The yes is for one identifier: for a public client that is the hash of its name and redirect
//! URIs, so that nothing of it can change afterwards.
//! **Not guaranteed.** That the document of a client that is known by a URL stays as the operator has seen it. And a yes that is
//! taken back ends no grant: revoking does.

use super::client::{Client, Lookup, Proof, object};
use super::object::{Held, Refused};
use super::record::{Members, Reading as _};
use super::{Request, Site};
use crate::flow::{Ask, Commit, Flow};
use crate::json::Object;

/// The object with the clients that wait.
pub(super) const WAITING: &str = "clients:waiting";
/// The row of a client's object that says yes.
const ROW: &str = "admitted";
/// A yes that nobody uses ends after 90 days, as registrations do, in milliseconds.
const LIFETIME: u64 = 90 * DAY;
const DAY: u64 = 24 * 3600 * 1000;

/// What was found, or that it has to wait. The first time the operator is told. Waits: none where clients need no yes; else
/// one, and one more for a client that has to wait.
pub(super) async fn gate<I>(flow: &Flow<'_>, site: &Site<'_, I>, request: &Request<'_>, found: Lookup) -> Lookup {
    let Lookup::Known(client, copy) = found else { return found };
    if !site.server.approve || client.proof == Proof::Operator {
        return Lookup::Known(client, copy);
    }
    match flow.obtain(&Ask { object: object(&client.id), call: "admitted", input: "{}".into() }).await.as_deref() {
        Ok("true") => return Lookup::Known(client, copy),
        Ok("false") => {}
        _ => return Lookup::Unavailable,
    }
    let wait = Ask { object: WAITING.into(), call: "wait", input: client.to_json() };
    match flow.obtain(&wait).await.as_deref() {
        Ok(NEW) => {
            let event = Members::new()
                .text("event", "client waits")
                .text("client", &client.id)
                .text("name", &client.name)
                .text("request", &request.trace(flow));
            flow.commit(Commit::Audit(event.end()));
        }
        Ok(_) => {}
        Err(_) => return Lookup::Unavailable,
    }
    Lookup::Waiting(client.name)
}

/// Inside the object of a client: whether it was admitted; once a day that is noted as a use.
pub(super) async fn admitted(flow: &Flow<'_>) -> Result<String, Refused> {
    let held = Held::read(flow, vec![ROW.into()], vec![]).await?;
    let Some(row) = held.row(ROW) else { return Ok("false".into()) };
    let used = Object::read(row).ok().and_then(|row| row.number("used")).ok_or(Refused)?;
    if used + DAY <= flow.context().now() {
        admit_in(flow, &held);
    }
    Ok("true".into())
}

/// Inside the object of a client: the operator says yes.
pub(super) async fn admit(flow: &Flow<'_>) -> Result<String, Refused> {
    admit_in(flow, &Held::read(flow, vec![ROW.into()], vec![]).await?);
    Ok("true".into())
}

fn admit_in(flow: &Flow<'_>, held: &Held) {
    let now = flow.context().now();
    held.writes().put(ROW, Members::version(1).number("used", now).end(), Some(now + LIFETIME)).commit(flow);
}

/// Inside the object of a client: the operator takes the yes back.
pub(super) async fn dismiss(flow: &Flow<'_>) -> Result<String, Refused> {
    let held = Held::read(flow, vec![ROW.into()], vec![]).await?;
    held.writes().remove(ROW).commit(flow);
    Ok("true".into())
}

/// What the object of those that wait says of one that it has not seen.
const NEW: &str = r#""new""#;
/// So many wait at a time; the one that came first makes room.
const MAX_WAITING: usize = 200;
/// So long they are listed, in milliseconds.
const LISTED: u64 = 30 * DAY;
const PREFIX: &str = "client:";

/// Inside the object of those that wait: one more.
pub(super) async fn wait(flow: &Flow<'_>, input: &Object<'_>) -> Result<String, Refused> {
    let client = super::client::kept::given(input).ok_or(Refused)?;
    let held = Held::read(flow, vec![], vec![PREFIX.into()]).await?;
    if held.under(PREFIX).any(|(id, _)| id == client.id) {
        return Ok(r#""known""#.into());
    }
    let since = |row: &str| Object::read(row).ok().and_then(|row| row.number("since")).unwrap_or(0);
    let now = flow.context().now();
    let row = client.members().number("since", now).end();
    let mut change = held.writes().put([PREFIX, &client.id].concat(), row, Some(now + LISTED));
    if held.under(PREFIX).count() >= MAX_WAITING
        && let Some((first, _)) = held.under(PREFIX).min_by_key(|(_, row)| since(row))
    {
        change = change.remove([PREFIX, first].concat());
    }
    change.commit(flow);
    Ok(NEW.into())
}

/// The clients that wait, as the object lists them.
pub(super) fn listed(rows: &str) -> Option<Vec<Client>> {
    let rows = crate::json::Value::read(rows).ok()?.array().ok()?;
    Some(rows.into_iter().filter_map(|row| Client::read(row.text())).collect())
}
