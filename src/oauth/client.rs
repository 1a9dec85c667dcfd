//! Clients (RFC 6749 §2), and finding one by its identifier.
//!
//! A client that registered itself is kept in the object named after it; the namespace only has copies, sealed ([`copy`]). The
//! identifier of a public client is the hash of what it registered, so the record proves itself, and registering the same again changes
//! nothing.

use super::record::{Members, Reading as _};
use super::{Request, Site, copy, document, redirect};
use crate::crypto::{encode, hash, same};
use crate::flow::{Ask, Commit, Flow};
use crate::json::Object;

/// A client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its identifier.
    pub id: String,
    /// What it calls itself.
    pub name: String,
    /// Its redirect URIs.
    pub redirects: Vec<String>,
    /// How it authenticates at the token endpoint.
    pub auth: Auth,
    /// Who says all this.
    pub proof: Proof,
    /// When it was registered, in seconds since 1970.
    pub created: u64,
}

/// How a client authenticates (RFC 7591 §2, `token_endpoint_auth_method`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// It has no secret.
    None,
    /// `client_secret_basic`; the hash of the secret.
    Basic(String),
    /// `client_secret_post`; the hash of the secret.
    Post(String),
}

/// How far what a client says of itself may be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It registered itself.
    None,
    /// Its metadata stands at its identifier, a URL.
    Domain,
    /// The operator has written it down.
    Operator,
}

impl Proof {
    /// Its name in the page model and in records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Domain => "domain",
            Self::Operator => "operator",
        }
    }

    fn parse(name: &str) -> Self {
        match name {
            "domain" => Self::Domain,
            "operator" => Self::Operator,
            _ => Self::None,
        }
    }
}

impl Proof {
    /// What the identifier of a client says, of which nothing else is at hand.
    pub(super) fn of(id: &str) -> Self {
        if document::is_url(id) {
            Self::Domain
        } else if id.starts_with(PUBLIC) || id.starts_with(CONFIDENTIAL) {
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

    /// Puts it into a record.
    pub(super) fn write(&self, members: Members) -> Members {
        members.text("auth", self.method()).maybe("secret", self.secret())
    }

    /// Reads it out of a record.
    pub(super) fn read(record: &Object<'_>) -> Option<Self> {
        match record.text("auth")?.as_str() {
            "none" => Some(Self::None),
            "client_secret_basic" => Some(Self::Basic(record.text("secret")?)),
            "client_secret_post" => Some(Self::Post(record.text("secret")?)),
            _ => None,
        }
    }

    /// True if `shown` is what this client must show: the hash of its secret, or nothing. Which of the two ways the secret
    /// came is not held against it.
    #[must_use]
    pub fn accepts(&self, shown: Option<&str>) -> bool {
        match (self.secret(), shown) {
            (None, None) => true,
            (Some(secret), Some(shown)) => same(secret.as_bytes(), shown.as_bytes()),
            _ => false,
        }
    }
}

/// What is kept of a client secret. Secrets are ours, 256 random bits, so a plain hash is enough.
#[must_use]
pub fn secret_hash(secret: &str) -> String {
    encode(&hash("client secret", &[secret.as_bytes()]))
}

/// Before the identifier of a public client that registered itself …
const PUBLIC: &str = "c_";
/// … and of one that has a secret.
const CONFIDENTIAL: &str = "s_";
/// … and of one that the operator has made.
const OPERATOR: &str = "o_";
const ID_LENGTH: usize = 34;

impl Client {
    /// The identifier of a public client: the hash of what it registered. The redirect URIs as [`redirect::all_canonical`]
    /// makes them.
    #[must_use]
    pub fn public_id(name: &str, redirects: &[String]) -> String {
        let parts = core::iter::once(name.as_bytes()).chain(redirects.iter().map(String::as_bytes)).collect::<Vec<_>>();
        let hash = hash("public client", &parts);
        PUBLIC.to_owned() + &encode(hash.first_chunk::<24>().unwrap_or(&[0; 24]))
    }

    /// The identifier of a client that the operator makes.
    #[must_use]
    pub fn operator_id(random: [u8; 24]) -> String {
        OPERATOR.to_owned() + &encode(&random)
    }

    /// The identifier of a client with a secret.
    #[must_use]
    pub fn confidential_id(random: [u8; 24]) -> String {
        CONFIDENTIAL.to_owned() + &encode(&random)
    }

    /// The record, version 1.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.members().end()
    }

    pub(super) fn members(&self) -> Members {
        let members = Members::version(1)
            .text("id", &self.id)
            .text("name", &self.name)
            .texts("redirects", self.redirects.iter().map(String::as_str))
            .text("proof", self.proof.name())
            .number("created", self.created);
        self.auth.write(members)
    }

    /// Reads the record.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let record = Object::read(text).ok()?;
        (record.number("v")? == 1).then_some(())?;
        Some(Self {
            id: record.text("id")?,
            name: record.text("name")?,
            redirects: record.texts("redirects")?,
            auth: Auth::read(&record)?,
            proof: Proof::parse(&record.text("proof")?),
            created: record.number("created")?,
        })
    }

    /// True if `uri` is one of its redirect URIs.
    #[must_use]
    pub fn may_redirect_to(&self, uri: &str, schemes: &[String]) -> bool {
        redirect::judge(uri, schemes).is_some()
            && self.redirects.iter().any(|registered| redirect::matches(registered, uri, schemes))
    }
}

