//! Access tokens that other services can validate: JWTs signed with ES256 (RFC 9068), and their signing keys.
//!
//! **Threat.** A token that anyone can read reveals who somebody is, or our own server accepts one that it did not
//! sign; a signing key leaks from storage, or is rotated so fast that valid tokens are refused.
//! **Guarantee.** Readable are the client, the scopes, times, and a name for the person that differs for each resource.
//! Everything else is sealed inside, and our own server only accepts both together: a valid signature and the sealed
//! part. Keys are created here, stored in the keyring sealed under the server's secret, and rotated every 90 days: a
//! new one is published for an hour before it signs, a former one for a day afterwards.
//! **Not guaranteed.** That another service learns of a revocation: it accepts a token until it expires, or uses
//! introspection ([`super::endpoints::introspect`]).

use serde::{Deserialize, Serialize};

use super::AuthorizationServer;
use super::access_token::{self, Access};
use super::object::grant::Grant;
use super::object::{InvalidCall, ask, call};
use crate::crypto::{Keys, Purpose, SealContext, encode, sha256};
use crate::flow::{Failure, Flow, NewKey, Sign, SigningKeySet, Verify};
use crate::http::Answer;
use crate::identity::Identity;
use crate::jose::algorithm::Algorithm;
use crate::jose::compact::{self, UntrustedToken};
use crate::json::{self, Json, Object};

/// A key signs for this long, in milliseconds …
const ROTATE: u64 = 90 * DAY;
/// … after it has been published for this long …
const ANNOUNCED: u64 = 3600 * 1000;
/// … and is published for this long after it was replaced.
const RETIRED: u64 = DAY;
const DAY: u64 = 24 * 3600 * 1000;
/// Maximum age of an isolate's copy of the keys.
const FRESH: u64 = 5 * 60 * 1000;

/// A key pair; the private half is sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KeyPair {
    kid: String,
    /// Coordinates in base64url, as in a JWK.
    x: String,
    y: String,
    sealed: String,
    /// Milliseconds since 1970.
    created: u64,
}

/// The public half, with its members in the order that RFC 7638 hashes.
#[derive(Serialize)]
struct PublicKey<'a> {
    crv: &'static str,
    kty: &'static str,
    x: &'a str,
    y: &'a str,
}

/// The coordinates of a new key.
#[derive(Deserialize)]
struct Coordinates {
    x: String,
    y: String,
}

impl KeyPair {
    /// The public half, as JSON text.
    fn public(x: &str, y: &str) -> String {
        json::write(&PublicKey { crv: "P-256", kty: "EC", x, y })
    }
}

/// All keys of the server, the oldest first, and the salt of pairwise subjects, as the keyring stores them.
#[derive(Deserialize)]
pub(super) struct SigningKeys {
    salt: String,
    #[serde(rename = "keys")]
    pairs: Vec<KeyPair>,
}

/// Makes the keyring sign with the last of these keys from now on, unless it already has another one after `after`.
#[derive(Serialize)]
struct SignWith<'a> {
    after: &'a str,
    keys: Vec<&'a KeyPair>,
}

call!(SignWith<'_>, "sign-with" => SigningKeys);

/// What the subject's object needs to sign a token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SigningKey {
    kid: String,
    sealed: String,
    salt: String,
    /// Whether resource servers learn the typed subject.
    raw: bool,
}

impl SigningKeys {
    /// The key that signs: the latest that has been published long enough, else the oldest.
    fn signing(&self, now: u64) -> Option<&KeyPair> {
        self.pairs.iter().rev().find(|pair| pair.created + ANNOUNCED <= now).or(self.pairs.first())
    }

    /// The keys that remain when a new one is added.
    fn remaining(&self, now: u64) -> impl Iterator<Item = &KeyPair> {
        let successors = self.pairs.iter().skip(1).map(Some).chain([None]);
        let is_over = move |successor: Option<&KeyPair>| successor.is_some_and(|it| it.created + RETIRED <= now);
        self.pairs.iter().zip(successors).filter(move |(_, successor)| !is_over(*successor)).map(|(pair, _)| pair)
    }
}

fn at_rest(kid: &str) -> SealContext<'_> {
    SealContext { purpose: Purpose::Keyring, issuer: "", audience: kid }
}

async fn known(flow: &Flow<'_>, age: u64) -> Result<SigningKeys, Failure> {
    let text = flow.obtain(&SigningKeySet { since: flow.context().now().saturating_sub(age) }).await?;
    json::read(&text).map_err(|_| Failure::Failed)
}

