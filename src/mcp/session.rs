//! Session ids of the `initialize` era (MCP 2025-11-25 transports §Session Management).
//!
//! **Threat.** A session id that is guessed or stolen lets somebody act in another's session (GHSA-qvqr-5cv7-wh35).
//! **Guarantee.** The id holds 128 random bits, the time it was made and a hash of the principal it was made for; with
//! another principal, or at another endpoint, it opens nothing. It says what was negotiated, so a session costs no storage, and it grants nothing:
//! each request is authenticated by itself. Where the server has keys, the id is sealed: nobody can read it or make one.
//! **Not guaranteed.** Without keys, that it was made here. Whoever writes one of their own gets what `initialize` would
//! have given.

use sha2::{Digest as _, Sha256};

use super::Request;
use super::capabilities::Capabilities;
use super::revision::Revision;
use crate::crypto::{self, Binding, Keys, Purpose};
use crate::flow::{Ask, Context, Flow};
use crate::http::Answer;
use crate::jsonrpc::{Code, Fault};

const FORMAT: u8 = 2;
const LENGTH: usize = 1 + 1 + 2 + 4 + PLACE_LENGTH;
const PLACE_LENGTH: usize = 16 + 16;
const LIFETIME_SECONDS: u64 = 30 * 24 * 3600;
/// For so long after its last use a session may still be shown, in milliseconds.
pub(super) const LIFETIME: u64 = (LIFETIME_SECONDS + SKEW_SECONDS) * 1000;
/// A session that is kept ends when nobody has used it for so long, in milliseconds.
pub(super) const IDLE: u64 = 24 * 3600 * 1000;
/// Clocks of two machines may differ by this much.
const SKEW_SECONDS: u64 = 300;

/// A session is of the endpoint where it began.
const fn binding(endpoint: &str) -> Binding<'_> {
    Binding { purpose: Purpose::Session, issuer: "", audience: endpoint }
}

/// The same where there are no keys: so much of a hash of it stands behind the rest.
const MARK_LENGTH: usize = 8;

fn mark(endpoint: &str) -> [u8; MARK_LENGTH] {
    crypto::hash("session at", &[endpoint.as_bytes()]).first_chunk().copied().unwrap_or_default()
}

/// A session that a client has shown the id of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// What `initialize` agreed on.
    pub revision: Revision,
    /// What the client can be asked for.
    pub capabilities: Capabilities,
    /// Where it lives, if it needs a place.
    pub place: Place,
}

/// What the session id of a request comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The request shows none.
    Nothing,
    /// It opens nothing.
    Unknown,
    /// The sender's own session.
    Open(Session),
}

impl Shown {
    /// The session, if one was shown that opens.
    pub fn session(self) -> Result<Option<Session>, Fault> {
        match self {
            Self::Nothing => Ok(None),
            Self::Unknown => Err(unknown_session()),
            Self::Open(session) => Ok(Some(session)),
        }
    }
}

/// The answer to a session id that opens nothing; clients begin again with `initialize`.
#[must_use]
pub fn unknown_session() -> Fault {
    Fault::new(404, Code::SessionNotFound, "There is no such session. Start a new one with `initialize`.")
}

impl Request<'_> {
    /// Opens the session id that the request shows, on the wire that has sessions.
    pub(super) async fn shown(&self, flow: &Flow<'_>) -> Result<Shown, Fault> {
        let Some(id) = self.session_id.as_deref().filter(|_| !self.spoken().is_some_and(Revision::is_modern)) else {
            return Ok(Shown::Nothing);
        };
        let keys = self.keys(flow).await?;
        let opened = open(keys.keys(), self.endpoint, id, self.principal(), flow.context());
        let Some(session) = opened else { return Ok(Shown::Unknown) };
        if !self.kept {
            return Ok(Shown::Open(session));
        }
        match flow.obtain(&session.call("touch")).await.as_deref() {
            Ok("true") => Ok(Shown::Open(session)),
            Ok(_) => Ok(Shown::Unknown),
            Err(_) => Err(unreachable()),
        }
    }
}

impl Session {
    /// A call of the object that keeps it, where sessions are kept.
    pub(super) fn call(&self, call: &'static str) -> Ask {
        Ask { object: self.place.mailbox(), call, input: "null".into() }
    }
}

/// The answer where sessions are kept and this one's object cannot be asked.
pub(super) fn unreachable() -> Fault {
    Fault::new(503, Code::InternalError, "The session cannot be reached. Try again.")
}

