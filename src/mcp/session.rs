//! Session ids of the `initialize` era (MCP 2025-11-25 transports §Session Management).
//!
//! **Threat.** A session id that is guessed or stolen lets somebody act in another's session (GHSA-qvqr-5cv7-wh35).
//! **Guarantee.** The id holds 128 random bits, the time it was made and a hash of the principal it was made for; with
//! another principal it opens nothing. It says what was negotiated, so a session costs no storage, and it grants nothing:
//! each request is authenticated by itself.
//! **Not guaranteed.** That it was made here. Whoever writes one of their own gets what `initialize` would have given.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::revision::Revision;
use crate::flow::Context;

const FORMAT: u8 = 1;
const LENGTH: usize = 1 + 1 + 4 + PLACE_LENGTH;
const PLACE_LENGTH: usize = 16 + 16;
const LIFETIME_SECONDS: u64 = 30 * 24 * 3600;
/// Clocks of two machines may differ by this much.
const SKEW_SECONDS: u64 = 300;

/// A session that a client has shown the id of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// What `initialize` agreed on.
    pub revision: Revision,
    /// Where it lives, if it needs a place.
    pub place: Place,
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
        Some(Self(URL_SAFE_NO_PAD.decode(name).ok()?.try_into().ok()?))
    }

    /// Its name: 43 characters.
    #[must_use]
    pub fn name(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    fn belongs_to(&self, principal: Option<&str>) -> bool {
        let nonce = self.0.first_chunk().copied().unwrap_or_default();
        *self == Self::of(nonce, principal)
    }
}

/// Makes the id of a session: 51 visible ASCII characters.
#[must_use]
pub fn mint(context: &Context, revision: Revision, place: &Place) -> String {
    let mut id = Vec::with_capacity(LENGTH);
    id.extend([FORMAT, revision as u8]);
    // Seconds since 1970 fit until the year 2106.
    id.extend(u32::try_from(context.now() / 1000).unwrap_or(u32::MAX).to_be_bytes());
    id.extend(place.0);
    URL_SAFE_NO_PAD.encode(id)
}

/// Reads an id that `principal` shows; nothing if it is malformed, over, or another's.
#[must_use]
pub fn open(id: &str, principal: Option<&str>, now: u64) -> Option<Session> {
    let bytes = URL_SAFE_NO_PAD.decode(id).ok()?;
    let bytes: &[u8; LENGTH] = bytes.as_slice().try_into().ok()?;
    let (&[format, revision], rest) = bytes.split_first_chunk()?;
    let (issued, place) = rest.split_first_chunk()?;
    let place = Place(place.try_into().ok()?);
    let (issued, now) = (u64::from(u32::from_be_bytes(*issued)), now / 1000);
    let in_time = issued <= now + SKEW_SECONDS && now <= issued + LIFETIME_SECONDS;
    let revision = Revision::from_number(revision).filter(|revision| !revision.is_modern())?;
    (format == FORMAT && in_time && place.belongs_to(principal)).then_some(Session { revision, place })
}
