//! Headers that mirror a tool's arguments (MCP 2026-07-28 streamable-http §Custom Headers, server/tools §x-mcp-header).
//!
//! **Threat.** Something between client and server decides by the header (where to send a request, whether to let it
//! pass), while the tool acts on the body.
//! **Guarantee.** A tool runs only if each mirrored argument is present in its header, too, with the same value; a
//! header for an absent argument is refused as well.

use super::header::{decode, mismatch, trim};
use crate::flow::MirroredHeaders;
use crate::json::{Malformed, Value, quoted, shown};
use crate::jsonrpc::{Code, Fault};

/// Checks the headers against the arguments of a call.
pub fn check(arguments: Option<Value<'_>>, mirrored: &MirroredHeaders) -> Result<(), Fault> {
    for (header, path, kind) in &mirrored.arguments {
        let name = ["Mcp-Param-", header].concat();
        let sent = mirrored.headers.iter().find(|(sent, _)| sent.eq_ignore_ascii_case(header));
        let sent = match sent {
            None => None,
            Some((_, value)) => Some(decode(trim(value)).map_err(|wrong| mismatch(&[&name, wrong]))?),
        };
        let path_text = quoted(&path.join("."));
        let argument = argument(arguments, path)?;
        match (argument.map(text_of), sent) {
            (None, None) => {}
            (None | Some(None), Some(_)) => {
                return Err(mismatch(&[&name, " is present, but the argument ", &path_text, " is not."]));
            }
            (Some(_), None) => {
                return Err(mismatch(&[
                    "the ",
                    &name,
                    " header is missing; it mirrors the argument ",
                    &path_text,
                    ".",
                ]));
            }
            (Some(Some(value)), Some(sent)) => {
                let same = if kind == "integer" {
                    integer(&sent).is_some_and(|sent| Some(sent) == integer(&value))
                } else {
                    sent == value
                };
                if !same {
                    return Err(mismatch(&[
                        &name,
                        " is ",
                        &shown(&sent),
                        ", but the argument ",
                        &path_text,
                        " is ",
                        &shown(&value),
                        ".",
                    ]));
                }
            }
        }
    }
    Ok(())
}

/// The value at `path`, if there is one that is not null. Arguments that cannot be read here (because a name is
/// repeated) might be read differently by the tool.
fn argument<'a>(arguments: Option<Value<'a>>, path: &[String]) -> Result<Option<Value<'a>>, Fault> {
    let Some(mut value) = arguments else { return Ok(None) };
    for name in path {
        let members = match value.object() {
            Ok(members) => members,
            Err(Malformed::Kind) => return Ok(None),
            Err(malformed) => {
                let message = ["Invalid params: `params.arguments`: ", &malformed.reason(), "."].concat();
                return Err(Fault::new(400, Code::InvalidParams, message));
            }
        };
        match members.get(name) {
            None => return Ok(None),
            Some(member) => value = member,
        }
    }
    Ok((value.text() != "null").then_some(value))
}

/// A string, number or boolean as text. Nothing else can be mirrored.
fn text_of(value: Value<'_>) -> Option<String> {
    match value.string() {
        Some(text) => Some(text.into()),
        None if value.is_object() || value.is_array() || value.text().starts_with('"') => None,
        None => Some(value.text().into()),
    }
}

/// Larger integers are not the same in every language (2^53 - 1).
const MAX_INTEGER: u64 = 9_007_199_254_740_991;

/// The integer that a JSON number stands for, in any notation: sign and amount.
fn integer(text: &str) -> Option<(bool, u64)> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        None => (text, 0),
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() + fraction.len() > 64 || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let digits = [whole, fraction].concat();
    let significant = digits.trim_end_matches('0');
    let places = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let places = places.checked_add(i32::try_from(digits.len() - significant.len()).ok()?)?;
    let significant = if significant.is_empty() { 0 } else { significant.parse::<u64>().ok()? };
    let amount = match significant {
        0 => 0,
        significant => significant.checked_mul(10_u64.checked_pow(u32::try_from(places).ok()?)?)?,
    };
    (amount <= MAX_INTEGER).then_some((negative && amount > 0, amount))
}