/// What came of looking for a client.
#[derive(Debug)]
pub enum Lookup {
    /// Here it is, with the copy to keep once it is known to be wanted.
    Known(Client, Option<Box<Commit>>),
    /// There is none, or not any more.
    Unknown,
    /// Nobody can tell at present.
    Unavailable,
    /// The client's metadata document cannot be had at present: why, for the log.
    Unreachable(String),
    /// The client's metadata document describes no client that may be used here: why, for its developer.
    Unusable(String),
    /// The client is known by a URL of a host that this server takes none from.
    Unlisted,
    /// The operator has not said yes to it yet; what it calls itself.
    Waiting(String),
    /// Too many ask; the seconds until the next may.
    Busy(u64),
}

/// How long the namespace keeps a copy. After that the object is asked, which then knows that the client is still in use.
const COPY_SECONDS: u32 = 24 * 3600;

/// The object of the client `id`.
pub(super) fn object(id: &str) -> String {
    "client:".to_owned() + id
}

/// True for what may be the identifier of a client that is kept here.
pub(super) fn is_id(id: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_ours = [PUBLIC, CONFIDENTIAL, OPERATOR].iter().any(|kind| id.starts_with(kind));
    is_ours && id.len() == ID_LENGTH && id.bytes().all(is_plain)
}

/// Looks for the client `id`.
///
/// 1. A URL leads to a document ([`document`]); what else cannot be one of ours is unknown.
/// 2. The namespace's copy, if there is one and it is what it claims to be.
/// 3. The client's object.
///
/// Waits: one with a copy, else two; one without a namespace.
pub async fn find<I>(flow: &Flow<'_>, site: &Site<'_, I>, request: &Request<'_>, id: &str) -> Lookup {
    if site.server.documents && document::is_url(id) {
        return document::find(flow, site, request, id).await;
    }
    if !is_id(id) {
        return Lookup::Unknown;
    }
    let key = object(id);
    // The operator may change theirs at any time, so nobody keeps copies of them.
    let copied = site.server.kv && !id.starts_with(OPERATOR);
    if copied
        && let Some(copy) = copy::load(flow, site.keys, &key).await
        && let Some(client) = Client::read(&copy).filter(|client| client.id == id && proves_itself(client))
    {
        return Lookup::Known(client, None);
    }
    let Ok(found) = flow.obtain(&Ask { object: key.clone(), call: "load", input: "{}".into() }).await else {
        return Lookup::Unavailable;
    };
    let Some(client) = Client::read(&found).filter(|client| client.id == id) else { return Lookup::Unknown };
    let copy = copied.then(|| Box::new(copy::keep(flow, site.keys, key, &client.to_json(), COPY_SECONDS)));
    Lookup::Known(client, copy)
}

fn proves_itself(client: &Client) -> bool {
    client.id.starts_with(CONFIDENTIAL) || client.id == Client::public_id(&client.name, &client.redirects)
}

/// Inside the object `client:<id>`.
pub(super) mod kept {
    use super::{Client, Proof};
    use crate::flow::Flow;
    use crate::json::{Object, object};
    use crate::oauth::object::{Held, Refused};
    use crate::oauth::record::Reading as _;
    use crate::oauth::register::NEW;

    const ROW: &str = "client";
    /// A registration that nobody uses ends after 90 days, in milliseconds.
    const LIFETIME: u64 = 90 * DAY;
    const DAY: u64 = 24 * 3600 * 1000;

    /// Keeps a client, unless it was there before. Answers what is kept; `"full"` where nothing new may be.
    pub(in crate::oauth) async fn register(flow: &Flow<'_>, input: &Object<'_>) -> Result<String, Refused> {
        let client = given(input).ok_or(Refused)?;
        let held = Held::read(flow, vec![ROW.into()], vec![]).await?;
        let Some(kept) = held.row(ROW) else {
            if input.flag("full") {
                return Ok(NEW.into());
            }
            keep(flow, &held, &client);
            return Ok(client.to_json());
        };
        used(flow, &held, kept)
    }

    /// The client that is handed in.
    pub(in crate::oauth) fn given(input: &Object<'_>) -> Option<Client> {
        Client::read(&object(&input.0.iter().map(|(name, value)| (name.as_ref(), value.text())).collect::<Vec<_>>()))
    }

    /// Keeps a client as it is handed in, whatever was there before.
    pub(in crate::oauth) async fn put(flow: &Flow<'_>, input: &Object<'_>) -> Result<String, Refused> {
        let client = given(input).ok_or(Refused)?;
        keep(flow, &Held::read(flow, vec![ROW.into()], vec![]).await?, &client);
        Ok("true".into())
    }

    /// Forgets the client. Answers whether there was one.
    pub(in crate::oauth) async fn delete(flow: &Flow<'_>) -> Result<String, Refused> {
        let held = Held::read(flow, vec![ROW.into()], vec![]).await?;
        if held.row(ROW).is_none() {
            return Ok("false".into());
        }
        held.writes().remove(ROW).commit(flow);
        Ok("true".into())
    }

    /// The client, which is in use, or `null`.
    pub(in crate::oauth) async fn load(flow: &Flow<'_>) -> Result<String, Refused> {
        let held = Held::read(flow, vec![ROW.into()], vec![]).await?;
        held.row(ROW).map_or_else(|| Ok("null".into()), |kept| used(flow, &held, kept))
    }

    /// Notes once a day that a client is in use.
    fn used(flow: &Flow<'_>, held: &Held, kept: &str) -> Result<String, Refused> {
        let client = Client::read(kept).ok_or(Refused)?;
        let used = Object::read(kept).ok().and_then(|record| record.number("used")).unwrap_or(0);
        if used + DAY <= flow.context().now() {
            keep(flow, held, &client);
        }
        Ok(client.to_json())
    }

    fn keep(flow: &Flow<'_>, held: &Held, client: &Client) {
        let now = flow.context().now();
        let record = client.members().number("used", now).end();
        let expires = (client.proof != Proof::Operator).then_some(now + LIFETIME);
        held.writes().put(ROW, record, expires).commit(flow);
    }
}
