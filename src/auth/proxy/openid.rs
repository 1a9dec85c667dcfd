//! ID tokens (OpenID Connect Core 2 and 3.1.3.7).
//!
//! **Threat.** A token of another issuer, another client, another sign-in or another time is passed off as the answer to
//! ours. **Guarantee.** What [`Claims::check`] lets through was issued by the expected issuer to our client for this very
//! sign-in, and has not ended. It comes from the token endpoint over TLS, which the specification accepts in place of its
//! signature (3.1.3.7, 6). **Not guaranteed.** Anything about a token that came another way.

use crate::crypto;
use crate::json::{Object, Value};
use crate::oauth::identity::Denied;

/// What an ID token must say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    pub(super) client_id: &'a str,
    /// Nothing at a refresh, where the token may have none (Core 12.2).
    pub(super) nonce: Option<&'a str>,
    /// Milliseconds since 1970.
    pub(super) now: u64,
}

/// Clocks differ by this many seconds.
const LEEWAY: u64 = 60;

/// The claims of an ID token, as text.
#[derive(Debug)]
pub(super) struct Claims(String);

impl Claims {
    /// Takes the claims out of a token in compact form. Nothing about them is checked.
    pub(super) fn untrusted(token: &str) -> Result<Self, Denied> {
        let decode = || {
            let mut parts = token.split('.');
            let (header, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
            if parts.next().is_some() {
                return None;
            }
            let text = |part| String::from_utf8(crypto::decode(part)?).ok();
            let header = text(header)?;
            let signed = Object::read(&header).ok()?.string("alg").is_some_and(|alg| !alg.eq_ignore_ascii_case("none"));
            signed.then_some(text(claims)?)
        };
        decode().map(Self).ok_or_else(|| Denied::failed("the ID token cannot be read"))
    }

    /// The claims, once they are what is expected and `is_issuer` accepts their `iss`.
    pub(super) fn check(
        &self,
        expected: Expected<'_>,
        is_issuer: impl FnOnce(&str, &Object<'_>) -> bool,
    ) -> Result<Object<'_>, Denied> {
        let wrong = |what: &str| Denied::failed(format!("the ID token {what}"));
        let claims = Object::read(&self.0).map_err(|_| wrong("has claims that cannot be read"))?;
        let issuer = claims.string("iss").ok_or_else(|| wrong("names no issuer"))?;
        if !is_issuer(&issuer, &claims) {
            return Err(wrong("is of another issuer"));
        }
        let audiences = match claims.get("aud") {
            Some(list) if list.is_array() => list.array().unwrap_or_default().into_iter().map(Value::string).collect(),
            Some(one) => vec![one.string()],
            None => Vec::new(),
        };
        if !audiences.iter().any(|audience| audience.as_deref() == Some(expected.client_id)) {
            return Err(wrong("is for another client"));
        }
        match claims.get("azp").map(Value::string) {
            Some(azp) if azp.as_deref() != Some(expected.client_id) => {
                return Err(wrong("was given to another client"));
            }
            None if audiences.len() > 1 => {
                return Err(wrong("is for several clients and does not say to which it was given"));
            }
            _ => {}
        }
        let now = expected.now / 1000;
        match date(&claims, "exp") {
            Ok(Some(ends)) if now < ends.saturating_add(LEEWAY) => {}
            Ok(Some(_)) => return Err(wrong("has ended")),
            _ => return Err(wrong("has no time at which it ends")),
        }
        let has_begun = |name| date(&claims, name).map(|begins| begins.is_none_or(|begins| begins <= now + LEEWAY));
        if has_begun("nbf") != Ok(true) || has_begun("iat") != Ok(true) {
            return Err(wrong("has not begun"));
        }
        let nonce = claims.string("nonce");
        let is_ours = match expected.nonce {
            Some(wanted) => nonce.is_some_and(|nonce| crypto::same(nonce.as_bytes(), wanted.as_bytes())),
            None => true,
        };
        if !is_ours {
            return Err(wrong("was made for another sign-in"));
        }
        if claims.string("sub").is_none_or(|sub| sub.is_empty() || sub.len() > 255) {
            return Err(wrong("names nobody"));
        }
        Ok(claims)
    }
}

/// A date that is no number of seconds since 1970.
#[derive(Debug, PartialEq, Eq)]
struct NoDate;

/// A date in seconds since 1970, where there is one.
fn date(claims: &Object<'_>, name: &str) -> Result<Option<u64>, NoDate> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let (whole, fraction) = value.text().split_once('.').unwrap_or((value.text(), ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NoDate);
    }
    whole.parse().map(Some).map_err(|_| NoDate)
}

/// The claim `name`, where it is a text that says something.
pub(super) fn text(claims: &Object<'_>, name: &str) -> Option<String> {
    claims.string(name).filter(|text| !text.is_empty()).map(Into::into)
}

/// The claim `name`, a list of texts or one text.
pub(super) fn texts(claims: &Object<'_>, name: &str) -> Vec<String> {
    let Some(value) = claims.get(name) else { return Vec::new() };
    let values = if value.is_array() { value.array().unwrap_or_default() } else { vec![value] };
    values.into_iter().filter_map(Value::string).map(Into::into).collect()
}

/// A claim that is true, however the provider writes it.
pub(super) fn is_true(claims: &Object<'_>, name: &str) -> bool {
    claims.get(name).is_some_and(|value| matches!(value.text(), "true" | "1" | "\"true\"" | "\"1\""))
}
