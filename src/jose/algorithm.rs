//! The signature algorithms (RFC 7518 §3, RFC 8037 §3.1), and their names in the Web Cryptography API.

use serde::{Deserialize, Serialize};

use crate::flow::{Param, Params};

/// An algorithm that may be configured. There is no `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names are the standard's")]
pub enum Algorithm {
    Hs256,
    Hs384,
    Hs512,
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    Es512,
    #[serde(rename = "EdDSA")]
    EdDsa,
}

/// The keys of an algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// A shared secret of at least this many bytes (RFC 7518 §3.2).
    Secret(usize),
    /// `RSA`.
    Rsa,
    /// `EC` on this curve, whose coordinates have this many bytes.
    Ec(&'static str, usize),
    /// `OKP` on this curve.
    Okp(&'static str),
}

/// Names, key kind, and the parameters of `importKey` and `verify` (W3C Web Cryptography).
type Row = (Algorithm, &'static str, KeyKind, Params, Params);

const ED25519: Params = Params { name: "Ed25519", more: None };
const NONE: Params = Params { name: "", more: None };
const ROWS: [Row; 13] = [
    (Algorithm::Hs256, "HS256", KeyKind::Secret(32), NONE, NONE),
    (Algorithm::Hs384, "HS384", KeyKind::Secret(48), NONE, NONE),
    (Algorithm::Hs512, "HS512", KeyKind::Secret(64), NONE, NONE),
    (Algorithm::Rs256, "RS256", KeyKind::Rsa, rsa("RSASSA-PKCS1-v1_5", "SHA-256"), PKCS1),
    (Algorithm::Rs384, "RS384", KeyKind::Rsa, rsa("RSASSA-PKCS1-v1_5", "SHA-384"), PKCS1),
    (Algorithm::Rs512, "RS512", KeyKind::Rsa, rsa("RSASSA-PKCS1-v1_5", "SHA-512"), PKCS1),
    (Algorithm::Ps256, "PS256", KeyKind::Rsa, rsa("RSA-PSS", "SHA-256"), pss(32)),
    (Algorithm::Ps384, "PS384", KeyKind::Rsa, rsa("RSA-PSS", "SHA-384"), pss(48)),
    (Algorithm::Ps512, "PS512", KeyKind::Rsa, rsa("RSA-PSS", "SHA-512"), pss(64)),
    (Algorithm::Es256, "ES256", KeyKind::Ec("P-256", 32), curve("P-256"), ecdsa("SHA-256")),
    (Algorithm::Es384, "ES384", KeyKind::Ec("P-384", 48), curve("P-384"), ecdsa("SHA-384")),
    (Algorithm::Es512, "ES512", KeyKind::Ec("P-521", 66), curve("P-521"), ecdsa("SHA-512")),
    (Algorithm::EdDsa, "EdDSA", KeyKind::Okp("Ed25519"), ED25519, ED25519),
];
const PKCS1: Params = Params { name: "RSASSA-PKCS1-v1_5", more: None };

const fn rsa(name: &'static str, hash: &'static str) -> Params {
    Params { name, more: Some(Param::Hash(hash)) }
}

const fn pss(length: u8) -> Params {
    Params { name: "RSA-PSS", more: Some(Param::SaltLength(length)) }
}

const fn curve(name: &'static str) -> Params {
    Params { name: "ECDSA", more: Some(Param::NamedCurve(name)) }
}

const fn ecdsa(hash: &'static str) -> Params {
    Params { name: "ECDSA", more: Some(Param::Hash(hash)) }
}

impl Algorithm {
    /// All algorithms.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| row.0)
    }

    /// The algorithm with this exact name. `Ed25519` (RFC 9864) is the same as `EdDSA` here.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let name = if name == "Ed25519" { "EdDSA" } else { name };
        ROWS.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    fn row(self) -> &'static Row {
        ROWS.iter().find(|row| row.0 == self).unwrap_or(&ROWS[0])
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// Which keys it needs.
    #[must_use]
    pub fn key_kind(self) -> KeyKind {
        self.row().2
    }

    /// True for HMAC with a shared secret.
    #[must_use]
    pub fn is_secret(self) -> bool {
        matches!(self.key_kind(), KeyKind::Secret(_))
    }

    /// The parameters for importing a key.
    #[must_use]
    pub fn import(self) -> Params {
        self.row().3
    }

    /// The parameters for checking a signature.
    #[must_use]
    pub fn verify(self) -> Params {
        self.row().4
    }

    /// The length of its signatures, if that does not depend on the key.
    #[must_use]
    pub fn signature_length(self) -> Option<usize> {
        match self.key_kind() {
            KeyKind::Secret(length) => Some(length),
            KeyKind::Ec(_, coordinate) => Some(2 * coordinate),
            KeyKind::Okp(_) => Some(64),
            KeyKind::Rsa => None,
        }
    }
}
