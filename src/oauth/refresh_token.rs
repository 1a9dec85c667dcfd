//! Refresh tokens (RFC 6749 §1.5): sealed, and each contains the location of its grant.

use serde::{Deserialize, Serialize};

use super::record;
use crate::crypto::{Keys, Purpose, SealContext};
use crate::flow::Context;

/// A refresh token: where its grant is, and the proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RefreshToken {
    #[serde(rename = "o")]
    pub(crate) object: String,
    #[serde(rename = "g")]
    pub(crate) grant: String,
    #[serde(rename = "s")]
    pub(crate) secret: String,
    /// How many times it was rotated before.
    #[serde(rename = "n")]
    pub(crate) generation: u64,
}

impl RefreshToken {
    pub(crate) fn seal(&self, context: &Context, keys: &Keys, issuer: &str) -> String {
        record::seal(context, keys, &binding(issuer), self)
    }

    pub(crate) fn open(keys: &Keys, issuer: &str, token: &str) -> Option<Self> {
        record::open(keys, &binding(issuer), token)
    }
}

fn binding(issuer: &str) -> SealContext<'_> {
    SealContext { purpose: Purpose::RefreshToken, issuer, audience: "" }
}
