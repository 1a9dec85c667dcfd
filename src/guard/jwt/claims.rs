//! The claims (RFC 7519 §4.1, RFC 9068 §2.2), one check each.

use std::borrow::Cow;

use super::JwtError;
use crate::crypto::{encode, sha256};
use crate::guard::bearer::TokenInfo;
use crate::http::scope::is_token;
use crate::jose::numeric_date::thousandths;
use crate::json::{Object, Value};
use crate::unique::distinct;

/// A token's dates, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dates {
    /// `exp`; `None` only if the rules allow it.
    pub expires: Option<u64>,
    /// `iat`.
    pub issued: Option<u64>,
}

/// What the claims must be.
#[derive(Debug)]
pub struct Rules {
    /// `iss` is one of these.
    pub issuers: Vec<String>,
    /// `aud` names one of these.
    pub audiences: Vec<String>,
    /// Milliseconds by which clocks may differ.
    pub leeway: u64,
    /// The maximum from issue to expiry, in milliseconds.
    pub max_lifetime: Option<u64>,
    /// Whether `exp` is required.
    pub require_exp: bool,
    /// Whether `iss` is required.
    pub require_iss: bool,
    /// Whether `aud` is required.
    pub require_aud: bool,
}

/// Checks a token's claims at `now`, in milliseconds since 1970.
pub fn check(claims: &Object<'_>, rules: &Rules, now: u64) -> Result<Dates, JwtError> {
    let dates = Dates { expires: date(claims, "exp")?, issued: date(claims, "iat")? };
    expires(dates, rules, now)?;
    not_before(date(claims, "nbf")?, rules, now)?;
    issued(dates, rules, now)?;
    lifetime(dates, rules, now)?;
    issuer(claims, rules)?;
    audience(claims, rules)?;
    subject(claims)?;
    unbound(claims)?;
    Ok(dates)
}

/// A `NumericDate` (RFC 7519 §2): a number, finite and not before 1970. Any other value is refused, so that no date is
/// skipped because it is malformed.
fn date(claims: &Object<'_>, name: &str) -> Result<Option<u64>, JwtError> {
    claims.get(name).map(|value| thousandths(value.text()).ok_or(JwtError::OddDate)).transpose()
}

fn expires(dates: Dates, rules: &Rules, now: u64) -> Result<(), JwtError> {
    match dates.expires {
        None if rules.require_exp => Err(JwtError::NeverExpires),
        Some(expires) if now >= expires.saturating_add(rules.leeway) => Err(JwtError::Expired),
        _ => Ok(()),
    }
}

fn not_before(not_before: Option<u64>, rules: &Rules, now: u64) -> Result<(), JwtError> {
    if not_before.is_some_and(|begins| now + rules.leeway < begins) { Err(JwtError::NotYet) } else { Ok(()) }
}

fn issued(dates: Dates, rules: &Rules, now: u64) -> Result<(), JwtError> {
    if dates.issued.is_some_and(|issued| now + rules.leeway < issued) { Err(JwtError::NotYet) } else { Ok(()) }
}

/// What the operator should know about tokens with these dates: the longer they live, the longer a stolen one works.
#[must_use]
pub fn note(dates: Dates, now: u64) -> Option<&'static str> {
    const HOUR: u64 = 3_600_000;
    let begins = dates.issued.unwrap_or(now);
    match dates.expires {
        None => Some("Tokens without exp are accepted, so a stolen token works forever. Issue tokens with exp."),
        Some(expires) if expires.saturating_sub(begins) > HOUR + 60_000 => Some(
            "Tokens that live longer than an hour are accepted: 15 to 60 minutes are enough, and a stolen one works for less \
             time. Set maxLifetime to refuse longer ones.",
        ),
        Some(_) => None,
    }
}

/// Checks the maximum lifetime, if there is one: from `iat`, or from now if that is absent.
fn lifetime(dates: Dates, rules: &Rules, now: u64) -> Result<(), JwtError> {
    let Some(limit) = rules.max_lifetime else { return Ok(()) };
    let begins = dates.issued.unwrap_or(now).min(now);
    let lives = dates.expires.is_none_or(|expires| expires.saturating_sub(begins) > limit + rules.leeway);
    if lives { Err(JwtError::LivesTooLong) } else { Ok(()) }
}

