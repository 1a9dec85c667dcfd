//! Clients (RFC 6749 §2), and looking one up by its identifier.
//!
//! A client that registered itself is stored in the object named after it; the namespace only has sealed copies
//! ([`copy`]). The identifier of a public client is the hash of what it registered, so the record proves itself, and
//! registering the same again changes nothing.

pub(crate) mod admission;
pub(crate) mod authentication;
pub mod document;
pub(crate) mod kv_copy;
pub mod legacy;
pub mod metadata;

use serde::{Deserialize, Serialize};

use crate::crypto::{encode, hash, same};
use crate::flow::{Commit, Flow};
use crate::oauth::object::ask;
use crate::oauth::object::client::Load;
use crate::oauth::{AuthorizationServer, Request, redirect};

/// A client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Its identifier.
    pub id: String,
    /// Its name for itself.
    pub name: String,
    /// Its redirect URIs.
    pub redirects: Vec<String>,
    /// How it authenticates at the token endpoint.
    pub auth: Auth,
    /// Who vouches for this.
    pub proof: Proof,
    /// When it was registered, in seconds since 1970.
    pub created: u64,
}

/// How a client authenticates (RFC 7591 §2, `token_endpoint_auth_method`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Auth {
    /// It has no secret.
    #[serde(rename = "none")]
    None,
    /// `client_secret_basic`; the hash of the secret.
    #[serde(rename = "client_secret_basic")]
    Basic(String),
    /// `client_secret_post`; the hash of the secret.
    #[serde(rename = "client_secret_post")]
    Post(String),
}

/// How far a client's own claims can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// It registered itself.
    None,
    /// Its metadata is at its identifier, a URL.
    Domain,
    /// The operator has created it.
    Operator,
}

impl Proof {
    /// What an identifier alone proves.
    pub(crate) fn of(id: &str) -> Self {
        if document::is_url(id) {
            Self::Domain
        } else if id.starts_with(PUBLIC) || id.starts_with(CONFIDENTIAL) || legacy::is_legacy_id(id) {
            Self::None
        } else {
            Self::Operator
        }
    }
}

impl Auth {
    /// Its name on the wire.
    #[must_use]
    pub fn method(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic(_) => "client_secret_basic",
            Self::Post(_) => "client_secret_post",
        }
    }

    fn secret(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::Basic(hash) | Self::Post(hash) => Some(hash),
        }
    }

    /// True if `shown` is what this client must present: the hash of its secret, or nothing. Either of the two methods
    /// is accepted for a secret.
    #[must_use]
    pub fn accepts(&self, shown: Option<&str>) -> bool {
        match (self.secret(), shown) {
            (None, None) => true,
            (Some(secret), Some(shown)) => same(secret.as_bytes(), shown.as_bytes()),
            _ => false,
        }
    }
}

/// The stored hash of a client secret. Secrets are ours, 256 random bits, so a plain hash is enough.
#[must_use]
pub fn secret_hash(secret: &str) -> String {
    encode(&hash("client secret", &[secret.as_bytes()]))
}

/// The hash with which the secret that `id` has presented is compared.
#[must_use]
pub(crate) fn presented_hash(id: &str, secret: &str) -> String {
    if legacy::is_legacy_id(id) { legacy::secret_hash(secret) } else { secret_hash(secret) }
}

/// The prefix of a public client's identifier …
const PUBLIC: &str = "c_";
/// … of one with a secret …
const CONFIDENTIAL: &str = "s_";
/// … and of one that the operator has created.
const OPERATOR: &str = "o_";
const ID_LENGTH: usize = 34;

impl Client {
    /// The identifier of a public client: the hash of what it registered, with its redirect URIs as
    /// [`redirect::all_canonical`] returns them.
    #[must_use]
    pub fn public_id(name: &str, redirects: &[String]) -> String {
        let parts = core::iter::once(name.as_bytes()).chain(redirects.iter().map(String::as_bytes)).collect::<Vec<_>>();
        let hash = hash("public client", &parts);
        PUBLIC.to_owned() + &encode(hash.first_chunk::<24>().unwrap_or(&[0; 24]))
    }

