//! Public keys: JWK and JWK Set (RFC 7517, RFC 7518 §6, RFC 8037 §2).
//!
//! Unusable keys of a set are ignored, and the others are accepted (RFC 7517 §5). A shared secret is never taken from a
//! set. Checking a key costs more than using it, so a set is checked once, when it is fetched; the stored form
//! ([`write_checked`]) only has the usable keys, and is read without checking them again.

use serde::{Deserialize, Serialize};

use super::algorithm::{Algorithm, KeyKind};
use crate::crypto::{decode, encode, sha256};
use crate::json::{self, Json, Object};
use crate::unique::repeated;

/// Maximum number of keys in a set.
pub const MAX_KEYS: usize = 100;
/// Maximum length of a set, in bytes.
pub const MAX_LENGTH: usize = 256 * 1024;
/// Maximum number of keys that are tried if a token does not name one.
pub const MAX_TRIES: usize = 4;
/// Length of a key's name, in characters (a little over 128 bits).
const NAME: usize = 22;

/// A usable public key.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PublicKey {
    /// The key with its public members only, for the runtime.
    jwk: Json,
    /// The beginning of its hash.
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    /// The only algorithm that it is for, if it names one.
    #[serde(rename = "alg", skip_serializing_if = "Option::is_none")]
    algorithm: Option<Algorithm>,
    kind: KeyParameters,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
enum KeyParameters {
    Rsa,
    P256,
    P384,
    P521,
    Ed25519,
}

/// The stored form of checked keys.
#[derive(Deserialize)]
struct Checked {
    keys: Vec<PublicKey>,
}

/// Why a key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JwkError {
    /// It is not a JWK.
    NoJwk,
    /// It is a shared secret.
    Secret,
    /// It contains its private half.
    Private,
    /// It is for encryption, or for an unknown purpose.
    Purpose,
    /// Its type is not supported.
    Kind,
    /// Its numbers are not valid for its type.
    Numbers,
    /// It is an RSA key of fewer than 2048 bits, or of more than 8192.
    Size,
}

impl JwkError {
    /// The reason in words, with the fix where there is one.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::NoJwk => "it is not a JWK (a JSON object with `kty`)",
            Self::Secret => "it is a shared secret: use `secret`",
            Self::Private => {
                "it contains the private key: use only the public key, and replace the key if others have seen it"
            }
            Self::Purpose => "its `use`, `key_ops` or `alg` do not allow verifying signatures",
            Self::Kind => "its `kty` or `crv` is not one of RSA, EC (P-256, P-384, P-521) and OKP (Ed25519)",
            Self::Numbers => "its parameters are not valid for its type",
            Self::Size => "RSA keys must have 2048 to 8192 bits: create one with `npx mcp-wicket keys`",
        }
    }
}

impl PublicKey {
    /// Reads one JWK, and checks it.
    pub fn read(jwk: &Object<'_>) -> Result<Self, JwkError> {
        let family = jwk.string("kty").ok_or(JwkError::NoJwk)?;
        if family == "oct" {
            return Err(JwkError::Secret);
        }
        if ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].iter().any(|member| jwk.get(member).is_some()) {
            return Err(JwkError::Private);
        }
        let algorithm = for_verifying(jwk)?;
        let (kind, members) = match family.as_ref() {
            "RSA" => (rsa(jwk)?, &["kty", "n", "e"][..]),
            "EC" => (curve(jwk, "EC", &["x", "y"])?, &["kty", "crv", "x", "y"][..]),
            "OKP" => (curve(jwk, "OKP", &["x"])?, &["kty", "crv", "x"][..]),
            _ => return Err(JwkError::Kind),
        };
        let named = jwk.get("kid").map(|name| name.string().map(String::from).ok_or(JwkError::NoJwk)).transpose()?;
        // In a fixed order, so that a key always has the same name.
        let public = members.iter().filter_map(|name| Some(((*name).into(), jwk.get(name)?))).collect();
        let jwk = Json::of(&Object(public));
        let hash = encode(&sha256(jwk.as_bytes()));
        let key = Self { jwk, name: hash.chars().take(NAME).collect(), kid: named, algorithm, kind };
        // The key's own `alg` must fit its type.
        if algorithm.is_some_and(|algorithm| !key.is_of_kind(algorithm)) { Err(JwkError::Purpose) } else { Ok(key) }
    }

    /// True if this key may have signed a token with this algorithm and `kid`.
    #[must_use]
    pub fn fits(&self, algorithm: Algorithm, kid: Option<&str>) -> bool {
        let named = self.kid.is_none() || kid.is_none() || self.kid.as_deref() == kid;
        named && self.is_of_kind(algorithm) && self.algorithm.is_none_or(|own| own == algorithm)
    }

    /// The key with its public members only, for the runtime.
    #[must_use]
    pub fn jwk(&self) -> &str {
        &self.jwk
    }

    /// Its name for use with this algorithm: no other key has the same.
    #[must_use]
    pub fn name_for(&self, algorithm: Algorithm) -> String {
        [algorithm.name(), ".", &self.name].concat()
    }

    fn is_of_kind(&self, algorithm: Algorithm) -> bool {
        match algorithm.key_kind() {
            KeyKind::Secret(_) => false,
            KeyKind::Rsa => self.kind == KeyParameters::Rsa,
            KeyKind::Ec(curve, _) | KeyKind::Okp(curve) => {
                CURVES.iter().any(|(kind, name, ..)| *kind == self.kind && *name == curve)
            }
        }
    }
}

