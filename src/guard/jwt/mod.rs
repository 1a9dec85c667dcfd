//! Pattern 2, token validation: JWTs of other issuers (RFC 7519, following RFC 8725).
//!
//! Algorithms, keys, issuers and audiences come only from the configuration; the token selects among them. Authorization is
//! *not* decided here; tools declare their scopes.

pub mod claims;
pub mod hmac;
pub(super) mod options;
mod set;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::flow::{Flow, Obtaining, Shortcut, Verify, VerifyFromInput};
use crate::guard::bearer::{self, Caller, Refusal, Rejection, Verification, token_of};
use crate::jose::compact::{self, JwsError, UntrustedToken};
use crate::jose::header::{self, Header};
use crate::jose::jwk::PublicKey;
use crate::json::{self, Json};
pub use options::Options;
use set::CachedKeySet;

/// A verified token is cached for at most this long, in milliseconds.
const REMEMBER: u64 = 5 * 60 * 1000;

/// Why a token is refused. Only the operator's log says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each has its words in `reason`")]
pub enum JwtError {
    NotAToken,
    DuplicateMember,
    Extension,
    KeyInToken,
    WrongType,
    WrongAlgorithm,
    UnknownKey,
    BadSignature,
    OddDate,
    NeverExpires,
    Expired,
    NotYet,
    LivesTooLong,
    WrongIssuer,
    WrongAudience,
    OddSubject,
    Bound,
    NoKeys,
}

impl From<JwsError> for JwtError {
    fn from(unreadable: JwsError) -> Self {
        match unreadable {
            JwsError::NotAToken => Self::NotAToken,
            JwsError::DuplicateMember => Self::DuplicateMember,
            JwsError::Extension => Self::Extension,
            JwsError::KeyInToken => Self::KeyInToken,
            JwsError::WrongType => Self::WrongType,
            JwsError::WrongAlgorithm => Self::WrongAlgorithm,
        }
    }
}

impl JwtError {
    /// The reason, one of a fixed list.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotAToken => bearer::NO_JWT,
            Self::DuplicateMember => JwsError::DuplicateMember.reason(),
            Self::Extension => JwsError::Extension.reason(),
            Self::KeyInToken => JwsError::KeyInToken.reason(),
            Self::WrongType => JwsError::WrongType.reason(),
            Self::WrongAlgorithm => JwsError::WrongAlgorithm.reason(),
            Self::UnknownKey => bearer::OTHER_KID,
            Self::BadSignature => "the signature is invalid",
            Self::OddDate => "exp, nbf or iat is not a number of seconds since 1970",
            Self::NeverExpires => "the token has no exp",
            Self::Expired => "the token has expired",
            Self::NotYet => "nbf or iat is in the future",
            Self::LivesTooLong => "the token's lifetime exceeds maxLifetime",
            Self::WrongIssuer => bearer::OTHER_ISSUER,
            Self::WrongAudience => "the aud does not include this server",
            Self::OddSubject => "the sub is empty or not a string",
            Self::Bound => {
                "the token is bound to a key or certificate of its client (cnf), whose proof of possession is not supported"
            }
            Self::NoKeys => "the keys cannot be fetched at the moment",
        }
    }

    fn refusal(self) -> Refusal {
        if self == Self::NoKeys { Refusal::Unavailable } else { Refusal::Token }
    }
}

/// A request to verify a token, as JavaScript passes it; the stored key set is the body.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct VerifierInput<'a> {
    authorization: Option<String>,
    token: Option<String>,
    /// The names of the public keys that JavaScript has imported, separated by spaces.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<String>"))]
    holds: String,
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<CachedKeySet>"))]
    keys: CachedKeySet,
    /// The text of the stored key set.
    #[serde(skip)]
    set: &'a str,
}

impl<'a> VerifierInput<'a> {
    /// Reads what JavaScript passes.
    #[must_use]
    pub fn read(input: &str, set: &'a str) -> Option<Self> {
        json::read::<VerifierInput<'_>>(input).ok().map(|request| Self { set, ..request })
    }

    /// The token, or why there is none.
    pub(super) fn token(&self) -> Result<&str, Rejection> {
        match self.token.as_deref() {
            Some(token) => Ok(token),
            None => token_of(self.authorization.as_deref()),
        }
    }

    /// Where the token stands in the input from JavaScript: at its end, except for white space.
    fn place(&self, token: &str) -> Option<(usize, usize)> {
        let shown = self.token.as_deref().or(self.authorization.as_deref())?;
        let end = shown.trim_end_matches([' ', '\t']).len();
        let from = end.checked_sub(token.len())?;
        (shown.get(from..end) == Some(token)).then_some((from, end))
    }

    fn holds(&self, name: &str) -> bool {
        self.holds.split(' ').any(|held| held == name)
    }

    /// The stored key set, and its text.
    fn kept(&self) -> (&CachedKeySet, &str) {
        (&self.keys, self.set)
    }

    /// Where the issuer's keys or its endpoint were found.
    pub(super) fn kept_url(&self) -> Option<&str> {
        self.keys.url.as_deref()
    }
}

/// The JSON form of [`Verification::Caller`].
#[derive(Serialize)]
struct VerifiedJson<'a> {
    caller: &'a Caller,
}

