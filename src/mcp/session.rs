//! Session IDs of the revisions with `initialize` (MCP 2025-11-25 transports §Session Management).
//!
//! **Threat.** Whoever guesses or steals a session ID could act in another caller's session (GHSA-qvqr-5cv7-wh35).
//! **Guarantee.** The ID contains 128 random bits, its time of creation, and a hash of its principal; with another
//! principal, or at another endpoint, it is invalid. It contains what was negotiated, so a session needs no storage,
//! and it grants nothing: each request is authenticated by itself. If the server has keys, the ID is sealed: nobody can
//! read or forge it.
//! **Not guaranteed.** Without keys, that it was created here. Whoever forges one gets what `initialize` would have
//! given them.

use sha2::{Digest as _, Sha256};

use super::Request;
use super::capabilities::Capabilities;
use super::revision::Revision;
use crate::crypto::{self, Keys, Purpose, SealContext};
use crate::flow::{Ask, Context, Flow};
use crate::http::Answer;
use crate::jsonrpc::{Code, Fault};

const FORMAT: u8 = 2;
const LENGTH: usize = 1 + 1 + 2 + 4 + PLACE_LENGTH;
const PLACE_LENGTH: usize = 16 + 16;
const LIFETIME_SECONDS: u64 = 30 * 24 * 3600;
/// A session ID is valid for at most this long after its creation, in milliseconds; clocks may differ.
pub(super) const LIFETIME: u64 = (LIFETIME_SECONDS + SKEW_SECONDS) * 1000;
/// A stored session expires after this time without use, in milliseconds.
pub(super) const IDLE: u64 = 24 * 3600 * 1000;
/// Clocks of two machines may differ by this much.
const SKEW_SECONDS: u64 = 300;

/// A session is bound to the endpoint where it began.
const fn binding(endpoint: &str) -> SealContext<'_> {
    SealContext { purpose: Purpose::Session, issuer: "", audience: endpoint }
}

/// The same without keys: this many bytes of the endpoint's hash at the end of the ID.
const MARK_LENGTH: usize = 8;

fn mark(endpoint: &str) -> [u8; MARK_LENGTH] {
    crypto::hash("session at", &[endpoint.as_bytes()]).first_chunk().copied().unwrap_or_default()
}

/// A session whose ID a client has presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// The negotiated revision.
    pub revision: Revision,
    /// What the client can be asked for.
    pub capabilities: Capabilities,
    /// Its place, if it needs one.
    pub place: ObjectName,
}

/// The result of a request's session ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionLookup {
    /// The request has none.
    Nothing,
    /// The ID is invalid.
    Unknown,
    /// The caller's own session.
    Open(Session),
}

impl SessionLookup {
    /// The session, if a valid one was presented.
    pub fn session(self) -> Result<Option<Session>, Fault> {
        match self {
            Self::Nothing => Ok(None),
            Self::Unknown => Err(unknown_session()),
            Self::Open(session) => Ok(Some(session)),
        }
    }
}

/// The response to an invalid session ID; clients then start again with `initialize`.
#[must_use]
pub fn unknown_session() -> Fault {
    Fault::new(404, Code::SessionNotFound, "Unknown session. Start a new one with `initialize`.")
}

impl Request<'_> {
    /// Opens the request's session ID, on revisions that have sessions.
    pub(super) async fn shown(&self, flow: &Flow<'_>) -> Result<SessionLookup, Fault> {
        let Some(id) = self.session_id.as_deref().filter(|_| !self.stated_revision().is_some_and(Revision::is_modern))
        else {
            return Ok(SessionLookup::Nothing);
        };
        let keys = self.keys(flow).await?;
        let opened = open(keys.keys(), &self.endpoint, id, self.principal(), flow.context());
        let Some(session) = opened else { return Ok(SessionLookup::Unknown) };
        if !self.kept {
            return Ok(SessionLookup::Open(session));
        }
        match flow.obtain(&session.call("touch")).await.as_deref() {
            Ok("true") => Ok(SessionLookup::Open(session)),
            Ok(_) => Ok(SessionLookup::Unknown),
            Err(_) => Err(unreachable()),
        }
    }
}

impl Session {
    /// A call of the object that stores it, if sessions are stored.
    pub(super) fn call(&self, call: &'static str) -> Ask {
        Ask::new(self.place.mailbox(), call, &())
    }
}

/// The response if sessions are stored and this one's object is unavailable.
pub(super) fn unreachable() -> Fault {
    Fault::new(503, Code::InternalError, "The session is unavailable. Try again.")
}

/// Ends a stored session (DELETE). Waits: two.
pub async fn end(flow: &Flow<'_>, request: &Request<'_>) -> Answer {
    let session = match request.shown(flow).await {
        Ok(SessionLookup::Open(session)) => session,
        Ok(SessionLookup::Nothing) => {
            return Fault::new(400, Code::InvalidRequest, "`Mcp-Session-Id` is missing.").answer(None);
        }
        Ok(SessionLookup::Unknown) => return unknown_session().answer(None),
        Err(fault) => return fault.answer(None),
    };
    match flow.obtain(&session.call("end")).await {
        Ok(_) => Answer::empty(204),
        Err(_) => unreachable().answer(None),
    }
}

/// The name of a session's Durable Object: the random bits and the hash of the principal, so that nobody can reach
/// another caller's object with a forged ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectName([u8; PLACE_LENGTH]);

impl ObjectName {
    /// A new, unique place.
    #[must_use]
    pub fn fresh(context: &Context, principal: Option<&str>) -> Self {
        Self::of(context.random("session"), principal)
    }

    /// The single place of a principal, for requests without a session.
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

    /// The place with this name.
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

/// Creates the ID of a session at an endpoint: at most 112 visible ASCII characters.
#[must_use]
pub fn mint(context: &Context, keys: Option<&Keys>, endpoint: &str, session: &Session) -> String {
    let mut id = Vec::with_capacity(LENGTH + MARK_LENGTH);
    id.extend([FORMAT, session.revision as u8]);
    id.extend(session.capabilities.bits().to_be_bytes());
    // Seconds since 1970 fit into 32 bits until 2106.
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

/// Opens an ID that `principal` presents at an endpoint; `None` if it is malformed, expired, or another caller's.
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
    let place = ObjectName(place.try_into().ok()?);
    let capabilities = Capabilities::from_bits(u16::from_be_bytes(*capabilities));
    let issued = u64::from(u32::from_be_bytes(*issued));
    let in_time =
        context.is_between(issued.saturating_sub(SKEW_SECONDS) * 1000, (issued + LIFETIME_SECONDS) * 1000 + 999);
    let revision = Revision::from_number(revision).filter(|revision| !revision.is_modern())?;
    let ours = format == FORMAT && in_time && place.belongs_to(principal);
    ours.then_some(Session { revision, capabilities, place })
}
