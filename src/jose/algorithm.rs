//! The signature algorithms (RFC 7518 §3, RFC 8037 §3.1), and what the runtime's cryptography calls them.

/// An algorithm that may be configured. There is no `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    EdDsa,
}

/// What a key of an algorithm looks like.
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
type Row = (Algorithm, &'static str, KeyKind, &'static str, &'static str);

/// Reading a text is cheaper for the runtime than reading an object.
const ED25519: &str = r#""Ed25519""#;
const ROWS: [Row; 13] = [
    (Algorithm::Hs256, "HS256", KeyKind::Secret(32), "", ""),
    (Algorithm::Hs384, "HS384", KeyKind::Secret(48), "", ""),
    (Algorithm::Hs512, "HS512", KeyKind::Secret(64), "", ""),
    (Algorithm::Rs256, "RS256", KeyKind::Rsa, r#"{"name":"RSASSA-PKCS1-v1_5","hash":"SHA-256"}"#, PKCS1),
    (Algorithm::Rs384, "RS384", KeyKind::Rsa, r#"{"name":"RSASSA-PKCS1-v1_5","hash":"SHA-384"}"#, PKCS1),
    (Algorithm::Rs512, "RS512", KeyKind::Rsa, r#"{"name":"RSASSA-PKCS1-v1_5","hash":"SHA-512"}"#, PKCS1),
    (
        Algorithm::Ps256,
        "PS256",
        KeyKind::Rsa,
        r#"{"name":"RSA-PSS","hash":"SHA-256"}"#,
        r#"{"name":"RSA-PSS","saltLength":32}"#,
    ),
    (
        Algorithm::Ps384,
        "PS384",
        KeyKind::Rsa,
        r#"{"name":"RSA-PSS","hash":"SHA-384"}"#,
        r#"{"name":"RSA-PSS","saltLength":48}"#,
    ),
    (
        Algorithm::Ps512,
        "PS512",
        KeyKind::Rsa,
        r#"{"name":"RSA-PSS","hash":"SHA-512"}"#,
        r#"{"name":"RSA-PSS","saltLength":64}"#,
    ),
    (
        Algorithm::Es256,
        "ES256",
        KeyKind::Ec("P-256", 32),
        r#"{"name":"ECDSA","namedCurve":"P-256"}"#,
        r#"{"name":"ECDSA","hash":"SHA-256"}"#,
    ),
    (
        Algorithm::Es384,
        "ES384",
        KeyKind::Ec("P-384", 48),
        r#"{"name":"ECDSA","namedCurve":"P-384"}"#,
        r#"{"name":"ECDSA","hash":"SHA-384"}"#,
    ),
    (
        Algorithm::Es512,
        "ES512",
        KeyKind::Ec("P-521", 66),
        r#"{"name":"ECDSA","namedCurve":"P-521"}"#,
        r#"{"name":"ECDSA","hash":"SHA-512"}"#,
    ),
    (Algorithm::EdDsa, "EdDSA", KeyKind::Okp("Ed25519"), ED25519, ED25519),
];
const PKCS1: &str = r#""RSASSA-PKCS1-v1_5""#;

impl Algorithm {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| row.0)
    }

    /// The algorithm of a name, to the letter. `Ed25519` (RFC 9864) is the same as `EdDSA` here.
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

    /// What its keys look like.
    #[must_use]
    pub fn key_kind(self) -> KeyKind {
        self.row().2
    }

    /// True for HMAC with a shared secret.
    #[must_use]
    pub fn is_secret(self) -> bool {
        matches!(self.key_kind(), KeyKind::Secret(_))
    }

    /// What a key is imported as.
    #[must_use]
    pub fn import(self) -> &'static str {
        self.row().3
    }

    /// How a signature is checked.
    #[must_use]
    pub fn verify(self) -> &'static str {
        self.row().4
    }

    /// How long its signatures are, where that does not depend on the key.
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