/// Decides whose token a request has.
///
/// 1. The token is parsed; header and claims are checked first, so that an invalid token never causes a fetch.
/// 2. The key: a secret, or those of a set, which is fetched if it is absent, too old, or lacks the key.
/// 3. The signature.
///
/// Waits: none for `HS…`; one for the signature with a stored key; one or more before it to fetch the set.
pub async fn verify(flow: &Flow<'_>, request: &VerifierInput<'_>, options: &Options) -> Verification {
    let token = match request.token() {
        Ok(token) => token,
        Err(refused) => return Verification::Refused(refused),
    };
    match check(flow, token, request, options).await {
        Ok(caller) => Verification::Caller(caller),
        Err(reject) => Verification::refused(reject.refusal(), reject.reason()),
    }
}

async fn check(
    flow: &Flow<'_>,
    token: &str,
    request: &VerifierInput<'_>,
    options: &Options,
) -> Result<Caller, JwtError> {
    let now = flow.context().now();
    let untrusted = UntrustedToken::parse(token)?;
    let header = compact::read(&untrusted.header)?;
    let header = header::check(&header, options.typ.as_deref(), &options.algorithms)?;
    let payload = core::str::from_utf8(&untrusted.payload).map_err(|_| JwtError::NotAToken)?;
    let claims = compact::read(payload)?;
    let dates = claims::check(&claims, &options.rules, now)?;
    let keys = keys_for(flow, &header, request.kept(), options).await?;
    let caller = Caller {
        principal: claims::principal(&claims.string("iss").unwrap_or_default(), &claims, payload),
        scopes: claims::scopes(&claims),
        about: Box::new(claims::about(&claims, dates, &options.rules)),
        until: dates.expires.unwrap_or(u64::MAX).min(now + REMEMBER).min(keys.fresh_until),
        note: claims::note(dates, now),
        props: Json::from_text(payload.to_owned()),
    };
    signed(flow, &header, &untrusted, &keys, options, Some((request, &caller))).await?;
    Ok(caller)
}

/// Checks the signature alone, as published vectors need it, and returns the payload in base64url. No claim is checked,
/// so this is for tests only.
#[cfg(feature = "probe")]
pub async fn signature_only(flow: &Flow<'_>, token: &str, options: &Options) -> Result<String, JwtError> {
    let untrusted = UntrustedToken::parse(token)?;
    let header = compact::read(&untrusted.header)?;
    let header = header::check(&header, options.typ.as_deref(), &options.algorithms)?;
    let keys = keys_for(flow, &header, (&CachedKeySet::default(), ""), options).await?;
    signed(flow, &header, &untrusted, &keys, options, None).await?;
    Ok(crate::crypto::encode(&untrusted.payload))
}

/// The public keys that may have signed the token; empty for shared secrets.
async fn keys_for<'a>(
    flow: &Flow<'_>,
    header: &Header<'_>,
    kept: (&CachedKeySet, &str),
    options: &'a Options,
) -> Result<set::MatchingKeys<'a>, JwtError> {
    if header.algorithm.is_secret() {
        return Ok(set::MatchingKeys { keys: Cow::Borrowed(&[]), fresh_until: u64::MAX });
    }
    set::find(flow, header, kept, options).await
}

/// Checks the signature; `shown` is the request, and the caller if it is valid.
async fn signed(
    flow: &Flow<'_>,
    header: &Header<'_>,
    untrusted: &UntrustedToken<'_>,
    found: &set::MatchingKeys<'_>,
    options: &Options,
    shown: Option<(&VerifierInput<'_>, &Caller)>,
) -> Result<(), JwtError> {
    if header.algorithm.is_secret() {
        return shared(header, untrusted, options);
    }
    if header.algorithm.signature_length().is_some_and(|length| length != untrusted.signature.len()) {
        return Err(JwtError::BadSignature);
    }
    // If only one key fits, its result decides.
    let decides = found.keys.len() == 1;
    let asked = found.keys.iter().map(|key| ask(flow, key, header, untrusted, shown, decides)).collect::<Vec<_>>();
    let mut signed = false;
    for verified in asked {
        signed |= verified.await == Ok(true);
    }
    if signed { Ok(()) } else { Err(JwtError::BadSignature) }
}

/// Any of the secrets: during rotation, both are accepted.
fn shared(header: &Header<'_>, untrusted: &UntrustedToken<'_>, options: &Options) -> Result<(), JwtError> {
    let signs = |secret: &Vec<u8>| hmac::verify(header.algorithm, secret, untrusted.signed, &untrusted.signature);
    if options.secrets.iter().any(signs) { Ok(()) } else { Err(JwtError::BadSignature) }
}

/// Requests the check of the signature with `key`.
fn ask(
    flow: &Flow<'_>,
    key: &PublicKey,
    header: &Header<'_>,
    untrusted: &UntrustedToken<'_>,
    shown: Option<(&VerifierInput<'_>, &Caller)>,
    decides: bool,
) -> Obtaining<bool> {
    let algorithm = header.algorithm.verify();
    // Claims may contain line breaks; such a token takes the usual way.
    let settled = shown.filter(|_| decides).map(|(_, caller)| json::write(&VerifiedJson { caller }));
    let shortcut = settled.and_then(Shortcut::settling);
    let name = shown.map(|_| key.name_for(header.algorithm));
    if let (Some(name), Some((request, _))) = (&name, shown)
        && request.holds(name)
        && let Some((from, to)) = request.place(untrusted.text)
    {
        let dot = from + untrusted.signed.len();
        let verify = VerifyFromInput { name: name.clone(), algorithm, from, dot, to };
        return flow.obtain_by(&verify, shortcut);
    }
    let verify = Verify {
        key: key.jwk(),
        import: header.algorithm.import(),
        algorithm,
        signature: untrusted.signature_text,
        signed: untrusted.signed,
        name,
    };
    flow.obtain_by(&verify, shortcut)
}