/// `iss` must be one of the configured issuers, character by character.
fn issuer(claims: &Object<'_>, rules: &Rules) -> Result<(), JwtError> {
    if !rules.require_iss && claims.get("iss").is_none() {
        return Ok(());
    }
    let issuer = claims.string("iss").ok_or(JwtError::WrongIssuer)?;
    if rules.issuers.iter().any(|own| *own == issuer) { Ok(()) } else { Err(JwtError::WrongIssuer) }
}

/// `aud`, a string or a list of strings, must include this server.
fn audience(claims: &Object<'_>, rules: &Rules) -> Result<(), JwtError> {
    if !rules.require_aud && claims.get("aud").is_none() {
        return Ok(());
    }
    let value = claims.get("aud").ok_or(JwtError::WrongAudience)?;
    let named = if value.is_array() { value.array().map_err(|_| JwtError::WrongAudience)? } else { vec![value] };
    let mut ours = false;
    for audience in named {
        let audience = audience.string().ok_or(JwtError::WrongAudience)?;
        ours |= rules.audiences.iter().any(|own| *own == audience);
    }
    if ours { Ok(()) } else { Err(JwtError::WrongAudience) }
}

/// What handlers may know about the token: `client_id` (RFC 9068 §2.2) or other issuers' name for it, `exp`, and the
/// audience that is this server, if that is a URL.
#[must_use]
pub fn about(claims: &Object<'_>, dates: Dates, rules: &Rules) -> TokenInfo {
    let audience = claims.get("aud");
    let named = audience.map(|audience| audience.array().unwrap_or_else(|_| vec![audience])).unwrap_or_default();
    let ours = |audience: &str| rules.audiences.iter().any(|own| own == audience) && audience.contains("://");
    let resource = named.into_iter().filter_map(Value::string).find(|audience| ours(audience));
    TokenInfo {
        client: client(claims).map(Into::into),
        expires: dates.expires.map(|expires| expires / 1000),
        resource: resource.map(Into::into),
    }
}

fn client<'a>(claims: &Object<'a>) -> Option<Cow<'a, str>> {
    ["client_id", "azp", "cid"].iter().find_map(|name| claims.string(name)).filter(|id| !id.is_empty())
}

/// `sub` must be a string if it is present.
fn subject(claims: &Object<'_>) -> Result<(), JwtError> {
    let odd = claims.get("sub").is_some_and(|subject| subject.string().is_none_or(|subject| subject.is_empty()));
    if odd { Err(JwtError::OddSubject) } else { Ok(()) }
}

/// A token that is bound to its client's key or certificate (RFC 9449 §6.1, RFC 8705 §3.1) is not a bearer token:
/// without checking the proof, a thief could use it.
fn unbound(claims: &Object<'_>) -> Result<(), JwtError> {
    if claims.get("cnf").is_some() { Err(JwtError::Bound) } else { Ok(()) }
}

/// The scopes: `scope`, words in a string (RFC 8693 §4.2), or `scp`, a string or a list, as some issuers write it.
#[must_use]
pub fn scopes(claims: &Object<'_>) -> Vec<String> {
    let values = [claims.get("scope"), claims.get("scp")].into_iter().flatten();
    let values = values.flat_map(|value| value.array().unwrap_or_else(|_| vec![value]));
    let texts = values.filter_map(Value::string).collect::<Vec<_>>();
    let words = texts.iter().flat_map(|text| text.split(' ')).filter(|scope| is_token(scope));
    distinct(words).into_iter().map(Into::into).collect()
}

/// The typed subject of a token: `user:<issuer>:<sub>`, or `client:<issuer>:<id>` if a client acts for itself (its ID
/// is the subject, RFC 9068 §2.2, or there is no subject). Colons of the issuer are escaped, so that no issuer can name
/// the subjects of another. A token without any of these is a principal of its own.
#[must_use]
pub fn principal(issuer: &str, claims: &Object<'_>, payload: &str) -> String {
    let mut escaped = String::new();
    for character in issuer.chars() {
        match character {
            '%' => escaped.push_str("%25"),
            ':' => escaped.push_str("%3A"),
            other => escaped.push(other),
        }
    }
    let (kind, id) = match (claims.string("sub"), client(claims)) {
        (Some(subject), Some(client)) if subject == client => ("client", subject.into_owned()),
        (Some(subject), _) => ("user", subject.into_owned()),
        (None, Some(client)) => ("client", client.into_owned()),
        (None, None) => ("token", encode(&sha256(payload.as_bytes()))),
    };
    [kind, ":", &escaped, ":", &id].concat()
}
