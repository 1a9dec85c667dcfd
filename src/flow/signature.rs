//! Effects around signatures by others: their published keys, and checking one with the runtime's own cryptography.

use super::Obtain;
use crate::json::{Value, number, object, quoted};

/// A document that somebody publishes (a key set, a metadata document), as JSON text of at most 256 KiB. Requests that ask
/// for the same one at the same time share one fetch.
#[derive(Debug)]
pub struct Document {
    /// Its URL, https (http to loopback while developing).
    pub url: String,
}

/// Outcome of [`Document`]: `{"at":…,"body":"…"}`. Any status but 200 is a failure.
#[derive(Debug)]
pub struct Published {
    /// When it was fetched, in milliseconds since 1970.
    pub at: u64,
    /// Its text.
    pub body: String,
}

impl Obtain for Document {
    type Outcome = Published;
    fn json(&self) -> String {
        object(&[("kind", r#""document""#), ("url", &quoted(&self.url))])
    }
    fn outcome(json: Value<'_>) -> Option<Published> {
        let published = json.object().ok()?;
        Some(Published { at: published.get("at")?.text().parse().ok()?, body: published.string("body")?.into() })
    }
}

/// The same, from a copy in this isolate where there is one that is new enough. Outcome: [`Published`].
#[derive(Debug)]
pub struct Recent {
    /// As in [`Document`].
    pub url: String,
    /// A copy that was fetched since then will do: milliseconds since 1970.
    pub since: u64,
    /// A copy that was fetched since then will do if the document cannot be had.
    pub stale: u64,
}

impl Obtain for Recent {
    type Outcome = Published;
    fn json(&self) -> String {
        let (since, stale) = (self.since.to_string(), self.stale.to_string());
        object(&[("kind", r#""document""#), ("url", &quoted(&self.url)), ("since", &since), ("stale", &stale)])
    }
    fn outcome(json: Value<'_>) -> Option<Published> {
        Document::outcome(json)
    }
}

/// Whether a signature is that of a public key over some text. The shim knows no algorithm: their names and parameters,
/// as `WebCrypto` has them, are part of the effect; the first two cross as texts, by which the shim finds a key that it
/// has imported before.
#[derive(Debug)]
pub struct Verify<'a> {
    /// The key as a JWK, JSON text, of which only the public members are given.
    pub key: &'a str,
    /// What the key is imported as: the JSON text of an object for `importKey`.
    pub import: &'static str,
    /// How the signature is checked (the first argument of `verify`).
    pub algorithm: &'static str,
    /// The signature in base64url.
    pub signature: &'a str,
    /// The text that was signed.
    pub signed: &'a str,
    /// The answer if the signature is right, where that decides all: the shim then needs no second step for it. On one
    /// line.
    pub settles: Option<String>,
    /// The name under which the shim may keep the key for [`VerifyShown`].
    pub name: Option<String>,
}

impl Obtain for Verify<'_> {
    type Outcome = bool;
    fn json(&self) -> String {
        let (key, import) = (quoted(self.key), quoted(self.import));
        let (signature, signed) = (quoted(self.signature), quoted(self.signed));
        let mut members = vec![
            ("kind", r#""verify""#),
            ("key", key.as_str()),
            ("import", import.as_str()),
            ("algorithm", self.algorithm),
            ("signature", signature.as_str()),
            ("signed", signed.as_str()),
        ];
        let name = self.name.as_deref().map(quoted);
        members.extend(name.as_deref().map(|name| ("name", name)));
        members.extend(self.settles.is_some().then_some(SETTLES));
        object(&members)
    }
    fn outcome(json: Value<'_>) -> Option<bool> {
        matches!(json.text(), "true" | "false").then(|| json.is_true())
    }
    fn head(&self) -> Option<&str> {
        self.settles.as_deref()
    }
}

const SETTLES: (&str, &str) = ("splice", r#"{"tail":"","open":false}"#);

/// The same where the shim has all that is needed: it keeps the key, and the token is in what it has handed over. Nothing
/// long has to cross.
#[derive(Debug)]
pub struct VerifyShown {
    /// The key's name ([`Verify::name`]).
    pub name: String,
    /// As in [`Verify`].
    pub algorithm: &'static str,
    /// Where in the text that was shown the token begins; from there to `dot` is what was signed.
    pub from: usize,
    /// Where the last dot is; behind it is the signature.
    pub dot: usize,
    /// Where the token ends.
    pub to: usize,
    /// As in [`Verify`].
    pub settles: Option<String>,
}

impl Obtain for VerifyShown {
    type Outcome = bool;
    fn json(&self) -> String {
        let (name, [from, dot, to]) = (quoted(&self.name), [self.from, self.dot, self.to].map(number));
        let mut members = vec![
            ("kind", r#""verify-shown""#),
            ("name", name.as_str()),
            ("algorithm", self.algorithm),
            ("from", from.as_str()),
            ("dot", dot.as_str()),
            ("to", to.as_str()),
        ];
        members.extend(self.settles.is_some().then_some(SETTLES));
        object(&members)
    }
    fn outcome(json: Value<'_>) -> Option<bool> {
        Verify::outcome(json)
    }
    fn head(&self) -> Option<&str> {
        self.settles.as_deref()
    }
}

/// The server's signing keys, from a copy in this isolate where there is one that is new enough. Outcome: the text of
/// `{"salt":"…","keys":[…]}`, as the keyring keeps it.
#[derive(Debug)]
pub struct Ring {
    /// A copy that was made since then will do: milliseconds since 1970.
    pub since: u64,
}

impl Obtain for Ring {
    type Outcome = String;
    fn json(&self) -> String {
        object(&[("kind", r#""ring""#), ("since", &self.since.to_string())])
    }
    fn outcome(json: Value<'_>) -> Option<String> {
        json.is_object().then(|| json.text().into())
    }
}

/// A new key pair. Outcome: the private key as a JWK, which has the public one in it.
#[derive(Debug)]
pub struct NewKey {
    /// What is made (an object for `generateKey`).
    pub algorithm: &'static str,
}

impl Obtain for NewKey {
    type Outcome = String;
    fn json(&self) -> String {
        object(&[("kind", r#""new-key""#), ("algorithm", self.algorithm)])
    }
    fn outcome(json: Value<'_>) -> Option<String> {
        json.is_object().then(|| json.text().into())
    }
}

/// A signature over some text. Outcome: in base64url.
#[derive(Debug)]
pub struct Sign<'a> {
    /// The private key as a JWK.
    pub key: &'a str,
    /// What the key is imported as (an object for `importKey`).
    pub import: &'static str,
    /// How it is signed (an object for `sign`).
    pub algorithm: &'static str,
    /// The text.
    pub text: &'a str,
}

impl Obtain for Sign<'_> {
    type Outcome = String;
    fn json(&self) -> String {
        object(&[
            ("kind", r#""sign""#),
            ("key", self.key),
            ("import", self.import),
            ("algorithm", self.algorithm),
            ("text", &quoted(self.text)),
        ])
    }
    fn outcome(json: Value<'_>) -> Option<String> {
        json.string().map(Into::into)
    }
}

/// What a verifier is to remember of an issuer's keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remember {
    /// Where the keys are.
    pub url: String,
    /// When that was tried last, in milliseconds since 1970.
    pub tried: u64,
    /// The key set, checked, and when it was fetched; none where the keys kept so far stay.
    pub set: Option<(u64, String)>,
}

impl Remember {
    pub(super) fn json(&self) -> String {
        let (url, tried) = (quoted(&self.url), self.tried.to_string());
        let set = self.set.as_ref().map(|(at, text)| (at.to_string(), quoted(text)));
        let mut members = vec![("kind", r#""remember""#), ("url", url.as_str()), ("tried", tried.as_str())];
        members.extend(set.iter().flat_map(|(at, text)| [("at", at.as_str()), ("text", text.as_str())]));
        object(&members)
    }
}
