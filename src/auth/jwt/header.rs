//! The JOSE header (RFC 7515 §4). It chooses among what is configured and brings nothing along: no key, no algorithm, no
//! extension.

use std::borrow::Cow;

use super::Reject;
use super::options::Options;
use crate::jose::algorithm::Algorithm;
use crate::json::Object;

/// What of a header counts.
#[derive(Debug)]
pub struct Header<'a> {
    /// One of the configured algorithms.
    pub algorithm: Algorithm,
    /// Which key signed.
    pub kid: Option<Cow<'a, str>>,
}

/// Checks a header against what is configured.
pub fn check<'a>(header: &Object<'a>, options: &Options) -> Result<Header<'a>, Reject> {
    no_extension(header)?;
    no_key_of_its_own(header)?;
    typ(header, options.typ.as_deref())?;
    Ok(Header { algorithm: algorithm(header, options)?, kid: kid(header)? })
}

/// Algorithm and `kid` of an ID token's header (OpenID Connect Core 2); the provider's keys decide whether they count.
#[cfg(feature = "oauth")]
pub fn of_id_token<'a>(header: &Object<'a>) -> Result<(Algorithm, Option<Cow<'a, str>>), Reject> {
    no_extension(header)?;
    no_key_of_its_own(header)?;
    if header.get("typ").is_some() {
        // A token of another kind that says so is none (RFC 8725 §3.11).
        typ(header, Some("JWT"))?;
    }
    let name = header.string("alg").ok_or(Reject::WrongAlgorithm)?;
    Ok((Algorithm::parse(&name).ok_or(Reject::WrongAlgorithm)?, kid(header)?))
}

/// No extension is known here, so one that must be understood is not (§4.1.11); nor is a payload that is not base64url
/// (RFC 7797) or compressed.
fn no_extension(header: &Object<'_>) -> Result<(), Reject> {
    let extended = ["crit", "b64", "zip"].iter().any(|member| header.get(member).is_some());
    if extended { Err(Reject::Extension) } else { Ok(()) }
}

/// Keys come from the configuration, never from the token (RFC 8725 §3.10).
fn no_key_of_its_own(header: &Object<'_>) -> Result<(), Reject> {
    let brought = ["jwk", "jku", "x5u", "x5c"].iter().any(|member| header.get(member).is_some());
    if brought { Err(Reject::KeyInToken) } else { Ok(()) }
}

/// The type, if it is pinned, to the letter but for case and the prefix `application/` (§4.1.9). If not, what it may be for
/// an access token; a logout token or a `DPoP` proof is none (RFC 8725 §3.11).
fn typ(header: &Object<'_>, pinned: Option<&str>) -> Result<(), Reject> {
    let typ = match header.get("typ") {
        None => None,
        Some(typ) => Some(typ.string().ok_or(Reject::WrongType)?.to_ascii_lowercase()),
    };
    let plain = |typ: &str| typ.strip_prefix("application/").unwrap_or(typ).to_owned();
    let fits = match (typ.as_deref().map(plain).as_deref(), pinned) {
        (Some(typ), Some(pinned)) => typ == plain(&pinned.to_ascii_lowercase()),
        (None | Some("jwt" | "at+jwt"), None) => true,
        (None, Some(_)) | (Some(_), None) => false,
    };
    if fits { Ok(()) } else { Err(Reject::WrongType) }
}

fn algorithm(header: &Object<'_>, options: &Options) -> Result<Algorithm, Reject> {
    let name = header.string("alg").ok_or(Reject::WrongAlgorithm)?;
    let algorithm = Algorithm::parse(&name).filter(|algorithm| options.algorithms.contains(algorithm));
    algorithm.ok_or(Reject::WrongAlgorithm)
}

fn kid<'a>(header: &Object<'a>) -> Result<Option<Cow<'a, str>>, Reject> {
    match header.get("kid") {
        None => Ok(None),
        Some(kid) => kid.string().map(Some).ok_or(Reject::NotAToken),
    }
}
