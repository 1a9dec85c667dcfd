//! The headers that mirror a request's body (MCP 2026-07-28 streamable-http §Standard Request Headers, §Value Encoding).

use std::borrow::Cow;

use crate::crypto::base64;
use crate::json::shown;
use crate::jsonrpc::{Code, Fault};

/// Checks that the header `name` has exactly the value that is in the body.
pub fn must_equal(name: &str, header: Option<&str>, body: &str) -> Result<(), Fault> {
    match header.map(trim) {
        Some(value) if value == body && !is_plain(value) => Err(mismatch(&[name, UNFIT])),
        value => compare(name, value, body),
    }
}

/// Checks that the header `name`, whose value may be encoded, has the value that is in the body.
pub fn must_mirror(name: &str, header: Option<&str>, body: &str) -> Result<(), Fault> {
    let value = header.map(|header| decode(trim(header)).map_err(|wrong| mismatch(&[name, wrong]))).transpose()?;
    compare(name, value.as_deref(), body)
}

fn compare(name: &str, value: Option<&str>, body: &str) -> Result<(), Fault> {
    match value {
        Some(value) if value == body => Ok(()),
        Some(value) => Err(mismatch(&[name, " is ", &shown(value), ", but the body has ", &shown(body), "."])),
        // A value that is too long for any header is not shown in full.
        None if body.len() > 1000 => Err(mismatch(&["the ", name, " header is missing."])),
        None => Err(mismatch(&["the ", name, " header is missing; it must be ", &encode(body), "."])),
    }
}

pub(super) fn mismatch(what: &[&str]) -> Fault {
    Fault::new(400, Code::HeaderMismatch, String::from("Header mismatch: ") + &what.concat())
}

/// Optional white space around a header's value does not count (RFC 9110 §5.5).
#[must_use]
pub fn trim(value: &str) -> &str {
    value.trim_matches([' ', '\t'])
}

const UNFIT: &str = " has characters that are not allowed in headers: send the value as =?base64?…?=.";

/// True if `value` may be sent in a header without encoding: visible ASCII, spaces and tabs (RFC 9110 §5.5).
fn is_plain(value: &str) -> bool {
    value.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t'))
}

/// The value of a header, plain or as `=?base64?…?=`; the error says what is wrong with it.
pub fn decode(value: &str) -> Result<Cow<'_, str>, &'static str> {
    match value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) {
        None if is_plain(value) => Ok(Cow::Borrowed(value)),
        None => Err(UNFIT),
        Some(encoded) => {
            let text = base64::decode(encoded).and_then(|bytes| String::from_utf8(bytes).ok());
            text.map(Cow::Owned).ok_or(" is not valid base64 of UTF-8 text.")
        }
    }
}

/// `value` as a client should send it.
#[must_use]
pub fn encode(value: &str) -> Cow<'_, str> {
    let plain = value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && trim(value) == value;
    if plain && !value.starts_with("=?base64?") {
        Cow::Borrowed(value)
    } else {
        Cow::Owned(["=?base64?", &base64::encode(value.as_bytes()), "?="].concat())
    }
}
