//! Access tokens that other services can check by themselves: JWTs signed with ES256 (RFC 9068), and the keys for it.
//!
//! **Threat.** A token that everybody can read tells who somebody is, or is taken for one by our own server although we did
//! not sign it; a signing key leaks from storage, or is changed so fast that good tokens are refused.
//! **Guarantee.** In the open stand the client, the scopes, times, and a name for the person that differs for each resource.
//! All else is sealed inside, and only both together, the signature and what is sealed, are a token for us. Keys are made
//! here, lie in the keyring sealed under the server's secret, and change every 90 days: a new one is published for an hour
//! before it signs, a former one for a day after.
//! **Not guaranteed.** That a service elsewhere learns of a revocation: it believes a token until its end, or asks
//! ([`super::introspect`]).

use super::access::{self, Access};
use super::grant::Grant;
use super::object::Refused;
use super::record::{Members, Reading as _};
use super::server::Server;
use super::{Identity, Site};
use crate::crypto::{Binding, Keys, Purpose, encode, sha256};
use crate::flow::{Ask, Failure, Flow, NewKey, Ring, Sign, Verify};
use crate::http::Answer;
use crate::jose::algorithm::Algorithm;
use crate::jose::compact::{self, Untrusted};
use crate::json::{Object, Value, array, object, quoted};

/// A key signs for this long, in milliseconds …
const ROTATE: u64 = 90 * DAY;
/// … after it has been published for this long …
const ANNOUNCED: u64 = 3600 * 1000;
/// … and is published for this long after its successor has come.
const RETIRED: u64 = DAY;
const DAY: u64 = 24 * 3600 * 1000;
/// What an isolate knows of the keys is as old as this at most.
const FRESH: u64 = 5 * 60 * 1000;

/// A key pair; the private half sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pair {
    kid: String,
    /// Coordinates in base64url, as in a JWK.
    x: String,
    y: String,
    sealed: String,
    /// Milliseconds since 1970.
    created: u64,
}

impl Pair {
    fn read(value: Value<'_>) -> Option<Self> {
        let pair = value.object().ok()?;
        Some(Self {
            kid: pair.text("kid")?,
            x: pair.text("x")?,
            y: pair.text("y")?,
            sealed: pair.text("sealed")?,
            created: pair.number("created")?,
        })
    }

    fn to_json(&self) -> String {
        Members::new()
            .text("kid", &self.kid)
            .text("x", &self.x)
            .text("y", &self.y)
            .text("sealed", &self.sealed)
            .number("created", self.created)
            .end()
    }

