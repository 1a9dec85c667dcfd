//! Authorization codes (RFC 6749 §4.1.2): sealed, and each contains the location of its row.

use serde::{Deserialize, Serialize};

use super::config::Lifetimes;
use super::record;
use crate::crypto::{Keys, Purpose, SealContext, encode, hash};
use crate::flow::Context;

/// An authorization code: where its row is, and the proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Code {
    #[serde(rename = "o")]
    pub(crate) object: String,
    #[serde(rename = "g")]
    pub(crate) grant: String,
    #[serde(rename = "s")]
    pub(crate) secret: String,
    /// Milliseconds since 1970.
    #[serde(rename = "e")]
    pub(crate) expires: u64,
}

/// The row `code:<grant>`.
#[derive(Serialize, Deserialize)]
pub(crate) struct Row {
    /// [`proof`] of the code's secret.
    pub(crate) secret: String,
    /// The code challenge (RFC 7636).
    pub(crate) challenge: String,
    /// Milliseconds since 1970.
    pub(crate) expires: u64,
    /// How many times a wrong code verifier was sent.
    pub(crate) attempts: u64,
    /// True once it was redeemed.
    pub(crate) used: bool,
}

impl Code {
    pub(crate) fn fresh(context: &Context, object: &str, grant: &str, lifetimes: Lifetimes) -> Self {
        let secret = encode(&context.random::<32>("code"));
        let expires = context.now() + lifetimes.code * 1000;
        Self { object: object.into(), grant: grant.into(), secret, expires }
    }

    /// The key of its row.
    pub(crate) fn key(grant: &str) -> String {
        "code:".to_owned() + grant
    }

    /// Its row.
    pub(crate) fn row(&self, challenge: String) -> Row {
        Row { secret: proof(&self.secret), challenge, expires: self.expires, attempts: 0, used: false }
    }

    pub(crate) fn seal(&self, context: &Context, keys: &Keys, issuer: &str) -> String {
        record::seal(context, keys, &binding(issuer), self)
    }

    pub(crate) fn open(keys: &Keys, issuer: &str, code: &str) -> Option<Self> {
        record::open(keys, &binding(issuer), code)
    }
}

fn binding(issuer: &str) -> SealContext<'_> {
    SealContext { purpose: Purpose::Code, issuer, audience: "" }
}

/// The stored hash of a code's or refresh token's secret. The secret is 256 random bits, so a plain hash is enough.
pub(crate) fn proof(secret: &str) -> String {
    encode(&hash("token secret", &[secret.as_bytes()]))
}
