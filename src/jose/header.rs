//! The JOSE header (RFC 7515 §4). It selects among what is configured, and contributes nothing of its own: no key, no
//! algorithm, no extension.

use std::borrow::Cow;

use super::algorithm::Algorithm;
use super::compact::JwsError;
use crate::json::Object;

/// The part of a header that counts.
#[derive(Debug)]
pub struct Header<'a> {
    /// One of the configured algorithms.
    pub algorithm: Algorithm,
    /// The ID of the key that signed.
    pub kid: Option<Cow<'a, str>>,
}

/// Checks a header against the configuration: the type, if one is required, and the algorithms.
pub fn check<'a>(header: &Object<'a>, pinned: Option<&str>, algorithms: &[Algorithm]) -> Result<Header<'a>, JwsError> {
    no_extension(header)?;
    no_key_of_its_own(header)?;
    typ(header, pinned)?;
    Ok(Header { algorithm: algorithm(header, algorithms)?, kid: kid(header)? })
}

/// Algorithm and `kid` of an ID token's header (OpenID Connect Core 2); the provider's keys decide whether they count.
#[cfg(feature = "oauth")]
pub fn of_id_token<'a>(header: &Object<'a>) -> Result<(Algorithm, Option<Cow<'a, str>>), JwsError> {
    no_extension(header)?;
    no_key_of_its_own(header)?;
    if header.get("typ").is_some() {
        // If `typ` names another kind of token, it is not an ID token (RFC 8725 §3.11).
        typ(header, Some("JWT"))?;
    }
    let name = header.string("alg").ok_or(JwsError::WrongAlgorithm)?;
    Ok((Algorithm::parse(&name).ok_or(JwsError::WrongAlgorithm)?, kid(header)?))
}

/// No extension is supported, so none that must be understood (§4.1.11); nor is a payload that is not base64url (RFC
/// 7797) or is compressed.
fn no_extension(header: &Object<'_>) -> Result<(), JwsError> {
    let extended = ["crit", "b64", "zip"].iter().any(|member| header.get(member).is_some());
    if extended { Err(JwsError::Extension) } else { Ok(()) }
}

/// Keys come from the configuration, never from the token (RFC 8725 §3.10).
fn no_key_of_its_own(header: &Object<'_>) -> Result<(), JwsError> {
    let brought = ["jwk", "jku", "x5u", "x5c"].iter().any(|member| header.get(member).is_some());
    if brought { Err(JwsError::KeyInToken) } else { Ok(()) }
}

/// The type, if one is required: equal except for letter case and the prefix `application/` (§4.1.9). Otherwise one
/// that an access token may have; a logout token or a `DPoP` proof is not one (RFC 8725 §3.11).
fn typ(header: &Object<'_>, pinned: Option<&str>) -> Result<(), JwsError> {
    let typ = match header.get("typ") {
        None => None,
        Some(typ) => Some(typ.string().ok_or(JwsError::WrongType)?.to_ascii_lowercase()),
    };
    let plain = |typ: &str| typ.strip_prefix("application/").unwrap_or(typ).to_owned();
    let fits = match (typ.as_deref().map(plain).as_deref(), pinned) {
        (Some(typ), Some(pinned)) => typ == plain(&pinned.to_ascii_lowercase()),
        (None | Some("jwt" | "at+jwt"), None) => true,
        (None, Some(_)) | (Some(_), None) => false,
    };
    if fits { Ok(()) } else { Err(JwsError::WrongType) }
}

fn algorithm(header: &Object<'_>, algorithms: &[Algorithm]) -> Result<Algorithm, JwsError> {
    let name = header.string("alg").ok_or(JwsError::WrongAlgorithm)?;
    let algorithm = Algorithm::parse(&name).filter(|algorithm| algorithms.contains(algorithm));
    algorithm.ok_or(JwsError::WrongAlgorithm)
}

fn kid<'a>(header: &Object<'a>) -> Result<Option<Cow<'a, str>>, JwsError> {
    match header.get("kid") {
        None => Ok(None),
        Some(kid) => kid.string().map(Some).ok_or(JwsError::NotAToken),
    }
}
