//! An authorization in progress, after Allow: the object `transaction:<id>`. It has two steps, and each happens once.

use super::object::{Held, Refused};
use super::record::{Members, Reading as _};
use crate::crypto::{decode, same};
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
        .maybe("approved", input.text("approved").as_deref())
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
    let taken = Members::version(1)
        .text("browser", &expected)
        .number("expires", expires)
        .number("taken", flow.context().now())
        .end();
    held.writes().put(ROW, taken, Some(expires)).commit(flow);
    let (request, kept) = (row.get("request").map(Value::text).ok_or(Refused)?, row.text("kept").ok_or(Refused)?);
    let taken = Members::new().raw("request", request).text("kept", &kept);
    Ok(taken.maybe("approved", row.text("approved").as_deref()).end())
}