/// The keys, including one that may sign. If several requests create a key concurrently, one is stored.
///
/// Waits: one, which costs nothing while the isolate has a copy; two more to create a key.
async fn ready(flow: &Flow<'_>, keys: &Keys) -> Result<SigningKeys, Failure> {
    let now = flow.context().now();
    let known = known(flow, FRESH).await?;
    let newest = known.pairs.last();
    // A key whose secret is gone cannot sign any more.
    let opens = newest.is_some_and(|pair| keys.open_text(&at_rest(&pair.kid), &pair.sealed).is_some());
    if opens && newest.is_some_and(|pair| now < pair.created + ROTATE) {
        return Ok(known);
    }
    let made = flow.obtain(&NewKey { algorithm: Algorithm::Es256.import() }).await?;
    let Coordinates { x, y } = json::read(&made).map_err(|_| Failure::Failed)?;
    let kid = encode(&sha256(KeyPair::public(&x, &y).as_bytes()));
    let sealed = keys.seal_text(flow.context(), &at_rest(&kid), made.as_bytes());
    let pair = KeyPair { kid, x, y, sealed, created: now };
    let after = newest.map_or("", |pair| &pair.kid);
    ask(flow, "keyring", &SignWith { after, keys: known.remaining(now).chain([&pair]).collect() }).await
}

/// What the subject's object needs to sign a token.
///
/// Waits: those of [`ready`].
pub(super) async fn handed<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
) -> Result<SigningKey, Failure> {
    let known = ready(flow, server.keys).await?;
    let opens = |pair: &&KeyPair| server.keys.open_text(&at_rest(&pair.kid), &pair.sealed).is_some();
    let pair = known.signing(flow.context().now()).filter(opens).or(known.pairs.last()).ok_or(Failure::Failed)?;
    let KeyPair { kid, sealed, .. } = pair.clone();
    Ok(SigningKey { kid, sealed, salt: known.salt, raw: server.config.raw_subject })
}

/// The header of a token (RFC 9068 §2.1).
#[derive(Serialize)]
struct Header<'a> {
    typ: &'static str,
    alg: &'static str,
    kid: &'a str,
}

/// The claims of a token (RFC 9068 §2.2).
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: String,
    aud: &'a str,
    client_id: &'a str,
    scope: String,
    iat: u64,
    exp: u64,
    jti: String,
    sealed: &'a str,
}

/// Inside the object: signs a token around `inner`, which [`access_token::mint`] has sealed. Waits: one.
pub(super) async fn sign(
    flow: &Flow<'_>,
    keys: &Keys,
    SigningKey { kid, sealed, salt, raw }: &SigningKey,
    (grant, scopes, lifetime): (&Grant, &[String], u64),
    inner: &str,
) -> Result<String, InvalidCall> {
    let key = keys.open_text(&at_rest(kid), sealed).and_then(|key| String::from_utf8(key).ok()).ok_or(InvalidCall)?;
    let key = Json::from_text(key);
    let now = flow.context().now() / 1000;
    let header = Header { typ: "at+jwt", alg: Algorithm::Es256.name(), kid };
    let claims = Claims {
        iss: &grant.issuer,
        sub: access_token::subject(*raw, salt, &grant.resource, &grant.subject),
        aud: &grant.resource,
        client_id: &grant.client,
        scope: scopes.join(" "),
        iat: now,
        exp: now + lifetime,
        jti: encode(&flow.context().random::<16>("token id")),
        sealed: inner,
    };
    let signed = [encode(json::write(&header).as_bytes()), encode(json::write(&claims).as_bytes())].join(".");
    let algorithm = Algorithm::Es256;
    let sign = Sign { key: key.value(), import: algorithm.import(), algorithm: algorithm.verify(), text: &signed };
    let signature = flow.obtain(&sign).await.map_err(|_| InvalidCall)?;
    Ok([signed, signature].join("."))
}

/// The claim with the sealed part ([`Claims`]).
const INNER: &str = "sealed";

/// True for a token that looks like one of these.
fn is_jwt(token: &str) -> bool {
    token.contains('.')
}

/// True for any value that is, or was, ours: sealed by us, for any purpose and audience, or a JWT that names us as its
/// issuer. No other verifier may see these.
#[must_use]
pub fn is_ours(keys: &Keys, issuer: &str, token: &str) -> bool {
    if !is_jwt(token) {
        return keys.may_have_sealed(token);
    }
    let Ok(token) = UntrustedToken::parse(token) else { return false };
    let (Ok(header), Ok(payload)) = (Object::read(&token.header), core::str::from_utf8(&token.payload)) else {
        return false;
    };
    let Ok(claims) = Object::read(payload) else { return false };
    let is = |object: &Object<'_>, name, wanted: &str| object.string(name).is_some_and(|found| found == wanted);
    (is(&header, "typ", "at+jwt") && is(&claims, "iss", issuer))
        || claims.string(INNER).is_some_and(|inner| keys.may_have_sealed(&inner))
}