/// Ends a session that is kept (DELETE). Waits: two.
pub async fn end(flow: &Flow<'_>, request: &Request<'_>) -> Answer {
    let session = match request.shown(flow).await {
        Ok(Shown::Open(session)) => session,
        Ok(Shown::Nothing) => {
            return Fault::new(400, Code::InvalidRequest, "`Mcp-Session-Id` is missing.").answer(None);
        }
        Ok(Shown::Unknown) => return unknown_session().answer(None),
        Err(fault) => return fault.answer(None),
    };
    match flow.obtain(&session.call("end")).await {
        Ok(_) => Answer::empty(204),
        Err(_) => unreachable().answer(None),
    }
}

/// What names a session's Durable Object: the random bits and the hash of the principal, so that nobody reaches another's
/// by writing an id of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place([u8; PLACE_LENGTH]);

impl Place {
    /// A place nobody has had.
    #[must_use]
    pub fn fresh(context: &Context, principal: Option<&str>) -> Self {
        Self::of(context.random("session"), principal)
    }

    /// The one place of a principal, for requests without a session.
    #[must_use]
    pub fn of_principal(principal: &str) -> Self {
        Self::of([0; 16], Some(principal))
    }

    fn of(nonce: [u8; 16], principal: Option<&str>) -> Self {
        let mut hash = Sha256::new_with_prefix("mcp-wicket session of ");
        match principal {
            Some(principal) => {
                hash.update("principal ");
                hash.update(principal);
            }
            None => hash.update("anybody"),
        }
        let mut place = [0; PLACE_LENGTH];
        place.iter_mut().zip(nonce.into_iter().chain(hash.finalize())).for_each(|(place, byte)| *place = byte);
        Self(place)
    }

    /// The place of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(Self(crypto::decode(name)?.try_into().ok()?))
    }

    /// The name of its mailbox.
    #[must_use]
    pub fn mailbox(&self) -> String {
        String::from("mailbox:") + &self.name()
    }

    /// Its name: 43 characters.
    #[must_use]
    pub fn name(&self) -> String {
        crypto::encode(&self.0)
    }

    fn belongs_to(&self, principal: Option<&str>) -> bool {
        let nonce = self.0.first_chunk().copied().unwrap_or_default();
        *self == Self::of(nonce, principal)
    }
}

/// Makes the id of a session at an endpoint: at most 112 visible ASCII characters.
#[must_use]
pub fn mint(context: &Context, keys: Option<&Keys>, endpoint: &str, session: &Session) -> String {
    let mut id = Vec::with_capacity(LENGTH + MARK_LENGTH);
    id.extend([FORMAT, session.revision as u8]);
    id.extend(session.capabilities.bits().to_be_bytes());
    // Seconds since 1970 fit until the year 2106.
    id.extend(u32::try_from(context.now() / 1000).unwrap_or(u32::MAX).to_be_bytes());
    id.extend(session.place.0);
    match keys {
        None => {
            id.extend(mark(endpoint));
            crypto::encode(&id)
        }
        Some(keys) => keys.seal_text(context, &binding(endpoint), &id),
    }
}

/// Reads an id that `principal` shows at an endpoint; nothing if it is malformed, over, or another's.
#[must_use]
pub fn open(
    keys: Option<&Keys>,
    endpoint: &str,
    id: &str,
    principal: Option<&str>,
    context: &Context,
) -> Option<Session> {
    let bytes = match keys {
        None => {
            let mut bytes = crypto::decode(id)?;
            let rest = bytes.split_off(bytes.len().checked_sub(MARK_LENGTH)?);
            if rest != mark(endpoint) {
                return None;
            }
            bytes
        }
        Some(keys) => keys.open_text(&binding(endpoint), id)?,
    };
    let bytes: &[u8; LENGTH] = bytes.as_slice().try_into().ok()?;
    let (&[format, revision], rest) = bytes.split_first_chunk()?;
    let (capabilities, rest) = rest.split_first_chunk()?;
    let (issued, place) = rest.split_first_chunk()?;
    let place = Place(place.try_into().ok()?);
    let capabilities = Capabilities::from_bits(u16::from_be_bytes(*capabilities));
    let issued = u64::from(u32::from_be_bytes(*issued));
    let in_time =
        context.is_between(issued.saturating_sub(SKEW_SECONDS) * 1000, (issued + LIFETIME_SECONDS) * 1000 + 999);
    let revision = Revision::from_number(revision).filter(|revision| !revision.is_modern())?;
    let ours = format == FORMAT && in_time && place.belongs_to(principal);
    ours.then_some(Session { revision, capabilities, place })
}