    /// The public half, with its members in the order that RFC 7638 hashes.
    fn public(x: &str, y: &str) -> String {
        object(&[("crv", r#""P-256""#), ("kty", r#""EC""#), ("x", &quoted(x)), ("y", &quoted(y))])
    }
}

/// All keys of the server, the eldest first, and the salt of people's names.
struct Known {
    salt: String,
    pairs: Vec<Pair>,
}

impl Known {
    /// `{"salt":"…","keys":[…]}`.
    fn read(text: &str) -> Option<Self> {
        let known = Object::read(text).ok()?;
        let pairs = known.get("keys")?.array().ok()?.into_iter().map(Pair::read).collect::<Option<_>>()?;
        Some(Self { salt: known.text("salt")?, pairs })
    }

    /// The key that signs: the latest that has been published long enough, else the eldest.
    fn signing(&self, now: u64) -> Option<&Pair> {
        self.pairs.iter().rev().find(|pair| pair.created + ANNOUNCED <= now).or(self.pairs.first())
    }

    /// The keys that a new one joins.
    fn remaining(&self, now: u64) -> impl Iterator<Item = &Pair> {
        let successors = self.pairs.iter().skip(1).map(Some).chain([None]);
        let is_over = move |successor: Option<&Pair>| successor.is_some_and(|it| it.created + RETIRED <= now);
        self.pairs.iter().zip(successors).filter(move |(_, successor)| !is_over(*successor)).map(|(pair, _)| pair)
    }
}

fn at_rest(kid: &str) -> Binding<'_> {
    Binding { purpose: Purpose::Keyring, issuer: "", audience: kid }
}

async fn known(flow: &Flow<'_>, age: u64) -> Result<Known, Failure> {
    let text = flow.obtain(&Ring { since: flow.context().now().saturating_sub(age) }).await?;
    Known::read(&text).ok_or(Failure::Failed)
}

/// The keys, with one among them that may sign. Where several make a new key at once, one is kept.
///
/// Waits: one, which costs nothing while an isolate knows them; two more where a key has to be made.
async fn ready(flow: &Flow<'_>, keys: &Keys) -> Result<Known, Failure> {
    let now = flow.context().now();
    let known = known(flow, FRESH).await?;
    let newest = known.pairs.last();
    // A key whose secret is gone signs no more.
    let opens = newest.is_some_and(|pair| keys.open_text(&at_rest(&pair.kid), &pair.sealed).is_some());
    if opens && newest.is_some_and(|pair| now < pair.created + ROTATE) {
        return Ok(known);
    }
    let made = flow.obtain(&NewKey { algorithm: Algorithm::Es256.import() }).await?;
    let jwk = Object::read(&made).map_err(|_| Failure::Failed)?;
    let (Some(x), Some(y)) = (jwk.text("x"), jwk.text("y")) else { return Err(Failure::Failed) };
    let kid = encode(&sha256(Pair::public(&x, &y).as_bytes()));
    let sealed = keys.seal_text(flow.context(), &at_rest(&kid), made.as_bytes());
    let pair = Pair { kid, x, y, sealed, created: now };
    let after = newest.map_or("", |pair| &pair.kid);
    let all = array(known.remaining(now).chain([&pair]).map(Pair::to_json));
    let input = Members::new().text("after", after).raw("keys", &all).end();
    let kept = flow.obtain(&Ask { object: "keyring".into(), call: "sign-with", input }).await?;
    Known::read(&kept).ok_or(Failure::Failed)
}

/// What the subject's object needs to sign a token with.
///
/// Waits: those of [`ready`].
pub(super) async fn handed<I: Identity>(flow: &Flow<'_>, site: &Site<'_, I>) -> Result<String, Failure> {
    let known = ready(flow, site.keys).await?;
    let opens = |pair: &&Pair| site.keys.open_text(&at_rest(&pair.kid), &pair.sealed).is_some();
    let pair = known.signing(flow.context().now()).filter(opens).or(known.pairs.last()).ok_or(Failure::Failed)?;
    let members = Members::new().text("kid", &pair.kid).text("sealed", &pair.sealed).text("salt", &known.salt);
    Ok(members.flag("raw", site.server.raw_subject).end())
}

/// Inside the object: makes and signs a token around `inner`, what [`access::mint`] has sealed. `handed` is what
/// [`handed`] gave. Waits: one.
pub(super) async fn sign(
    flow: &Flow<'_>,
    keys: &Keys,
    handed: &Object<'_>,
    (grant, scopes, lifetime): (&Grant, &[String], u64),
    inner: &str,
) -> Result<String, Refused> {
    let (kid, sealed) = (handed.text("kid").ok_or(Refused)?, handed.text("sealed").ok_or(Refused)?);
    let key = keys.open_text(&at_rest(&kid), &sealed).and_then(|key| String::from_utf8(key).ok()).ok_or(Refused)?;
    let salt = handed.text("salt").ok_or(Refused)?;
    let now = flow.context().now() / 1000;
    let header = Members::new().text("typ", "at+jwt").text("alg", Algorithm::Es256.name()).text("kid", &kid).end();
    let claims = Members::new()
        .text("iss", &grant.issuer)
        .text("sub", &access::subject(handed.flag("raw"), &salt, &grant.resource, &grant.subject))
        .text("aud", &grant.resource)
        .text("client_id", &grant.client)
        .text("scope", &scopes.join(" "))
        .number("iat", now)
        .number("exp", now + lifetime)
        .text("jti", &encode(&flow.context().random::<16>("token id")))
        .text(INNER, inner)
        .end();
    let signed = [encode(header.as_bytes()), encode(claims.as_bytes())].join(".");
    let algorithm = Algorithm::Es256;
    let sign = Sign { key: &key, import: algorithm.import(), algorithm: algorithm.verify(), text: &signed };
    let signature = flow.obtain(&sign).await.map_err(|_| Refused)?;
    Ok([signed, signature].join("."))
}

/// The claim with what is sealed.
const INNER: &str = "sealed";

/// True for a token that looks like one of these.
fn is_jwt(token: &str) -> bool {
    token.contains('.')
}

/// True for what is, or was, ours: any value that we have sealed, whatever for and for whom, and any JWT that says so. Nobody
/// else's verifier is to see it.
#[must_use]
pub fn is_ours(keys: &Keys, issuer: &str, token: &str) -> bool {
    if !is_jwt(token) {
        return keys.may_have_sealed(token);
    }
    let Ok(token) = Untrusted::parse(token) else { return false };
    let (Ok(header), Ok(payload)) = (Object::read(&token.header), core::str::from_utf8(&token.payload)) else {
        return false;
    };
    let Ok(claims) = Object::read(payload) else { return false };
    let is = |object: &Object<'_>, name, wanted: &str| object.string(name).is_some_and(|found| found == wanted);
    (is(&header, "typ", "at+jwt") && is(&claims, "iss", issuer))
        || claims.text(INNER).is_some_and(|inner| keys.may_have_sealed(&inner))
}

/// Opens an access token of either form, whether or not it is over. Of a JWT the signature is not looked at: enough to
/// revoke it, not to let anybody in.
pub(super) fn unproven(keys: &Keys, issuer: &str, resource: &str, token: &str) -> Option<Access> {
    if !is_jwt(token) {
        return access::open(keys, issuer, resource, token);
    }
    let untrusted = Untrusted::parse(token).ok()?;
    opened(keys, issuer, resource, &untrusted).map(|(access, _)| access)
}

/// What is sealed inside, and the `kid` of the key that is said to have signed.
fn opened(keys: &Keys, issuer: &str, resource: &str, token: &Untrusted<'_>) -> Option<(Access, String)> {
    let header = compact::read(&token.header).ok()?;
    let is = |claims: &Object<'_>, name, wanted: &str| claims.string(name).is_some_and(|found| found == wanted);
    (header.0.len() == 3 && is(&header, "typ", "at+jwt") && is(&header, "alg", Algorithm::Es256.name()))
        .then_some(())?;
    let claims = compact::read(core::str::from_utf8(&token.payload).ok()?).ok()?;
    (is(&claims, "iss", issuer) && is(&claims, "aud", resource)).then_some(())?;
    let access = access::open_inner(keys, issuer, resource, &claims.text(INNER)?)?;
    Some((access, header.text("kid")?))
}

/// Opens an access token of either form that we have issued, whether or not it is over.
///
/// Waits: none for a sealed one; for a JWT one for the keys, which costs nothing while an isolate knows them, and one for the
/// signature.
pub async fn proven(
    flow: &Flow<'_>,
    keys: &Keys,
    issuer: &str,
    resource: &str,
    token: &str,
) -> Result<Option<Access>, Failure> {
    if !is_jwt(token) {
        return Ok(access::open(keys, issuer, resource, token));
    }
    let Ok(untrusted) = Untrusted::parse(token) else { return Ok(None) };
    // What is sealed opens only for what we have made, so nobody else's rubbish gets further.
    let Some((access, kid)) = opened(keys, issuer, resource, &untrusted) else { return Ok(None) };
    let mut known = known(flow, FRESH).await?;
    if !known.pairs.iter().any(|pair| pair.kid == kid) {
        known = self::known(flow, 0).await?;
    }
    let Some(pair) = known.pairs.iter().find(|pair| pair.kid == kid) else { return Ok(None) };
    let key = Pair::public(&pair.x, &pair.y);
    let verify = Verify {
        key: &key,
        import: Algorithm::Es256.import(),
        algorithm: Algorithm::Es256.verify(),
        signature: untrusted.signature_text,
        signed: untrusted.signed,
        settles: None,
        name: None,
    };
    let has_length = Algorithm::Es256.signature_length() == Some(untrusted.signature.len());
    Ok(if has_length && flow.obtain(&verify).await? { Some(access) } else { None })
}

/// The JWK Set (RFC 7517 §5), for whoever checks our tokens.
///
/// Waits: those of [`ready`].
pub(super) async fn published<I: Identity>(flow: &Flow<'_>, site: &Site<'_, I>) -> Answer {
    let Ok(known) = ready(flow, site.keys).await else { return super::error::unavailable().answer(false) };
    let key = |pair: &Pair| {
        let members = Members::new().text("kty", "EC").text("crv", "P-256").text("x", &pair.x).text("y", &pair.y);
        members.text("kid", &pair.kid).text("alg", Algorithm::Es256.name()).text("use", "sig").end()
    };
    let set = object(&[("keys", &array(known.pairs.iter().map(key)))]);
    Answer::json(200, set).with("cache-control", "public, max-age=300")
}

/// What the metadata say of it.
pub(super) fn described(server: &Server, issuer: &str, document: Members) -> Members {
    if server.jwt { document.text("jwks_uri", &[issuer, &server.paths.keys].concat()) } else { document }
}
