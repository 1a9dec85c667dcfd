//! Public keys: JWK and JWK Set (RFC 7517, RFC 7518 §6, RFC 8037 §2).
//!
//! Of a set, each key that cannot be used is left out and the others count (RFC 7517 §5). A shared secret is never taken
//! from one. Checking a key costs more than using it, so a set is checked once, when it comes; what is kept of it
//! ([`write_checked`]) has the usable keys only, and is read without being judged again.

use crate::crypto::{decode, encode, sha256};
use crate::jose::algorithm::{Algorithm, KeyKind};
use crate::json::{Object, Value, array, object, quoted};
use crate::unique::repeated;

/// A set may have this many keys.
pub const MAX_KEYS: usize = 100;
/// A set may be this long, in bytes.
pub const MAX_LENGTH: usize = 256 * 1024;
/// So many keys are tried where a token does not say which.
pub const MAX_TRIES: usize = 4;
/// Characters of a key's name (128 bits and a little).
const NAME: usize = 22;

/// A public key that can be used.
#[derive(Clone, Debug)]
pub struct PublicKey {
    kid: Option<String>,
    /// The one algorithm that it is for, where it says so.
    algorithm: Option<Algorithm>,
    kind: Kind,
    jwk: String,
    /// The beginning of its hash.
    name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rsa,
    Curve(&'static str),
}

/// Why a key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It is no JWK.
    NoJwk,
    /// It is a shared secret.
    Secret,
    /// It has its private half with it.
    Private,
    /// It is for encryption, or for nothing that is known here.
    Purpose,
    /// Its kind is not known here.
    Kind,
    /// Its numbers are not those of a key of its kind.
    Numbers,
    /// It is an RSA key of fewer than 2048 bits, or of more than 8192.
    Size,
}

impl Unusable {
    /// The reason in words, with the fix where there is one.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::NoJwk => "it is not a JWK (a JSON object with `kty`)",
            Self::Secret => "it is a shared secret: give it as `secret`",
            Self::Private => {
                "it contains the private key: give the public half only, and replace the key if others saw it"
            }
            Self::Purpose => "its `use`, `key_ops` or `alg` say that it is not for verifying signatures",
            Self::Kind => "its `kty` or `crv` is not one of RSA, EC (P-256, P-384, P-521) and OKP (Ed25519)",
            Self::Numbers => "its numbers are not those of a key of its kind",
            Self::Size => "RSA keys must have 2048 to 8192 bits: `npx mcp-wicket keys` makes one",
        }
    }
}

impl PublicKey {
    /// Reads one JWK, and judges it.
    pub fn read(jwk: &Object<'_>) -> Result<Self, Unusable> {
        let family = jwk.string("kty").ok_or(Unusable::NoJwk)?;
        if family == "oct" {
            return Err(Unusable::Secret);
        }
        if ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].iter().any(|member| jwk.get(member).is_some()) {
            return Err(Unusable::Private);
        }
        let algorithm = for_verifying(jwk)?;
        let (kind, members) = match family.as_ref() {
            "RSA" => rsa(jwk)?,
            "EC" => curve(jwk, "EC", &["x", "y"])?,
            "OKP" => curve(jwk, "OKP", &["x"])?,
            _ => return Err(Unusable::Kind),
        };
        let name = jwk.get("kid").map(|name| name.string().map(String::from).ok_or(Unusable::NoJwk)).transpose()?;
        let hash = encode(&sha256(members.as_bytes()));
        let key = Self { kid: name, algorithm, kind, jwk: members, name: hash.chars().take(NAME).collect() };
        // The key's own `alg` must be one for its kind.
        if algorithm.is_some_and(|algorithm| !key.is_of_kind(algorithm)) { Err(Unusable::Purpose) } else { Ok(key) }
    }

    /// True if a token of this algorithm and `kid` may have been signed with it.
    #[must_use]
    pub fn fits(&self, algorithm: Algorithm, kid: Option<&str>) -> bool {
        let named = self.kid.is_none() || kid.is_none() || self.kid.as_deref() == kid;
        named && self.is_of_kind(algorithm) && self.algorithm.is_none_or(|own| own == algorithm)
    }

    /// What [`write_checked`] keeps of it.
    fn checked(&self) -> String {
        let (kid, name) = (self.kid.as_deref().map(quoted), self.algorithm.map(|algorithm| quoted(algorithm.name())));
        let hash = quoted(&self.name);
        let mut members = vec![("jwk", self.jwk.as_str()), ("name", hash.as_str())];
        members.extend(kid.as_deref().map(|kid| ("kid", kid)));
        members.extend(name.as_deref().map(|name| ("alg", name)));
        object(&members)
    }

    fn of_checked(text: Value<'_>) -> Option<Self> {
        let key = text.object().ok()?;
        let jwk = key.get("jwk")?;
        let kind = match jwk.object().ok()?.string("crv") {
            None => Kind::Rsa,
            Some(curve) => Kind::Curve(CURVES.iter().find(|(name, ..)| *name == curve)?.0),
        };
        let algorithm = key.string("alg").and_then(|name| Algorithm::parse(&name));
        let name = key.string("name")?.into();
        Some(Self { kid: key.string("kid").map(String::from), algorithm, kind, jwk: jwk.text().into(), name })
    }

    /// The key with its public members only, for the runtime.
    #[must_use]
    pub fn jwk(&self) -> &str {
        &self.jwk
    }

    /// What it is called where it is used with this algorithm: no other key has the name.
    #[must_use]
    pub fn name_for(&self, algorithm: Algorithm) -> String {
        [algorithm.name(), ".", &self.name].concat()
    }

    fn is_of_kind(&self, algorithm: Algorithm) -> bool {
        match (algorithm.key_kind(), self.kind) {
            (KeyKind::Rsa, Kind::Rsa) => true,
            (KeyKind::Ec(curve, _) | KeyKind::Okp(curve), Kind::Curve(own)) => own == curve,
            _ => false,
        }
    }
}

