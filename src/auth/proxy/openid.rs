//! ID tokens (OpenID Connect Core 2 and 3.1.3.7).
//!
//! **Threat.** A token of another issuer, another client, another sign-in or another time is passed off as the answer to
//! ours, or one that nobody signed. **Guarantee.** What [`IdToken::check`] lets through was signed by a key that the provider
//! publishes, issued by the expected issuer to our client for this very sign-in, and has not ended. The provider's keys and
//! their kind decide which algorithms count; a secret never does. **Not guaranteed.** That a key which the provider withdraws
//! stops counting at once: it does within ten minutes.

use crate::auth::jwt::header;
use crate::auth::jwt::keys::{self, PublicKey};
use crate::crypto;
use crate::flow::{Flow, Obtaining, Published, Recent, Verify};
use crate::jose::algorithm::Algorithm;
use crate::jose::compact::{self, Untrusted};
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
/// A copy of the provider's keys counts for this long, in milliseconds …
const FRESH: u64 = 10 * 60 * 1000;
/// … and for this long if they cannot be had.
const STALE: u64 = 24 * 3600 * 1000;

/// A provider's published keys, which are asked for at once.
pub(super) struct Keys<'a> {
    flow: &'a Flow<'a>,
    url: String,
    asked: Obtaining<Published>,
}

impl<'a> Keys<'a> {
    /// Asks for the keys at `url`.
    pub(super) fn ask(flow: &'a Flow<'a>, url: String) -> Self {
        let asked = Self::newer_than(flow, &url, FRESH);
        Self { flow, url, asked }
    }

    fn newer_than(flow: &Flow<'_>, url: &str, age: u64) -> Obtaining<Published> {
        let before = |age| flow.context().now().saturating_sub(age);
        flow.obtain(&Recent { url: url.into(), since: before(age), stale: before(STALE) })
    }
}

/// An ID token of which nothing is proven.
#[derive(Debug)]
pub(super) struct IdToken<'a> {
    token: Untrusted<'a>,
    claims: String,
    algorithm: Algorithm,
    kid: Option<String>,
}

/// Tells whether an issuer is the one that is expected, from its URL and the claims.
pub(super) type IsIssuer<'a> = dyn Fn(&str, &Object<'_>) -> bool + 'a;

impl<'a> IdToken<'a> {
    /// Takes a token apart. Nothing about it is checked, but that it does not name its own key, extensions, or no signature.
    pub(super) fn untrusted(token: &'a str) -> Result<Self, Denied> {
        let unreadable = || Denied::failed("the ID token cannot be read");
        let token = Untrusted::parse(token).map_err(|_| unreadable())?;
        let header = compact::read(&token.header).map_err(|_| unreadable())?;
        let (algorithm, kid) = header::of_id_token(&header)
            .map_err(|reject| Denied::failed(["the ID token is not taken: ", reject.reason()].concat()))?;
        if algorithm.is_secret() {
            return Err(Denied::failed(
                "the ID token is signed with our own secret (HS256 or its like): let the provider sign with RS256 or ES256",
            ));
        }
        let kid = kid.map(String::from);
        let claims = core::str::from_utf8(&token.payload).map_err(|_| unreadable())?.to_owned();
        Ok(Self { token, claims, algorithm, kid })
    }

    /// The claims, once they are what is expected, `is_issuer` accepts their `iss`, and one of `keys` has signed them.
    ///
    /// Waits: for the keys, unless they are there; once more for keys where none fits; and for the signature.
    pub(super) async fn check(
        &self,
        keys: Keys<'_>,
        expected: Expected<'_>,
        is_issuer: &IsIssuer<'_>,
    ) -> Result<Object<'_>, Denied> {
        let claims =
            compact::read(&self.claims).map_err(|_| Denied::failed("the ID token has claims that cannot be read"))?;
        check(&claims, expected, is_issuer)?;
        self.signed(keys, &claims, is_issuer).await?;
        Ok(claims)
    }

    /// The text of its claims, which are believed after [`Self::check`] only.
    pub(super) fn into_claims(self) -> String {
        self.claims
    }

    async fn signed(
        &self,
        Keys { flow, url, asked }: Keys<'_>,
        claims: &Object<'_>,
        is_issuer: &IsIssuer<'_>,
    ) -> Result<(), Denied> {
        let silent = |_| Denied::unavailable("the provider's keys cannot be had");
        let mut set = asked.await.map_err(silent)?;
        if self.fitting(&set.body, claims, is_issuer).is_empty() {
            // Tokens come from the provider itself, so nobody else can make us fetch with a made-up `kid`.
            set = Keys::newer_than(flow, &url, 0).await.map_err(silent)?;
        }
        let fitting = self.fitting(&set.body, claims, is_issuer);
        if fitting.is_empty() {
            return Err(Denied::failed("the ID token is signed with a key that the provider does not publish"));
        }
        let verify = |key| Verify {
            key: PublicKey::jwk(key),
            import: self.algorithm.import(),
            algorithm: self.algorithm.verify(),
            signature: self.token.signature_text,
            signed: self.token.signed,
            settles: None,
            name: None,
        };
        let asked = fitting.iter().map(|key| flow.obtain(&verify(key))).collect::<Vec<_>>();
        let mut signed = false;
        for verified in asked {
            signed |= verified.await == Ok(true);
        }
        if signed { Ok(()) } else { Err(Denied::failed("the ID token has a wrong signature")) }
    }

    /// The keys of a set that may have signed this token. Entra serves many issuers from one set, and says with each key for
    /// which (learn.microsoft.com, "Access tokens", "Validate the issuer").
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
        let all = all.into_iter().take(keys::MAX_KEYS).filter_map(key);
        if has_length { all.take(keys::MAX_TRIES).collect() } else { Vec::new() }
    }
}

/// Checks what the claims say.
fn check(claims: &Object<'_>, expected: Expected<'_>, is_issuer: &IsIssuer<'_>) -> Result<(), Denied> {
    let wrong = |what: &str| Denied::failed(["the ID token ", what].concat());
    let issuer = claims.string("iss").ok_or_else(|| wrong("names no issuer"))?;
    if !is_issuer(&issuer, claims) {
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
    match date(claims, "exp") {
        Ok(Some(ends)) if now < ends.saturating_add(LEEWAY) => {}
        Ok(Some(_)) => return Err(wrong("has ended")),
        _ => return Err(wrong("has no time at which it ends")),
    }
    let has_begun = |name| date(claims, name).map(|begins| begins.is_none_or(|begins| begins <= now + LEEWAY));
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
    Ok(())
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