    /// The identifier of a client that the operator creates.
    #[must_use]
    pub fn operator_id(random: [u8; 24]) -> String {
        OPERATOR.to_owned() + &encode(&random)
    }

    /// The identifier of a client with a secret.
    #[must_use]
    pub fn confidential_id(random: [u8; 24]) -> String {
        CONFIDENTIAL.to_owned() + &encode(&random)
    }

    /// True if `uri` is one of its redirect URIs.
    #[must_use]
    pub fn may_redirect_to(&self, uri: &str, schemes: &[String]) -> bool {
        redirect::judge(uri, schemes).is_some()
            && self.redirects.iter().any(|registered| redirect::matches(registered, uri, schemes))
    }
}

/// The result of looking up a client.
#[derive(Debug)]
pub enum Lookup {
    /// The client, with the copy to store once it is known to be used.
    Known(Client, Option<Box<Commit>>),
    /// There is none, or it no longer exists.
    Unknown,
    /// This cannot be decided at the moment.
    Unavailable,
    /// The client's metadata document cannot be fetched at the moment: why, for the log.
    Unreachable(String),
    /// The client's metadata document describes no usable client: why, for its developer.
    Unusable(String),
    /// The client is known by a URL of a host that this server does not accept.
    Unlisted,
    /// Too many requests: the next one may come after this many seconds.
    Busy(u64),
}

/// How long the namespace stores a copy. After that the object is asked, which then knows that the client is still in
/// use.
const COPY_SECONDS: u32 = 24 * 3600;

/// The object of the client `id`.
pub(crate) fn object(id: &str) -> String {
    "client:".to_owned() + id
}

/// True for an identifier that a stored client can have.
pub(crate) fn is_id(id: &str) -> bool {
    let is_ours = [PUBLIC, CONFIDENTIAL, OPERATOR].iter().any(|kind| id.starts_with(kind));
    is_ours && id.len() == ID_LENGTH && is_plain(id)
}

fn is_plain(id: &str) -> bool {
    id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Looks up the client `id`.
///
/// 1. A URL leads to a document ([`document`]), and with `legacyClients` an identifier of that kind to a record
///    ([`legacy`]); any other that is not one of ours is unknown.
/// 2. The namespace's copy, if there is a valid one.
/// 3. The client's object.
///
/// Waits: one with a copy, else two; one without a namespace.
pub async fn find<I>(flow: &Flow<'_>, server: &AuthorizationServer<'_, I>, request: &Request<'_>, id: &str) -> Lookup {
    if server.config.documents && document::is_url(id) {
        return document::find(flow, server, request, id).await;
    }
    if server.config.legacy && legacy::is_legacy_id(id) {
        return legacy::find(flow, server, request, id).await;
    }
    if !is_id(id) {
        return Lookup::Unknown;
    }
    let key = object(id);
    // The operator may change theirs at any time, so they are never copied.
    let copied = server.config.kv && !id.starts_with(OPERATOR);
    if copied
        && let Some(client) = kv_copy::load::<Client>(flow, server.keys, &key).await
        && client.id == id
        && proves_itself(&client)
    {
        return Lookup::Known(client, None);
    }
    let Ok(found) = ask(flow, key.clone(), &Load {}).await else { return Lookup::Unavailable };
    let Some(client) = found.filter(|client| client.id == id) else { return Lookup::Unknown };
    let copy = copied.then(|| Box::new(kv_copy::keep(flow, server.keys, key, &client, COPY_SECONDS)));
    Lookup::Known(client, copy)
}

fn proves_itself(client: &Client) -> bool {
    client.id.starts_with(CONFIDENTIAL) || client.id == Client::public_id(&client.name, &client.redirects)
}
