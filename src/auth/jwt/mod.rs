//! Pattern 2, token validation: JWTs that somebody else has signed (RFC 7519, with the advice of RFC 8725).
//!
//! What is trusted comes from the configuration: algorithms, keys, issuers, audiences. The token chooses among them and
//! brings nothing along. It is *not* decided here what the caller may do; tools declare that by their scopes.

pub mod claims;
pub mod discovery;
pub mod header;
pub mod hmac;
pub mod keys;
pub mod number;
pub(super) mod options;
mod set;

use std::borrow::Cow;

use crate::auth::bearer::{self, Caller, Found, Refusal, token_of};
use crate::flow::{Flow, Obtaining, Verify, VerifyShown};
use crate::jose::compact::{self, Unreadable, Untrusted};
use crate::json::Object;
use header::Header;
use keys::PublicKey;
pub use options::Options;
use set::Kept;

/// A token is remembered for no longer than this, in milliseconds.
const REMEMBER: u64 = 5 * 60 * 1000;

/// Why a token is refused. The caller never learns which; the operator's log does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each has its words in `reason`")]
pub enum Reject {
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

impl From<Unreadable> for Reject {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::NotAToken => Self::NotAToken,
            Unreadable::DuplicateMember => Self::DuplicateMember,
        }
    }
}

impl Reject {
    /// The reason, one of a fixed catalogue.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotAToken => bearer::NO_JWT,
            Self::DuplicateMember => "its JSON has a member twice",
            Self::Extension => "its header has crit, b64 or zip, and no extension is understood here",
            Self::KeyInToken => "its header brings a key along (jwk, jku, x5u or x5c)",
            Self::WrongType => "its typ is another than what is wanted here",
            Self::WrongAlgorithm => "its alg is not one of those that are configured",
            Self::UnknownKey => bearer::OTHER_KID,
            Self::BadSignature => "its signature is wrong",
            Self::OddDate => "exp, nbf or iat is not a number of seconds since 1970",
            Self::NeverExpires => "it has no exp",
            Self::Expired => "it is expired",
            Self::NotYet => "nbf or iat lies in the future",
            Self::LivesTooLong => "it lives longer than maxLifetime",
            Self::WrongIssuer => bearer::OTHER_ISSUER,
            Self::WrongAudience => "its aud does not name this server",
            Self::OddSubject => "its sub is empty or not a string",
            Self::Bound => "it is bound to a key or certificate of its client (cnf), which is not checked here",
            Self::NoKeys => "the keys cannot be fetched at the moment",
        }
    }

    fn refusal(self) -> Refusal {
        if self == Self::NoKeys { Refusal::Unavailable } else { Refusal::Token }
    }
}

/// A request to verify a token, as the shim hands it over; the key set that is kept so far is the body.
#[derive(Debug)]
pub struct Request<'a> {
    authorization: Option<Cow<'a, str>>,
    token: Option<Cow<'a, str>>,
    /// The names of the public keys that the shim has at hand, with a space after each.
    holds: Cow<'a, str>,
    kept: Kept<'a>,
}

impl<'a> Request<'a> {
    /// Reads what the shim hands over.
    #[must_use]
    pub fn read(input: &'a str, body: &'a str) -> Option<Self> {
        let input = Object::read(input).ok()?;
        let kept = Kept::read(input.get("keys"), body)?;
        let (authorization, token) = (input.string("authorization"), input.string("token"));
        Some(Self { authorization, token, holds: input.string("holds").unwrap_or_default(), kept })
    }

    /// The token, or why there is none.
    pub(super) fn token(&self) -> Result<&str, Found> {
        match self.token.as_deref() {
            Some(token) => Ok(token),
            None => token_of(self.authorization.as_deref()),
        }
    }

    /// Where the token is in what the shim has handed over: at its end, but for white space.
    fn place(&self, token: &str) -> Option<(usize, usize)> {
        let shown = self.token.as_deref().or(self.authorization.as_deref())?;
        let end = shown.trim_end_matches([' ', '\t']).len();
        let from = end.checked_sub(token.len())?;
        (shown.get(from..end) == Some(token)).then_some((from, end))
    }

    fn holds(&self, name: &str) -> bool {
        self.holds.split(' ').any(|held| held == name)
    }

    /// Where the issuer's keys or its endpoint were found to be.
    pub(super) fn kept_url(&self) -> Option<&str> {
        self.kept.url.as_deref()
    }
}

/// Finds out whose token a request carries.
///
/// 1. The token is taken apart; header and claims are checked, so that nobody's rubbish costs a fetch.
/// 2. The key: a secret, or those of a set, which is fetched where it is absent, too old, or lacks the key.
/// 3. The signature.
///
/// Waits: none for `HS…`; one for the signature with a kept key; one or more before it for fetching the set.
pub async fn verify(flow: &Flow<'_>, request: &Request<'_>, options: &Options) -> Found {
    let token = match request.token() {
        Ok(token) => token,
        Err(refused) => return refused,
    };
    match check(flow, token, request, options).await {
        Ok(caller) => Found::Caller(caller),
        Err(reject) => Found::Refused(reject.refusal(), reject.reason()),
    }
}

