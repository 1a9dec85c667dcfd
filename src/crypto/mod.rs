//! Keys, sealed values, and constant-time comparison.
//!
//! What the package hands to a client and wants back unchanged (sessions, codes, tokens, forms) is *sealed*: encrypted and
//! authenticated under a key that only this server has (see [`seal`]). The keys come from `WICKET_SECRET`, or from a root
//! key that an object made (see [`keys`]). Randomness comes from the flow's [`Context`](crate::flow::Context).

pub mod base64;
pub mod keys;
#[cfg(feature = "provider")]
pub mod password;
pub mod seal;

use hkdf::Hkdf;
pub use keys::{Keys, WeakSecret};
pub use seal::{Purpose, SealContext};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// True if both are equal. The running time depends on the lengths only.
#[must_use]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// SHA-256 of `parts` for the use named by `label`. Each part is prefixed with its length, so that no two lists of
/// parts have the same hash. It is not keyed, so names and stored hashes outlive every key.
#[must_use]
pub fn hash(label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix("mcp-wicket ");
    for part in core::iter::once(label.as_bytes()).chain(parts.iter().copied()) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// HMAC-SHA-256 (RFC 2104) of `parts` under `key`, each part with its length.
#[must_use]
pub fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // HKDF's extract step is an HMAC of its input under its salt (RFC 5869 §2.2).
    let mut extract = hkdf::HkdfExtract::<Sha256>::new(Some(key));
    for part in parts {
        extract.input_ikm(&(part.len() as u64).to_be_bytes());
        extract.input_ikm(part);
    }
    extract.finalize().0.into()
}

/// HMAC-SHA-256 of `text` (RFC 2104).
#[must_use]
pub fn keyed(key: &[u8], text: &[u8]) -> [u8; 32] {
    // HKDF's extract step is exactly that.
    Hkdf::<Sha256>::extract(Some(key), text).0.into()
}

/// SHA-256 of `text` itself, as RFC 7636 and others define it.
#[must_use]
pub fn sha256(text: &[u8]) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// base64url without padding (RFC 4648 §5).
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    base64::encode_url(bytes)
}

/// Reads base64url without padding; each value has one spelling only.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    base64::decode_url(text)
}
