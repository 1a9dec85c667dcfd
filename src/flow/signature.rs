//! Effects around signatures by others: their published keys, and checking one with the runtime's own cryptography.

use super::Obtain;
use crate::json::{Members, Value};

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
        Members::kind("document").text("url", &self.url).end()
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
        let url = Members::kind("document").text("url", &self.url);
        url.number("since", self.since).number("stale", self.stale).end()
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
        Members::kind("verify")
            .text("key", self.key)
            .text("import", self.import)
            .raw("algorithm", self.algorithm)
            .text("signature", self.signature)
            .text("signed", self.signed)
            .maybe("name", self.name.as_deref())
            .maybe_raw("splice", self.settles.as_ref().map(|_| SETTLES))
            .end()
    }
    fn outcome(json: Value<'_>) -> Option<bool> {
        matches!(json.text(), "true" | "false").then(|| json.is_true())
    }
    fn head(&self) -> Option<&str> {
        self.settles.as_deref()
    }
}

const SETTLES: &str = r#"{"tail":"","open":false}"#;

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
        Members::kind("verify-shown")
            .text("name", &self.name)
            .raw("algorithm", self.algorithm)
            .number("from", self.from as u64)
            .number("dot", self.dot as u64)
            .number("to", self.to as u64)
            .maybe_raw("splice", self.settles.as_ref().map(|_| SETTLES))
            .end()
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
        Members::kind("ring").number("since", self.since).end()
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
        Members::kind("new-key").raw("algorithm", self.algorithm).end()
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
        Members::kind("sign")
            .raw("key", self.key)
            .raw("import", self.import)
            .raw("algorithm", self.algorithm)
            .text("text", self.text)
            .end()
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
        let members = Members::kind("remember").text("url", &self.url).number("tried", self.tried);
        match &self.set {
            Some((at, text)) => members.number("at", *at).text("text", text),
            None => members,
        }
        .end()
    }
}