/// Opens an access token of either form, even if it has expired. The signature of a JWT is not checked: enough for a
/// revocation, not for access.
pub(super) fn unproven(keys: &Keys, issuer: &str, resource: &str, token: &str) -> Option<Access> {
    if !is_jwt(token) {
        return access_token::open(keys, issuer, resource, token);
    }
    let untrusted = UntrustedToken::parse(token).ok()?;
    opened(keys, issuer, resource, &untrusted).map(|(access, _)| access)
}

/// The sealed part, and the `kid` of the key that supposedly signed.
fn opened(keys: &Keys, issuer: &str, resource: &str, token: &UntrustedToken<'_>) -> Option<(Access, String)> {
    let header = compact::read(&token.header).ok()?;
    let is = |claims: &Object<'_>, name, wanted: &str| claims.string(name).is_some_and(|found| found == wanted);
    (header.0.len() == 3 && is(&header, "typ", "at+jwt") && is(&header, "alg", Algorithm::Es256.name()))
        .then_some(())?;
    let claims = compact::read(core::str::from_utf8(&token.payload).ok()?).ok()?;
    (is(&claims, "iss", issuer) && is(&claims, "aud", resource)).then_some(())?;
    let access = access_token::open_inner(keys, issuer, resource, &claims.string(INNER)?)?;
    Some((access, header.string("kid")?.into()))
}

/// Opens an access token of either form that we have issued, even if it has expired.
///
/// Waits: none for a sealed one; for a JWT one for the keys, which costs nothing while the isolate has a copy, and one
/// for the signature.
pub async fn proven(
    flow: &Flow<'_>,
    keys: &Keys,
    issuer: &str,
    resource: &str,
    token: &str,
) -> Result<Option<Access>, Failure> {
    if !is_jwt(token) {
        return Ok(access_token::open(keys, issuer, resource, token));
    }
    let Ok(untrusted) = UntrustedToken::parse(token) else { return Ok(None) };
    // The sealed part opens only if we have sealed it, so foreign tokens get no further.
    let Some((access, kid)) = opened(keys, issuer, resource, &untrusted) else { return Ok(None) };
    let mut known = known(flow, FRESH).await?;
    if !known.pairs.iter().any(|pair| pair.kid == kid) {
        known = self::known(flow, 0).await?;
    }
    let Some(pair) = known.pairs.iter().find(|pair| pair.kid == kid) else { return Ok(None) };
    let key = KeyPair::public(&pair.x, &pair.y);
    let verify = Verify {
        key: &key,
        import: Algorithm::Es256.import(),
        algorithm: Algorithm::Es256.verify(),
        signature: untrusted.signature_text,
        signed: untrusted.signed,
        name: None,
    };
    let has_length = Algorithm::Es256.signature_length() == Some(untrusted.signature.len());
    Ok(if has_length && flow.obtain(&verify).await? { Some(access) } else { None })
}

/// A key of the JWK Set (RFC 7517 §4).
#[derive(Serialize)]
struct PublishedKey<'a> {
    kty: &'static str,
    crv: &'static str,
    x: &'a str,
    y: &'a str,
    kid: &'a str,
    alg: &'static str,
    r#use: &'static str,
}

/// A JWK Set (RFC 7517 §5).
#[derive(Serialize)]
struct KeySet<'a> {
    keys: Vec<PublishedKey<'a>>,
}

/// The JWK Set, for services that validate our tokens.
///
/// Waits: those of [`ready`].
pub(super) async fn published<I: Identity>(flow: &Flow<'_>, server: &AuthorizationServer<'_, I>) -> Answer {
    let Ok(known) = ready(flow, server.keys).await else { return super::error::unavailable().answer(false) };
    let alg = Algorithm::Es256.name();
    let keys = known.pairs.iter().map(|KeyPair { kid, x, y, .. }| PublishedKey {
        kty: "EC",
        crv: "P-256",
        x,
        y,
        kid,
        alg,
        r#use: "sig",
    });
    let set = KeySet { keys: keys.collect() };
    Answer::json(200, json::write(&set)).with("cache-control", "public, max-age=300")
}
