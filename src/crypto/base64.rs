//! base64 (RFC 4648): base64url without padding, for tokens (§5), and standard base64, for headers (§4).
//!
//! Each value has one spelling: characters outside of the alphabet, unused bits that are not zero, and wrong padding
//! are refused. The running time does not depend on the bytes.

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
