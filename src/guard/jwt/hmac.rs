//! Signatures with a shared secret (RFC 7518 §3.2), compared in constant time.

use jwt_compact::alg::{
    Hs256, Hs256Key, Hs256Signature, Hs384, Hs384Key, Hs384Signature, Hs512, Hs512Key, Hs512Signature,
};
use jwt_compact::{Algorithm as _, AlgorithmSignature as _};

use crate::jose::algorithm::Algorithm;

/// True if `signature` is that of `signed` under `secret`. Only for `HS…`; false for any other algorithm.
#[must_use]
pub fn verify(algorithm: Algorithm, secret: &[u8], signed: &str, signature: &[u8]) -> bool {
    // The signature types only accept a slice of their own length.
    if algorithm.signature_length() != Some(signature.len()) {
        return false;
    }
    let signed = signed.as_bytes();
    match algorithm {
        Algorithm::Hs256 => Hs256Signature::try_from_slice(signature)
            .is_ok_and(|signature| Hs256.verify_signature(&signature, &Hs256Key::new(secret), signed)),
        Algorithm::Hs384 => Hs384Signature::try_from_slice(signature)
            .is_ok_and(|signature| Hs384.verify_signature(&signature, &Hs384Key::new(secret), signed)),
        Algorithm::Hs512 => Hs512Signature::try_from_slice(signature)
            .is_ok_and(|signature| Hs512.verify_signature(&signature, &Hs512Key::new(secret), signed)),
        _ => false,
    }
}
