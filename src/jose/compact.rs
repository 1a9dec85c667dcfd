//! The compact serialization of a signed token (RFC 7515 §7.1, RFC 7519 §7.2), taken apart and believed in nothing.

use crate::crypto::decode;
use crate::json::{Malformed, Object};

/// Why a text is no token, or no JSON of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It does not have the form.
    NotAToken,
    /// Its JSON has a member twice.
    DuplicateMember,
}

/// A token of which nothing is proven.
#[derive(Debug)]
pub struct Untrusted<'a> {
    /// All of it.
    pub text: &'a str,
    /// Header and payload as they were signed.
    pub signed: &'a str,
    /// The header's JSON text.
    pub header: String,
    /// The payload, which is JSON text if this is a JWT.
    pub payload: Vec<u8>,
    /// The signature as it was sent, in base64url.
    pub signature_text: &'a str,
    /// The signature.
    pub signature: Vec<u8>,
}

impl<'a> Untrusted<'a> {
    /// Takes a token apart: three parts in strict base64url, the first in UTF-8.
    pub fn parse(token: &'a str) -> Result<Self, Unreadable> {
        let (signed, signature_text) = token.rsplit_once('.').ok_or(Unreadable::NotAToken)?;
        let (header, payload) = signed.split_once('.').ok_or(Unreadable::NotAToken)?;
        Ok(Self {
            text: token,
            signed,
            header: String::from_utf8(decode(header).ok_or(Unreadable::NotAToken)?)
                .map_err(|_| Unreadable::NotAToken)?,
            payload: decode(payload).ok_or(Unreadable::NotAToken)?,
            signature_text,
            signature: decode(signature_text).ok_or(Unreadable::NotAToken)?,
        })
    }
}

/// Reads a JSON object in which no object, however deep, has a member twice: parsers disagree about those.
pub fn read(text: &str) -> Result<Object<'_>, Unreadable> {
    let unreadable = |malformed: Malformed| match malformed {
        Malformed::Duplicate(_) => Unreadable::DuplicateMember,
        _ => Unreadable::NotAToken,
    };
    let object = Object::read(text).map_err(unreadable)?;
    for (_, value) in &object.0 {
        value.unique().map_err(unreadable)?;
    }
    Ok(object)
}
