//! Access tokens: sealed, for one resource, and checked without asking another party.
//!
//! **Threat.** A token is used at another server, after it has expired or been revoked, or another kind of token is
//! used in its place.
//! **Guarantee.** It opens only as an access token of this issuer for this resource. Nobody can read the person's ID
//! from it.
//! **Not guaranteed.** That it was not revoked in the last moments: isolates learn of revocations within 30 seconds, or
//! ask each time (`revocation: "strict"`).

use serde::{Deserialize, Serialize};

use super::object::call;
use super::object::grant::Grant;
use super::record;
use crate::crypto::{Keys, Purpose, SealContext, encode, hash};
use crate::flow::Context;
use crate::json::Json;

/// The contents of a valid access token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// The grant to which it belongs, and with which it can be revoked.
    #[serde(rename = "g")]
    pub grant: String,
    /// The object that stores the grant.
    #[serde(rename = "o")]
    pub object: String,
    /// The client to which it was issued.
    #[serde(rename = "c")]
    pub client: String,
    /// The typed subject.
    #[serde(rename = "u")]
    pub subject: String,
    /// Its scopes.
    #[serde(rename = "s")]
    pub scopes: Vec<String>,
    /// When its grant began, in milliseconds since 1970.
    #[serde(rename = "b")]
    pub began: u64,
    /// When it was issued and when it expires, in seconds since 1970.
    #[serde(rename = "i")]
    pub issued: u64,
    /// See `issued`.
    #[serde(rename = "e")]
    pub expires: u64,
    /// `this.props` for tools; `None` if the object has to be asked.
    #[serde(rename = "p", skip_serializing_if = "Option::is_none")]
    pub props: Option<Json>,
}

fn binding<'a>(issuer: &'a str, resource: &'a str) -> SealContext<'a> {
    SealContext { purpose: Purpose::AccessToken, issuer, audience: resource }
}

/// Seals a token with a lifetime of `lifetime` seconds, or the inner part of a signed token.
#[must_use]
pub(super) fn mint(
    context: &Context,
    keys: &Keys,
    object: &str,
    grant: &Grant,
    scopes: &[String],
    (lifetime, is_inner): (u64, bool),
) -> String {
    let now = context.now() / 1000;
    let access = Access {
        grant: grant.id.clone(),
        object: object.into(),
        client: grant.client.clone(),
        subject: grant.subject.clone(),
        scopes: scopes.to_vec(),
        began: grant.created,
        issued: now,
        expires: now + lifetime,
        props: grant.opened_props(keys).filter(|_| grant.inline),
    };
    let inner = inner(&grant.resource);
    let resource = if is_inner { &inner } else { &grant.resource };
    record::seal(context, keys, &binding(&grant.issuer, resource), &access)
}

/// The inner part of a signed token is not a token by itself: no resource has a fragment (RFC 8707 §2).
fn inner(resource: &str) -> String {
    [resource, "#at+jwt"].concat()
}

/// Opens the inner part of a signed token.
pub(super) fn open_inner(keys: &Keys, issuer: &str, resource: &str, sealed: &str) -> Option<Access> {
    open(keys, issuer, &inner(resource), sealed)
}

/// Reads the salt of pairwise subjects from the keyring.
#[derive(Serialize)]
pub(super) struct Salt {}

call!(Salt, "salt" => String);

/// The person's name for resource servers: a different one for each resource, so that nobody can link them (OpenID
/// Connect Core 8.1), unless `raw` is set. It does not depend on any key that is rotated.
#[must_use]
pub(super) fn subject(raw: bool, salt: &str, resource: &str, subject: &str) -> String {
    if raw {
        return subject.to_owned();
    }
    encode(&hash("pairwise subject", &[salt.as_bytes(), resource.as_bytes(), subject.as_bytes()]))
}

/// Opens a token for `resource`, even if it has expired.
#[must_use]
pub fn open(keys: &Keys, issuer: &str, resource: &str, token: &str) -> Option<Access> {
    record::open(keys, &binding(issuer, resource), token)
}
