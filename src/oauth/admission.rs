//! Clients that wait for the operator (`registration: "approve"`).
//!
//! **Threat.** Where anybody may register, anybody can put an app of any name in front of people.
//! **Guarantee.** Where the set-up says so, nobody is asked for a client that registered itself, or that is known by a URL, before
//! the operator has said yes to it. The yes is for one identifier: for a public client that is the hash of its name and redirect
//! URIs, so that nothing of it can change afterwards. The list of those that wait is shared by networks: whoever fills it
//! pushes out what came from the same network, or from one that has more in it.
//! **Not guaranteed.** That the document of a client that is known by a URL stays as the operator has seen it. And a yes that is
//! taken back ends no grant: revoking does. And that a new client is listed while hundreds of networks have one each in the list; it
//! is admitted by its identifier all the same.

use std::collections::BTreeMap;

use super::client::{Client, Lookup, Proof, object};
use super::object::{Held, Refused};
use super::record::{Members, Reading as _};
use super::{Request, Site};
use crate::flow::{Ask, Commit, Flow};
use crate::json::Object;
use crate::limit;

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
    let network = request.network().map(|network| limit::key("waiting", &[&site.issuer, &network.wide]));
    let input = client.members().maybe("network", network.as_deref()).end();
    let wait = Ask { object: WAITING.into(), call: "wait", input };
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
/// So many wait at a time …
const MAX_WAITING: usize = 200;
/// … and so many that one network has brought.
const SHARE: usize = 20;
/// So long they are listed, in milliseconds.
const LISTED: u64 = 30 * DAY;
const PREFIX: &str = "client:";

/// One that waits.
struct Waiting {
    id: String,
    /// By which the network is told that has brought it ([`limit::key`]).
    network: String,
    since: u64,
}

/// What becomes of one more.
#[derive(Debug)]
enum Place {
    /// There is room.
    Free,
    /// The one with this id makes room.
    Of(String),
    /// There is none.
    None,
}

/// The place of one more that `network` brings. Beyond its share a network loses the one that it has brought first; where the
/// list is full, the network does that has brought most, the new one counted, and of those that have brought as many the
/// one that asks. So nobody loses a place to a network that has as many or more, and where each has one place, the newest
/// gets none.
fn place(all: &[Waiting], network: &str) -> Place {
    let own = all.iter().filter(|one| one.network == network).count();
    if own < SHARE && all.len() < MAX_WAITING {
        return Place::Free;
    }
    let mut counts = BTreeMap::new();
    for one in all {
        *counts.entry(one.network.as_str()).or_insert(0_usize) += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    let crowded = most.filter(|(_, count)| own < SHARE && *count > own + 1).map_or(network, |(network, _)| network);
    let first = all.iter().filter(|one| one.network == crowded).min_by_key(|one| one.since);
    first.map_or(Place::None, |first| Place::Of(first.id.clone()))
}

/// Inside the object of those that wait: one more. Answers `"new"`, `"known"`, or `"full"` where it is not listed.
pub(super) async fn wait(flow: &Flow<'_>, input: &Object<'_>) -> Result<String, Refused> {
    let client = super::client::kept::given(input).ok_or(Refused)?;
    let held = Held::read(flow, vec![], vec![PREFIX.into()]).await?;
    if held.under(PREFIX).any(|(id, _)| id == client.id) {
        return Ok(r#""known""#.into());
    }
    let waiting = held.under(PREFIX).map(|(id, row)| {
        let row = Object::read(row).ok();
        let network = row.as_ref().and_then(|row| row.text("network")).unwrap_or_default();
        Waiting { id: id.into(), network, since: row.and_then(|row| row.number("since")).unwrap_or(0) }
    });
    let network = input.text("network").unwrap_or_default();
    let mut change = held.writes();
    match place(&waiting.collect::<Vec<_>>(), &network) {
        Place::Free => {}
        Place::Of(first) => change = change.remove([PREFIX, &first].concat()),
        Place::None => return Ok(r#""full""#.into()),
    }
    let now = flow.context().now();
    let row = client.members().number("since", now).text("network", &network).end();
    change.put([PREFIX, &client.id].concat(), row, Some(now + LISTED)).commit(flow);
    Ok(NEW.into())
}

/// The clients that wait, as the object lists them.
pub(super) fn listed(rows: &str) -> Option<Vec<Client>> {
    let rows = crate::json::Value::read(rows).ok()?.array().ok()?;
    Some(rows.into_iter().filter_map(|row| Client::read(row.text())).collect())
}
