//! Sealed values: data that the server hands out and gets back.
//!
//! ```text
//! kid (4 bytes) ‖ nonce (24 bytes) ‖ XChaCha20-Poly1305 ciphertext and tag
//! ```
//!
//! **Threat.** A client modifies a value, reads its contents, or presents it where it does not belong: a code as a token,
//! one server's token to another, one tool's state to the next.
//! **Guarantee.** A value opens only if it is unmodified, its key still exists, and purpose, issuer and audience are those
//! it was sealed for (they are associated data, each with its length). The key ID selects the key: there is no trial
//! decryption. Nonces are 192 random bits of the flow, so no two values share one.
//! **Not guaranteed.** That a value is presented once, in time, or by the party it was given to: its content and the flow
//! that opens it decide that. Its length is visible.

use chacha20poly1305::aead::{AeadInPlace as _, KeyInit as _};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};

use super::keys::{KeyId, Keys};
use super::{decode, encode};
use crate::flow::Context;

const FORMAT: u8 = 1;
const KID_LENGTH: usize = 4;
const NONCE_LENGTH: usize = 24;
const TAG_LENGTH: usize = 16;

/// The purpose of a sealed value. Each has a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The ID of an MCP session.
    Session,
    /// `requestState` of an MCP round trip (2026-07-28).
    RequestState,
    /// An authorization request on its way through the consent page.
    Consent,
    /// An authorization code (RFC 6749 §4.1.2).
    Code,
    /// An access token (RFC 6749 §1.4).
    AccessToken,
    /// A refresh token (RFC 6749 §1.5).
    RefreshToken,
    /// The account cookie: who has signed in in this browser.
    Account,
    /// An upstream's tokens, at rest.
    Credential,
    /// A person who has signed in but not yet confirmed the account, at rest.
    Person,
    /// A key of the keyring, at rest.
    Keyring,
    /// A nonce of the server (RFC 9449 §8).
    Nonce,
    /// A pushed authorization request (RFC 9126).
    PushedRequest,
    /// The state of a page that the server shows, such as the list of connected apps.
    Page,
    /// A copy in a place where others may write as well.
    Copy,
}

impl Purpose {
    /// The label of its key. Never change one: sealed values could no longer be opened.
    fn label(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::RequestState => "request-state",
            Self::Consent => "consent",
            Self::Code => "code",
            Self::AccessToken => "access-token",
            Self::RefreshToken => "refresh-token",
            Self::Account => "account",
            Self::Credential => "credential",
            Self::Person => "person",
            Self::Keyring => "keyring",
            Self::Nonce => "nonce",
            Self::PushedRequest => "pushed-request",
            Self::Page => "page",
            Self::Copy => "copy",
        }
    }
}

/// What a value is bound to. It opens only with the same binding.
#[derive(Clone, Copy, Debug)]
pub struct SealContext<'a> {
    /// What it is for.
    pub purpose: Purpose,
    /// The server that seals and opens: its issuer, or its origin.
    pub issuer: &'a str,
    /// For whom or for what it is valid: a resource, a client, a principal; may be empty.
    pub audience: &'a str,
}

impl SealContext<'_> {
    /// The associated data: format, then each part with its length.
    fn associated(&self) -> Vec<u8> {
        let mut data = vec![FORMAT];
        for part in [self.purpose.label(), self.issuer, self.audience] {
            data.extend((part.len() as u64).to_be_bytes());
            data.extend(part.as_bytes());
        }
        data
    }
}

impl Keys {
    /// Seals `plaintext` under the current key. The result is 44 bytes longer.
    #[must_use]
    pub fn seal(&self, context: &Context, binding: &SealContext<'_>, plaintext: &[u8]) -> Vec<u8> {
        let label = binding.purpose.label();
        let (kid, key) = self.current::<32>(label);
        let nonce: [u8; NONCE_LENGTH] = context.random(label);
        let associated = binding.associated();
        seal_with(&key, kid, nonce, &associated, plaintext)
    }

    /// Opens what was sealed with the same binding; `None` for anything else.
    #[must_use]
    pub fn open(&self, binding: &SealContext<'_>, sealed: &[u8]) -> Option<Vec<u8>> {
        let (kid, _) = sealed.split_first_chunk::<KID_LENGTH>()?;
        let key = self.named::<32>(*kid, binding.purpose.label())?;
        open_with(&key, &binding.associated(), sealed)
    }

    /// [`Keys::seal`] in base64url.
    #[must_use]
    pub fn seal_text(&self, context: &Context, binding: &SealContext<'_>, plaintext: &[u8]) -> String {
        encode(&self.seal(context, binding, plaintext))
    }

    /// True if `text` looks sealed by one of this server's keys, for any purpose.
    #[must_use]
    pub fn may_have_sealed(&self, text: &str) -> bool {
        let sealed = decode(text).filter(|sealed| sealed.len() >= KID_LENGTH + NONCE_LENGTH + TAG_LENGTH);
        let kid = sealed.as_deref().and_then(<[u8]>::first_chunk::<KID_LENGTH>);
        kid.is_some_and(|kid| self.named::<32>(*kid, "kid").is_some())
    }

    /// True if `sealed` was sealed under the current key. Otherwise a stored value is sealed again, so that it still
    /// opens when the former key is gone.
    #[must_use]
    pub fn is_current(&self, sealed: &str) -> bool {
        let (kid, _) = self.current::<32>("kid");
        decode(sealed).is_some_and(|sealed| sealed.starts_with(&kid))
    }

    /// [`Keys::open`] of base64url.
    #[must_use]
    pub fn open_text(&self, binding: &SealContext<'_>, sealed: &str) -> Option<Vec<u8>> {
        self.open(binding, &decode(sealed)?)
    }
}

/// Seals under a key that is not one of the server's, so that only the holder of `key` can open it. A `key` must be
/// used with one `nonce` only once.
#[must_use]
pub fn seal_with(
    key: &[u8; 32],
    kid: KeyId,
    nonce: [u8; NONCE_LENGTH],
    associated: &[u8],
    plaintext: &[u8],
) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(KID_LENGTH + NONCE_LENGTH + plaintext.len() + TAG_LENGTH);
    sealed.extend(kid);
    sealed.extend(nonce);
    let mut text = plaintext.to_vec();
    let cipher = XChaCha20Poly1305::new(key.into());
    // Fails only beyond 2^38 bytes, which no value here reaches; then the result cannot be opened.
    let tag = cipher.encrypt_in_place_detached(XNonce::from_slice(&nonce), associated, &mut text);
    debug_assert!(tag.is_ok(), "the text is short enough");
    if let Ok(tag) = tag {
        sealed.append(&mut text);
        sealed.extend(tag);
    }
    sealed
}

/// Opens what [`seal_with`] has sealed under `key`.
#[must_use]
pub fn open_with(key: &[u8; 32], associated: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (_, sealed) = sealed.split_first_chunk::<KID_LENGTH>()?;
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LENGTH>()?;
    let (text, tag) = sealed.split_last_chunk::<TAG_LENGTH>()?;
    let mut text = text.to_vec();
    let cipher = XChaCha20Poly1305::new(key.into());
    cipher
        .decrypt_in_place_detached(XNonce::from_slice(nonce), associated, &mut text, Tag::from_slice(tag))
        .ok()
        .map(|()| text)
}