/// `use`, `key_ops` and `alg` (RFC 7517 §4.2–4.4): what they say must be true of a key for verifying.
fn for_verifying(jwk: &Object<'_>) -> Result<Option<Algorithm>, Unusable> {
    if jwk.get("use").is_some_and(|usage| usage.string().as_deref() != Some("sig")) {
        return Err(Unusable::Purpose);
    }
    if let Some(operations) = jwk.get("key_ops") {
        let operations = operations.array().map_err(|_| Unusable::NoJwk)?;
        let names = operations.iter().filter_map(|operation| operation.string()).collect::<Vec<_>>();
        let is_twice = repeated(names.iter().map(AsRef::as_ref)).is_some();
        if is_twice || names.len() != operations.len() || !names.iter().any(|name| name == "verify") {
            return Err(Unusable::Purpose);
        }
    }
    match jwk.get("alg") {
        None => Ok(None),
        Some(name) => {
            let algorithm = name.string().and_then(|name| Algorithm::parse(&name));
            algorithm.map(Some).ok_or(Unusable::Purpose)
        }
    }
}

fn number(jwk: &Object<'_>, member: &str) -> Result<Vec<u8>, Unusable> {
    let text = jwk.string(member).ok_or(Unusable::Numbers)?;
    decode(&text).filter(|bytes| !bytes.is_empty()).ok_or(Unusable::Numbers)
}

fn rsa(jwk: &Object<'_>) -> Result<(Kind, String), Unusable> {
    let (modulus, exponent) = (number(jwk, "n")?, number(jwk, "e")?);
    let zeros = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = modulus.len() * 8 - zeros;
    if modulus.first() == Some(&0) || modulus.last().is_none_or(|byte| byte % 2 == 0) {
        return Err(Unusable::Numbers);
    }
    if !(2048..=8192).contains(&bits) {
        return Err(Unusable::Size);
    }
    if is_roca(&modulus) {
        return Err(Unusable::Numbers);
    }
    // Odd, at least 3, and of no more than 32 bits: larger ones only cost time.
    let odd = exponent.last().is_some_and(|byte| byte % 2 == 1) && exponent != [1];
    if exponent.first() == Some(&0) || exponent.len() > 4 || !odd {
        return Err(Unusable::Numbers);
    }
    Ok((Kind::Rsa, public(jwk, "RSA", &["n", "e"])?))
}

/// True for a modulus of the kind that can be factored (CVE-2017-15361): modulo each of these primes it is a power of
/// 65537, which chance gives once in 2^27 or so.
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

/// Name, `kty`, and the bytes of a coordinate.
const CURVES: [(&str, &str, usize); 4] =
    [("P-256", "EC", 32), ("P-384", "EC", 48), ("P-521", "EC", 66), ("Ed25519", "OKP", 32)];

fn curve(jwk: &Object<'_>, family: &str, coordinates: &[&str]) -> Result<(Kind, String), Unusable> {
    let name = jwk.string("crv").ok_or(Unusable::Kind)?;
    let known = CURVES.iter().find(|(curve, kty, _)| *curve == name && *kty == family);
    let (curve, kty, length) = *known.ok_or(Unusable::Kind)?;
    for coordinate in coordinates {
        if number(jwk, coordinate)?.len() != length {
            return Err(Unusable::Numbers);
        }
    }
    let members = [&["crv"], coordinates].concat();
    Ok((Kind::Curve(curve), public(jwk, kty, &members)?))
}

/// The key with `kty` and these members, and nothing else.
fn public(jwk: &Object<'_>, kty: &str, members: &[&str]) -> Result<String, Unusable> {
    let kty = crate::json::quoted(kty);
    let mut all = vec![("kty", kty.as_str())];
    for member in members {
        all.push((member, jwk.get(member).ok_or(Unusable::Numbers)?.text()));
    }
    Ok(object(&all))
}

/// The keys of a set that can be used, and how many cannot; nothing if it is no JWK Set.
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

/// The text in which checked keys are kept.
#[must_use]
pub fn write_checked(keys: &[PublicKey]) -> String {
    object(&[("keys", &array(keys.iter().map(PublicKey::checked)))])
}

/// Of keys that are kept, those that fit.
#[must_use]
pub fn fitting(checked: &str, algorithm: Algorithm, kid: Option<&str>) -> Vec<PublicKey> {
    let keys = Object::read(checked).ok().and_then(|set| set.get("keys")?.array().ok()).unwrap_or_default();
    let all = keys.into_iter().filter_map(PublicKey::of_checked);
    all.filter(|key| key.fits(algorithm, kid)).take(MAX_TRIES).collect()
}