/// `use`, `key_ops` and `alg` (RFC 7517 §4.2–4.4): if present, they must allow verifying.
fn for_verifying(jwk: &Object<'_>) -> Result<Option<Algorithm>, JwkError> {
    if jwk.get("use").is_some_and(|usage| usage.string().as_deref() != Some("sig")) {
        return Err(JwkError::Purpose);
    }
    if let Some(operations) = jwk.get("key_ops") {
        let operations = operations.array().map_err(|_| JwkError::NoJwk)?;
        let names = operations.iter().filter_map(|operation| operation.string()).collect::<Vec<_>>();
        let is_twice = repeated(names.iter().map(AsRef::as_ref)).is_some();
        if is_twice || names.len() != operations.len() || !names.iter().any(|name| name == "verify") {
            return Err(JwkError::Purpose);
        }
    }
    match jwk.get("alg") {
        None => Ok(None),
        Some(name) => {
            let algorithm = name.string().and_then(|name| Algorithm::parse(&name));
            algorithm.map(Some).ok_or(JwkError::Purpose)
        }
    }
}

fn number(jwk: &Object<'_>, member: &str) -> Result<Vec<u8>, JwkError> {
    let text = jwk.string(member).ok_or(JwkError::Numbers)?;
    decode(&text).filter(|bytes| !bytes.is_empty()).ok_or(JwkError::Numbers)
}

fn rsa(jwk: &Object<'_>) -> Result<KeyParameters, JwkError> {
    let (modulus, exponent) = (number(jwk, "n")?, number(jwk, "e")?);
    let zeros = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = modulus.len() * 8 - zeros;
    if modulus.first() == Some(&0) || modulus.last().is_none_or(|byte| byte % 2 == 0) {
        return Err(JwkError::Numbers);
    }
    if !(2048..=8192).contains(&bits) {
        return Err(JwkError::Size);
    }
    if is_roca(&modulus) {
        return Err(JwkError::Numbers);
    }
    // Odd, at least 3, and of no more than 32 bits: larger ones only cost time.
    let odd = exponent.last().is_some_and(|byte| byte % 2 == 1) && exponent != [1];
    if exponent.first() == Some(&0) || exponent.len() > 4 || !odd {
        return Err(JwkError::Numbers);
    }
    Ok(KeyParameters::Rsa)
}

/// True for a modulus that can be factored (ROCA, CVE-2017-15361): modulo each of these primes it is a power of 65537,
/// which happens by chance about once in 2^27.
fn is_roca(modulus: &[u8]) -> bool {
    const PRIMES: [u32; 17] = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];
    PRIMES.iter().all(|prime| {
        let rest = modulus.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % prime);
        let mut power = 1;
        (0..*prime).any(|_| {
            power = power * 65537 % prime;
            power == rest
        })
    })
}

/// A curve, its name, `kty`, and the bytes of a coordinate.
const CURVES: [(KeyParameters, &str, &str, usize); 4] = [
    (KeyParameters::P256, "P-256", "EC", 32),
    (KeyParameters::P384, "P-384", "EC", 48),
    (KeyParameters::P521, "P-521", "EC", 66),
    (KeyParameters::Ed25519, "Ed25519", "OKP", 32),
];

fn curve(jwk: &Object<'_>, family: &str, coordinates: &[&str]) -> Result<KeyParameters, JwkError> {
    let name = jwk.string("crv").ok_or(JwkError::Kind)?;
    let known = CURVES.iter().find(|(_, curve, kty, _)| *curve == name && *kty == family);
    let (kind, _, _, length) = *known.ok_or(JwkError::Kind)?;
    for coordinate in coordinates {
        if number(jwk, coordinate)?.len() != length {
            return Err(JwkError::Numbers);
        }
    }
    Ok(kind)
}

/// The usable keys of a set, and how many are not; `None` if it is not a JWK Set.
#[must_use]
pub fn read_set(text: &str) -> Option<(Vec<PublicKey>, usize)> {
    if text.len() > MAX_LENGTH {
        return None;
    }
    let keys = Object::read(text).ok()?.get("keys")?.array().ok().filter(|keys| keys.len() <= MAX_KEYS)?;
    let all = keys.len();
    let usable = keys.into_iter().filter_map(|key| PublicKey::read(&key.object().ok()?).ok()).collect::<Vec<_>>();
    let unusable = all - usable.len();
    Some((usable, unusable))
}

/// The text in which checked keys are stored.
#[must_use]
pub fn write_checked(keys: &[PublicKey]) -> String {
    #[derive(Serialize)]
    struct Checked<'a> {
        keys: &'a [PublicKey],
    }
    json::write(&Checked { keys })
}

/// Those of the stored keys that fit.
#[must_use]
pub fn fitting(checked: &str, algorithm: Algorithm, kid: Option<&str>) -> Vec<PublicKey> {
    let keys = json::read::<Checked>(checked).map(|set| set.keys).unwrap_or_default();
    keys.into_iter().filter(|key| key.fits(algorithm, kid)).take(MAX_TRIES).collect()
}
