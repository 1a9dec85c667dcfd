//! The compact serialization of a signed token (RFC 7515 §7.1, RFC 7519 §7.2): parses it and verifies nothing.

use crate::crypto::decode;
use crate::json::{Malformed, Object};

/// Why a token or its JSON cannot be parsed, or its header is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each has its words in `reason`")]
pub enum JwsError {
    NotAToken,
    DuplicateMember,
    Extension,
    KeyInToken,
    WrongType,
    WrongAlgorithm,
}

impl JwsError {
    /// The reason in words.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotAToken => "the token is not a JWT in compact serialization",
            Self::DuplicateMember => "the token's JSON has a duplicate member",
            Self::Extension => "the header has crit, b64 or zip, which are not supported",
            Self::KeyInToken => "the header contains a key (jwk, jku, x5u or x5c)",
            Self::WrongType => "the typ is not the expected one",
            Self::WrongAlgorithm => "the alg is not one of the configured algorithms",
        }
    }
}

/// A parsed token, of which nothing has been verified.
#[derive(Debug)]
pub struct UntrustedToken<'a> {
    /// The whole token.
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

impl<'a> UntrustedToken<'a> {
    /// Parses a token: three parts in strict base64url, the first in UTF-8.
    pub fn parse(token: &'a str) -> Result<Self, JwsError> {
        let (signed, signature_text) = token.rsplit_once('.').ok_or(JwsError::NotAToken)?;
        let (header, payload) = signed.split_once('.').ok_or(JwsError::NotAToken)?;
        Ok(Self {
            text: token,
            signed,
            header: String::from_utf8(decode(header).ok_or(JwsError::NotAToken)?).map_err(|_| JwsError::NotAToken)?,
            payload: decode(payload).ok_or(JwsError::NotAToken)?,
            signature_text,
            signature: decode(signature_text).ok_or(JwsError::NotAToken)?,
        })
    }
}

/// Reads a JSON object in which no member is repeated at any depth, because parsers disagree about those.
pub fn read(text: &str) -> Result<Object<'_>, JwsError> {
    let unreadable = |malformed: Malformed| match malformed {
        Malformed::Duplicate(_) => JwsError::DuplicateMember,
        _ => JwsError::NotAToken,
    };
    let object = Object::read(text).map_err(unreadable)?;
    for (_, value) in &object.0 {
        value.unique().map_err(unreadable)?;
    }
    Ok(object)
}
