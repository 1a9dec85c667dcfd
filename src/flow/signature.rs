//! Effects for signatures: published keys of issuers, and verification with the runtime's cryptography.

use serde::{Deserialize, Serialize, Serializer};

use super::Obtain;
use crate::json::{self, ObjectText, Value};

/// A published document (a key set, a metadata document), as JSON text of at most 256 KiB. Concurrent requests for the
/// same document share one fetch.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename = "document")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Document {
    /// Its URL, https (http to loopback during development).
    pub url: String,
    /// A copy in this isolate is accepted if it was fetched at or after this time, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// The same if the document cannot be fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale: Option<u64>,
}

/// Outcome of [`Document`]: `{"at":…,"body":"…"}`. Any status but 200 is a failure.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Published {
    /// When it was fetched, in milliseconds since 1970.
    pub at: u64,
    /// Its text.
    pub body: String,
}

impl Obtain for Document {
    type Outcome = Published;
}

/// Parameters of `WebCrypto`'s functions: a name alone, or an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "ts",
    derive(ts_rs::TS),
    ts(type = "string | { name: string; hash?: string; namedCurve?: string; saltLength?: number }")
)]
pub struct Params {
    /// The algorithm.
    pub name: &'static str,
    /// Its parameter: `hash`, `namedCurve` or `saltLength`.
    pub more: Option<Param>,
}

/// The parameter of an algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Param {
    /// A hash.
    Hash(&'static str),
    /// A curve.
    NamedCurve(&'static str),
    /// The length of the salt, in bytes.
    SaltLength(u8),
}

impl Serialize for Params {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Named {
            name: &'static str,
            #[serde(flatten)]
            more: Param,
        }
        match self.more {
            // Reading a string is cheaper for the runtime than reading an object.
            None => serializer.serialize_str(self.name),
            Some(more) => Named { name: self.name, more }.serialize(serializer),
        }
    }
}

/// Whether a signature belongs to a public key and a text. JavaScript knows no algorithms: their names and parameters,
/// as `WebCrypto` has them, are part of the effect. The first two fields cross as text, by which JavaScript finds a key
/// that it has imported before.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename = "verify")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Verify<'a> {
    /// The key as a JWK, JSON text, with its public members only.
    pub key: &'a str,
    /// What the key is imported as.
    #[serde(serialize_with = "text_of")]
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub import: Params,
    /// How the signature is checked (the first argument of `verify`).
    pub algorithm: Params,
    /// The signature in base64url.
    pub signature: &'a str,
    /// The text that was signed.
    pub signed: &'a str,
    /// The name under which JavaScript may store the key for [`VerifyFromInput`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Obtain for Verify<'_> {
    type Outcome = bool;
}

fn text_of<S: Serializer>(params: &Params, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&json::write(params))
}

/// The same if JavaScript has everything it needs: it has stored the key, and the token is part of the input. Nothing
/// long has to cross.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename = "verify-shown")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct VerifyFromInput {
    /// The key's name ([`Verify::name`]).
    pub name: String,
    /// As in [`Verify`].
    pub algorithm: Params,
    /// Where the token begins in the input; what was signed ends at `dot`.
    pub from: usize,
    /// Where the last dot is; the signature follows it.
    pub dot: usize,
    /// Where the token ends.
    pub to: usize,
}

impl Obtain for VerifyFromInput {
    type Outcome = bool;
}

/// The server's signing keys, from a copy in this isolate if that is recent enough. Outcome: the text of
/// `{"salt":"…","keys":[…]}`, as the keyring stores it.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename = "ring")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SigningKeySet {
    /// A copy is accepted if it was made at or after this time, in milliseconds since 1970.
    pub since: u64,
}

impl Obtain for SigningKeySet {
    type Outcome = ObjectText;
}

/// A new key pair. Outcome: the private key as a JWK, which includes the public one.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename = "new-key")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct NewKey {
    /// The algorithm (an object for `generateKey`).
    pub algorithm: Params,
}

impl Obtain for NewKey {
    type Outcome = ObjectText;
}

/// A signature over a text. Outcome: the signature in base64url.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename = "sign")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Sign<'a> {
    /// The private key as a JWK.
    #[cfg_attr(feature = "ts", ts(type = "JsonWebKey"))]
    pub key: Value<'a>,
    /// What the key is imported as (an object for `importKey`).
    pub import: Params,
    /// The algorithm (an object for `sign`).
    pub algorithm: Params,
    /// The text.
    pub text: &'a str,
}

impl Obtain for Sign<'_> {
    type Outcome = String;
}

/// What a verifier stores of an issuer's keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct StoreKeySet {
    /// Where the keys are.
    pub url: String,
    /// When this was last tried, in milliseconds since 1970.
    pub tried: u64,
    /// The key set; none if the stored keys stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set: Option<StoredKeySet>,
}

/// A key set that has been checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct StoredKeySet {
    /// When it was fetched, in milliseconds since 1970.
    pub at: u64,
    /// The text.
    pub text: String,
}
