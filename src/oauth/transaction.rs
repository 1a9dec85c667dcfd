//! An authorization in progress, after Allow: the object `transaction:<id>`. Its steps are `approve` and `take`, and each
//! happens once; where another account comes back than the page named, `hold` keeps the person until they confirm it, and
//! `release` gives them out, once.

use super::giving::{self, Due};
use super::object::{Change, Held, Refused};
use super::record::{Members, Reading as _};
use crate::crypto::{Keys, decode, same};
use crate::flow::Flow;
use crate::json::{Object, Value};

/// How long it may take to come back from the upstream, in milliseconds.
const LIFETIME: u64 = 10 * 60 * 1000;

const ROW: &str = "transaction";

/// The name of the object.
#[must_use]
pub fn object(id: &str) -> String {
    "transaction:".to_owned() + id
}

/// The name of the cookie that ties the transaction to the browser that allowed it.
#[must_use]
pub fn cookie(id: &str) -> String {
    "__Host-wicket-sign-in-".to_owned() + id.get(..12).unwrap_or(id)
}

/// True for what may be a transaction's id: 16 bytes.
#[must_use]
pub fn is_id(id: &str) -> bool {
    decode(id).is_some_and(|bytes| bytes.len() == 16)
}

/// The person has allowed the client. Answers `true` once, then `false`.
pub(super) async fn approve(flow: &Flow<'_>, input: &Object<'_>) -> Result<String, Refused> {
    let held = Held::read(flow, vec![ROW.into()], vec![]).await?;
    if held.row(ROW).is_some() {
        return Ok("false".into());
    }
    let row = Members::version(1)
        .raw("request", input.get("request").ok_or(Refused)?.text())
        .text("kept", &input.text("kept").ok_or(Refused)?)
        .text("browser", &input.text("browser").ok_or(Refused)?)
        .maybe("account", input.text("account").as_deref())
        .number("expires", flow.context().now() + LIFETIME)
        .end();
    held.writes().put(ROW, row, Some(flow.context().now() + LIFETIME)).commit(flow);
    Ok("true".into())
}

/// The browser is back. Answers what was kept once; `"foreign"` to another browser, which changes nothing; `"gone"` to a
/// second time, after ten minutes, and where nothing was allowed.
pub(super) async fn take(flow: &Flow<'_>, input: &Object<'_>) -> Result<String, Refused> {
    let held = Held::read(flow, vec![ROW.into()], vec![]).await?;
    let gone = || Ok(r#""gone""#.into());
    let Some(row) = held.row(ROW) else { return gone() };
    let row = Object::read(row).map_err(|_| Refused)?;
    let expected = row.text("browser").ok_or(Refused)?;
    let browser = input.text("browser").ok_or(Refused)?;
    if !same(expected.as_bytes(), browser.as_bytes()) {
        return Ok(r#""foreign""#.into());
    }
    let expires = row.number("expires").ok_or(Refused)?;
    if row.number("taken").is_some() || expires <= flow.context().now() {
        return gone();
    }
    // The row stays until it is over, so that nothing can be allowed again; what was in it does not.
    let taken = Row { browser: expected, expires, taken: Some(flow.context().now()), person: None };
    held.writes().put(ROW, taken.to_json(), Some(expires)).commit(flow);
    let (request, kept) = (row.get("request").map(Value::text).ok_or(Refused)?, row.text("kept").ok_or(Refused)?);
    let taken = Members::new().raw("request", request).text("kept", &kept);
    Ok(taken.maybe("account", row.text("account").as_deref()).end())
}

/// Keeps whoever has come back, sealed, until they confirm the account. Answers `true` once, to the same browser. What the
/// upstream has issued for them goes back unless they do.
pub(super) async fn hold(flow: &Flow<'_>, keys: &Keys, object: &str, input: &Object<'_>) -> Result<String, Refused> {
    let held = Held::read(flow, vec![ROW.into()], vec![]).await?;
    let Some(row) = of_browser(flow, &held, input)? else { return Ok("false".into()) };
    if row.taken.is_none() || row.person.is_some() {
        return Ok("false".into());
    }
    let expires = flow.context().now() + LIFETIME;
    let person = Some(input.text("person").ok_or(Refused)?);
    let row = Row { expires, person, ..row };
    let mut change = held.writes().put(ROW, row.to_json(), Some(expires));
    if let Some(due) = Due::sent(flow, keys, object, input, expires) {
        change = due.put(change, due.row());
    }
    change.commit(flow);
    Ok("true".into())
}

/// Gives that person out. Answers `{"person":"…"}` once, to the same browser; then `"gone"`.
pub(super) async fn release(flow: &Flow<'_>, input: &Object<'_>) -> Result<String, Refused> {
    let held = Held::read(flow, vec![ROW.into()], vec![giving::PREFIX.into()]).await?;
    let gone = || Ok(r#""gone""#.into());
    let Some(row) = of_browser(flow, &held, input)? else { return gone() };
    let Some(person) = row.person.clone() else { return gone() };
    // Nothing is held a second time.
    let row = Row { person: Some(String::new()), ..row };
    if person.is_empty() {
        return gone();
    }
    let change = held.writes().put(ROW, row.to_json(), Some(row.expires));
    let due = held.under(giving::PREFIX).map(|(key, _)| [giving::PREFIX, key].concat());
    due.fold(change, Change::remove).commit(flow);
    Ok(Members::new().text("person", &person).end())
}

/// The row once the browser is back.
struct Row {
    browser: String,
    expires: u64,
    taken: Option<u64>,
    /// Who is held; empty once they were released.
    person: Option<String>,
}

impl Row {
    fn to_json(&self) -> String {
        let members = Members::version(1).text("browser", &self.browser).number("expires", self.expires);
        let members = match self.taken {
            Some(taken) => members.number("taken", taken),
            None => members,
        };
        members.maybe("person", self.person.as_deref()).end()
    }
}

/// The row, if it is this browser's and has not expired.
fn of_browser(flow: &Flow<'_>, held: &Held, input: &Object<'_>) -> Result<Option<Row>, Refused> {
    let Some(row) = held.row(ROW) else { return Ok(None) };
    let row = Object::read(row).map_err(|_| Refused)?;
    let row = Row {
        browser: row.text("browser").ok_or(Refused)?,
        expires: row.number("expires").ok_or(Refused)?,
        taken: row.number("taken"),
        person: row.text("person"),
    };
    let browser = input.text("browser").ok_or(Refused)?;
    let is_its = same(row.browser.as_bytes(), browser.as_bytes()) && row.expires > flow.context().now();
    Ok(is_its.then_some(row))
}