async fn check(flow: &Flow<'_>, token: &str, request: &Request<'_>, options: &Options) -> Result<Caller, Reject> {
    let now = flow.context().now();
    let untrusted = Untrusted::parse(token)?;
    let header = compact::read(&untrusted.header)?;
    let header = header::check(&header, options)?;
    let payload = core::str::from_utf8(&untrusted.payload).map_err(|_| Reject::NotAToken)?;
    let claims = compact::read(payload)?;
    let dates = claims::check(&claims, &options.rules, now)?;
    let keys = keys_for(flow, &header, &request.kept, options).await?;
    let caller = Caller {
        principal: claims::principal(&claims.string("iss").unwrap_or_default(), &claims, payload),
        scopes: claims::scopes(&claims),
        about: Box::new(claims::about(&claims, dates, &options.rules)),
        until: dates.expires.unwrap_or(u64::MAX).min(now + REMEMBER).min(keys.fresh_until),
        note: claims::note(dates, now),
        props: payload.to_owned(),
    };
    signed(flow, &header, &untrusted, &keys, options, Some((request, &caller))).await?;
    Ok(caller)
}

/// Checks the signature alone, and gives the payload in base64url: what published vectors are about. No claim is looked at, so this is
/// for tests only.
#[cfg(feature = "probe")]
pub async fn signature_only(flow: &Flow<'_>, token: &str, options: &Options) -> Result<String, Reject> {
    let untrusted = Untrusted::parse(token)?;
    let header = compact::read(&untrusted.header)?;
    let header = header::check(&header, options)?;
    let keys = keys_for(flow, &header, &Kept::default(), options).await?;
    signed(flow, &header, &untrusted, &keys, options, None).await?;
    Ok(crate::crypto::encode(&untrusted.payload))
}

/// The public keys that the token may have been signed with; none where a secret signs.
async fn keys_for<'a>(
    flow: &Flow<'_>,
    header: &Header<'_>,
    kept: &Kept<'_>,
    options: &'a Options,
) -> Result<set::Found<'a>, Reject> {
    if header.algorithm.is_secret() {
        return Ok(set::Found { keys: Cow::Borrowed(&[]), fresh_until: u64::MAX });
    }
    set::find(flow, header, kept, options).await
}

/// Checks the signature; `shown` is the request, and who is calling if it is right.
async fn signed(
    flow: &Flow<'_>,
    header: &Header<'_>,
    untrusted: &Untrusted<'_>,
    found: &set::Found<'_>,
    options: &Options,
    shown: Option<(&Request<'_>, &Caller)>,
) -> Result<(), Reject> {
    if header.algorithm.is_secret() {
        return shared(header, untrusted, options);
    }
    if header.algorithm.signature_length().is_some_and(|length| length != untrusted.signature.len()) {
        return Err(Reject::BadSignature);
    }
    // Where only one key is asked, its word decides.
    let decides = found.keys.len() == 1;
    let asked = found.keys.iter().map(|key| ask(flow, key, header, untrusted, shown, decides)).collect::<Vec<_>>();
    let mut signed = false;
    for verified in asked {
        signed |= verified.await == Ok(true);
    }
    if signed { Ok(()) } else { Err(Reject::BadSignature) }
}

/// Any of the secrets: while one is replaced by another, both count.
fn shared(header: &Header<'_>, untrusted: &Untrusted<'_>, options: &Options) -> Result<(), Reject> {
    let signs = |secret: &Vec<u8>| hmac::verify(header.algorithm, secret, untrusted.signed, &untrusted.signature);
    if options.secrets.iter().any(signs) { Ok(()) } else { Err(Reject::BadSignature) }
}

/// Asks whether the signature is that of `key`.
fn ask(
    flow: &Flow<'_>,
    key: &PublicKey,
    header: &Header<'_>,
    untrusted: &Untrusted<'_>,
    shown: Option<(&Request<'_>, &Caller)>,
    decides: bool,
) -> Obtaining<bool> {
    let algorithm = header.algorithm.verify();
    // Claims may be written on several lines; such a token takes the long way.
    let settling = shown.filter(|(_, caller)| decides && !caller.props.contains('\n'));
    let settles = settling.map(|(_, caller)| caller.found());
    let name = shown.map(|_| key.name_for(header.algorithm));
    if let (Some(name), Some((request, _))) = (&name, shown)
        && request.holds(name)
        && let Some((from, to)) = request.place(untrusted.text)
    {
        let dot = from + untrusted.signed.len();
        return flow.obtain(&VerifyShown { name: name.clone(), algorithm, from, dot, to, settles });
    }
    flow.obtain(&Verify {
        key: key.jwk(),
        import: header.algorithm.import(),
        algorithm,
        signature: untrusted.signature_text,
        signed: untrusted.signed,
        settles,
        name,
    })
}
