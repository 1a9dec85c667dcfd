//! ID tokens (OpenID Connect Core 2 and 3.1.3.7).
//!
//! **Threat.** A token of another issuer, another client, another sign-in or another time is passed off as the answer
//! to ours, or one that nobody signed. **Guarantee.** A token that passes [`IdToken::check`] was signed by a key that
//! the provider publishes, issued by the expected issuer to our client for this very sign-in, and has not expired. The
//! provider's keys and their types decide which algorithms are accepted; a secret never is. **Not guaranteed.** That a
//! withdrawn key stops working immediately: it does within ten minutes.

use crate::crypto;
use crate::flow::{Document, Flow, Obtaining, Published, Verify};
use crate::identity::SignInError;
use crate::jose::algorithm::Algorithm;
use crate::jose::compact::{self, UntrustedToken};
use crate::jose::header;
use crate::jose::jwk::{self, PublicKey};
use crate::json::{Object, Value};

/// What an ID token must contain.
#[derive(Clone, Copy, Debug)]
pub(super) struct ExpectedClaims<'a> {
    pub(super) client_id: &'a str,
    /// `None` at a refresh, where the token may have none (Core 12.2).
    pub(super) nonce: Option<&'a str>,
    /// Milliseconds since 1970.
    pub(super) now: u64,
}

/// Tolerated clock difference, in seconds.
const LEEWAY: u64 = 60;
/// A copy of the provider's keys is fresh for this long, in milliseconds …
const FRESH: u64 = 10 * 60 * 1000;
/// … and used for this long if they cannot be fetched.
const STALE: u64 = 24 * 3600 * 1000;

/// A provider's published keys, which are requested immediately.
pub(super) struct Keys<'a> {
    flow: &'a Flow<'a>,
    url: String,
    asked: Obtaining<Published>,
}

impl<'a> Keys<'a> {
    /// Requests the keys at `url`.
    pub(super) fn ask(flow: &'a Flow<'a>, url: String) -> Self {
        let asked = Self::newer_than(flow, &url, FRESH);
        Self { flow, url, asked }
    }

    fn newer_than(flow: &Flow<'_>, url: &str, age: u64) -> Obtaining<Published> {
        let before = |age| flow.context().now().saturating_sub(age);
        flow.obtain(&Document { url: url.into(), since: Some(before(age)), stale: Some(before(STALE)) })
    }
}

/// An ID token of which nothing has been verified.
#[derive(Debug)]
pub(super) struct IdToken<'a> {
    token: UntrustedToken<'a>,
    claims: String,
    algorithm: Algorithm,
    kid: Option<String>,
}

/// Whether an issuer is the expected one, by its URL and the claims.
pub(super) type IsIssuer<'a> = dyn Fn(&str, &Object<'_>) -> bool + 'a;

impl<'a> IdToken<'a> {
    /// Parses a token. Nothing is checked yet, except that it has no key of its own, no extensions, and a signature.
    pub(super) fn untrusted(token: &'a str) -> Result<Self, SignInError> {
        let unreadable = || SignInError::failed("the ID token cannot be read");
        let token = UntrustedToken::parse(token).map_err(|_| unreadable())?;
        let header = compact::read(&token.header).map_err(|_| unreadable())?;
        let (algorithm, kid) = header::of_id_token(&header)
            .map_err(|reject| SignInError::failed(["the ID token is rejected: ", reject.reason()].concat()))?;
        if algorithm.is_secret() {
            return Err(SignInError::failed(
                "the ID token is signed with the client secret (HS256 or similar): configure the provider to sign with RS256 or ES256",
            ));
        }
        let kid = kid.map(String::from);
        let claims = core::str::from_utf8(&token.payload).map_err(|_| unreadable())?.to_owned();
        Ok(Self { token, claims, algorithm, kid })
    }

