//! base64 (RFC 4648): without padding and safe in URLs, as tokens have it (§5), and the plain one, as headers have it (§4).
//!
//! Each value has one spelling: digits outside of the alphabet, bits left over that are not zero and a padding that is not as
//! it should be are refused. Takes the same time whatever the bytes are.

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};

/// base64url without padding.
#[must_use]
pub fn encode_url(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// Reads base64url without padding.
#[must_use]
pub fn decode_url(text: &str) -> Option<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(text).ok()
}

/// base64 with padding.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// Reads base64 with padding.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    Base64::decode_vec(text).ok()
}
