//! Proof Key for Code Exchange (RFC 7636), with S256 only.

use crate::crypto::{decode, encode, same, sha256};

/// An S256 challenge is a SHA-256 in base64url (RFC 7636 §4.2).
#[must_use]
pub fn is_challenge(challenge: &str) -> bool {
    challenge.len() == 43 && decode(challenge).is_some_and(|hash| hash.len() == 32)
}

/// True if `verifier` is valid (§4.1), and `challenge` is its hash (§4.6).
#[must_use]
pub fn proves(verifier: &str, challenge: &str) -> bool {
    is_verifier(verifier) && same(encode(&sha256(verifier.as_bytes())).as_bytes(), challenge.as_bytes())
}

/// RFC 7636 §4.1.
fn is_verifier(verifier: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    (43..=128).contains(&verifier.len()) && verifier.bytes().all(is_plain)
}