    /// The claims, after checking that they are as expected, that `is_issuer` accepts their `iss`, and that one of
    /// `keys` has signed them.
    ///
    /// Waits: for the keys, unless they are there; once more for keys if none fits; and for the signature.
    pub(super) async fn check(
        &self,
        keys: Keys<'_>,
        expected: ExpectedClaims<'_>,
        is_issuer: &IsIssuer<'_>,
    ) -> Result<Object<'_>, SignInError> {
        let claims = compact::read(&self.claims)
            .map_err(|_| SignInError::failed("the claims of the ID token cannot be parsed"))?;
        check(&claims, expected, is_issuer)?;
        self.signed(keys, &claims, is_issuer).await?;
        Ok(claims)
    }

    /// The text of its claims, which must only be trusted after [`Self::check`].
    pub(super) fn into_claims(self) -> String {
        self.claims
    }

    async fn signed(
        &self,
        Keys { flow, url, asked }: Keys<'_>,
        claims: &Object<'_>,
        is_issuer: &IsIssuer<'_>,
    ) -> Result<(), SignInError> {
        let silent = |_| SignInError::unavailable("the provider's keys cannot be fetched");
        let mut fitting = self.fitting(&asked.await.map_err(silent)?.body, claims, is_issuer);
        if fitting.is_empty() {
            // Tokens come from the provider itself, so nobody else can make us fetch with a made-up `kid`.
            let newer = Keys::newer_than(flow, &url, 0).await.map_err(silent)?;
            fitting = self.fitting(&newer.body, claims, is_issuer);
        }
        if fitting.is_empty() {
            return Err(SignInError::failed("the ID token is signed with a key that the provider does not publish"));
        }
        let verify = |key| Verify {
            key: PublicKey::jwk(key),
            import: self.algorithm.import(),
            algorithm: self.algorithm.verify(),
            signature: self.token.signature_text,
            signed: self.token.signed,
            name: None,
        };
        let asked = fitting.iter().map(|key| flow.obtain(&verify(key))).collect::<Vec<_>>();
        let mut signed = false;
        for verified in asked {
            signed |= verified.await == Ok(true);
        }
        if signed { Ok(()) } else { Err(SignInError::failed("the ID token has an invalid signature")) }
    }

    /// The keys of a set that may have signed this token. Entra serves many issuers from one set, and names with each
    /// key its issuer (learn.microsoft.com, "Access tokens", "Validate the issuer").
    fn fitting<'k>(&self, set: &'k str, claims: &Object<'_>, is_issuer: &IsIssuer<'_>) -> Vec<PublicKey> {
        let all = Object::read(set).ok().and_then(|set| set.get("keys")?.array().ok()).unwrap_or_default();
        let tenant = text(claims, "tid").unwrap_or_default();
        let key = |jwk: Value<'k>| {
            let jwk = jwk.object().ok()?;
            if let Some(issuer) = jwk.get("issuer") {
                let issuer = issuer.string()?;
                let of_tenant =
                    issuer.split_once("{tenantid}").map(|(before, after)| [before, &tenant, after].concat());
                is_issuer(of_tenant.as_deref().unwrap_or(&issuer), claims).then_some(())?;
            }
            PublicKey::read(&jwk).ok().filter(|key| key.fits(self.algorithm, self.kid.as_deref()))
        };
        let length = self.algorithm.signature_length();
        let has_length = length.is_none_or(|length| length == self.token.signature.len());
        let all = all.into_iter().take(jwk::MAX_KEYS).filter_map(key);
        if has_length { all.take(jwk::MAX_TRIES).collect() } else { Vec::new() }
    }
}

/// Checks the claims.
fn check(claims: &Object<'_>, expected: ExpectedClaims<'_>, is_issuer: &IsIssuer<'_>) -> Result<(), SignInError> {
    let wrong = |what: &str| SignInError::failed(["the ID token ", what].concat());
    let issuer = claims.string("iss").ok_or_else(|| wrong("has no issuer"))?;
    if !is_issuer(&issuer, claims) {
        return Err(wrong("has another issuer"));
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
            return Err(wrong("was issued to another client"));
        }
        None if audiences.len() > 1 => {
            return Err(wrong("is for several clients, but has no azp"));
        }
        _ => {}
    }
    let now = expected.now / 1000;
    match date(claims, "exp") {
        Ok(Some(ends)) if now < ends.saturating_add(LEEWAY) => {}
        Ok(Some(_)) => return Err(wrong("has expired")),
        _ => return Err(wrong("has no expiry")),
    }
    let has_begun = |name| date(claims, name).map(|begins| begins.is_none_or(|begins| begins <= now + LEEWAY));
    if has_begun("nbf") != Ok(true) || has_begun("iat") != Ok(true) {
        return Err(wrong("is not valid yet"));
    }
    let nonce = claims.string("nonce");
    let is_ours = match expected.nonce {
        Some(wanted) => nonce.is_some_and(|nonce| crypto::same(nonce.as_bytes(), wanted.as_bytes())),
        None => true,
    };
    if !is_ours {
        return Err(wrong("belongs to another sign-in"));
    }
    if claims.string("sub").is_none_or(|sub| sub.is_empty() || sub.len() > 255) {
        return Err(wrong("has no subject"));
    }
    Ok(())
}

/// A date that is not a number of seconds since 1970.
#[derive(Debug, PartialEq, Eq)]
struct NoDate;

/// A date in seconds since 1970, if present.
fn date(claims: &Object<'_>, name: &str) -> Result<Option<u64>, NoDate> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let (whole, fraction) = value.text().split_once('.').unwrap_or((value.text(), ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NoDate);
    }
    whole.parse().map(Some).map_err(|_| NoDate)
}

/// The claim `name`, if it is a string that is not empty.
pub(super) fn text(claims: &Object<'_>, name: &str) -> Option<String> {
    claims.string(name).filter(|text| !text.is_empty()).map(Into::into)
}

/// The claim `name`, a list of strings or one string.
pub(super) fn texts(claims: &Object<'_>, name: &str) -> Vec<String> {
    let Some(value) = claims.get(name) else { return Vec::new() };
    let values = if value.is_array() { value.array().unwrap_or_default() } else { vec![value] };
    values.into_iter().filter_map(Value::string).map(Into::into).collect()
}

/// True if the claim is true, in any notation that providers use.
pub(super) fn is_true(claims: &Object<'_>, name: &str) -> bool {
    claims.get(name).is_some_and(|value| matches!(value.text(), "true" | "1" | "\"true\"" | "\"1\""))
}
