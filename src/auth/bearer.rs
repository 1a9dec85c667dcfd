//! Bearer tokens (RFC 6750): taking one from the request's head, and what is answered where it does not let in.
//!
//! Whether a token is good is each verifier's own business. They agree on how it ends: with a [`Caller`], or with a
//! [`Refusal`] that is answered here in one way. What a caller reads is generic; the reason goes to the operator's log.

use std::borrow::Cow;

use crate::flow::Flow;
use crate::http::Answer;
use crate::http::challenge::Challenge;
use crate::json::{Members, Object};
use crate::jsonrpc::{Code, Fault};
use crate::limit::{self, Network};

/// Tokens longer than this are not looked at.
pub const MAX_TOKEN: usize = 16 * 1024;

/// Who is calling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The typed subject: `user:…`, `client:…` or `key:…`. Sessions are bound to it.
    pub principal: String,
    /// What the caller may do.
    pub scopes: Vec<String>,
    /// What is known about the caller, a JSON object: the claims of a token.
    pub props: String,
    /// What the token says of itself.
    pub about: Box<About>,
    /// Until when this may be remembered, in milliseconds since 1970.
    pub until: u64,
    /// What the operator should know about tokens like this one; logged once.
    pub note: Option<&'static str>,
}

/// What handlers may know of a token, beside whose it is; never the token itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The OAuth client that it was issued to.
    pub client: Option<String>,
    /// When it ends, in seconds since 1970.
    pub expires: Option<u64>,
    /// The resource that it is for (RFC 8707), a URL.
    pub resource: Option<String>,
}

/// What a verifier finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The token is good, and this is whose it is.
    Caller(Caller),
    /// The token does not let in. The reason is one of a fixed catalogue, for the log.
    Refused(Refusal, &'static str),
    /// Nobody can tell, since what the operator keeps or answers is no good: the reason says what is wrong with it.
    Unusable(String),
    /// The token does not let in, and that may be remembered until then, in milliseconds since 1970.
    RefusedUntil(Refusal, &'static str, u64),
}

/// How a request ends that is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no token.
    Absent,
    /// The header cannot be read.
    Malformed,
    /// The token is malformed, forged, expired, revoked or not for this server.
    Token,
    /// The token is good, and does not go far enough.
    Scope,
    /// Whether it is good cannot be told now.
    Unavailable,
    /// Too many requests.
    SlowDown,
}

impl Caller {
    /// The caller as what was found.
    #[must_use]
    pub fn found(&self) -> String {
        let Self { principal, scopes, props, about, until, note } = self;
        let caller = Members::new()
            .text("principal", principal)
            .strings("scopes", scopes)
            .raw("props", props)
            .number("until", *until)
            .maybe("client", about.client.as_deref())
            .maybe_raw("expires", about.expires.map(|expires| expires.to_string()).as_deref())
            .maybe("resource", about.resource.as_deref())
            .maybe("note", *note);
        Members::new().object("caller", caller).end()
    }
}

impl Refusal {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Absent, "absent"),
        (Self::Malformed, "malformed"),
        (Self::Token, "token"),
        (Self::Scope, "scope"),
        (Self::Unavailable, "unavailable"),
        (Self::SlowDown, "slow_down"),
    ];

    /// All names, which are also the codes in the log.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::ALL.iter().map(|(_, name)| *name)
    }

    /// Its name on the boundary.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(refusal, _)| *refusal == self).map_or("token", |(_, name)| name)
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, own)| *own == name).map(|(refusal, _)| *refusal)
    }
}

/// The reasons of a verifier for which the token is none of its kind: any other's tells more.
pub(super) const FOREIGN: [&str; 4] = [NO_JWT, OTHER_ISSUER, OTHER_KID, NO_API_KEY];
pub(super) const NO_JWT: &str = "it is not a JWT in the compact form";
pub(super) const OTHER_ISSUER: &str = "its iss is another than what is configured";
pub(super) const OTHER_KID: &str = "its kid and alg fit none of the keys";
pub(super) const NO_API_KEY: &str = "it is no API key of this server";

fn refused(refusal: Refusal, reason: &str) -> Members {
    let members = Members::new().text("refused", refusal.name()).text("reason", reason);
    if FOREIGN.contains(&reason) { members.flag("foreign", true) } else { members }
}

impl Found {
    /// What was found, as the shim reads it.
    #[must_use]
    pub fn to_json(&self) -> String {
        match self {
            Self::Caller(caller) => caller.found(),
            Self::Unusable(reason) => refused(Refusal::Unavailable, reason).end(),
            Self::Refused(refusal, reason) => refused(*refusal, reason).end(),
            Self::RefusedUntil(refusal, reason, until) => refused(*refusal, reason).number("until", *until).end(),
        }
    }
}

/// The token of an `Authorization` header (RFC 6750 §2.1; the scheme in any case, RFC 9110 §11.1). Tokens travel nowhere
/// else: not in the query, not in the body.
pub fn token_of(header: Option<&str>) -> Result<&str, Found> {
    let Some(header) = header else { return Err(Found::Refused(Refusal::Absent, "it has no token")) };
    let header = header.trim_matches([' ', '\t']);
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Found::Refused(Refusal::Absent, "its Authorization header has another scheme than Bearer"));
    }
    let token = token.trim_start_matches(' ');
    if token.is_empty() || !token.bytes().all(|byte| TOKEN_BYTES.get(usize::from(byte)) == Some(&true)) {
        return Err(Found::Refused(
            Refusal::Malformed,
            "its Authorization header is not `Bearer`, one space and the token",
        ));
    }
    if token.len() > MAX_TOKEN {
        return Err(Found::Refused(Refusal::Token, "its token is longer than 16 KiB"));
    }
    Ok(token)
}

/// `b64token` of RFC 6750 §2.1; `=` counts anywhere, since what the token says is checked by its verifier.
const TOKEN_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, clippy::indexing_slicing, reason = "below 256")]
        {
            let one = byte as u8;
            table[byte] = one.is_ascii_alphanumeric() || matches!(one, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=');
        }
        byte += 1;
    }
    table
};

/// A refusal on its way out, as the shim hands it over.
#[derive(Debug)]
pub struct Refused<'a> {
    refusal: Refusal,
    scope: Option<Cow<'a, str>>,
    metadata: Option<Cow<'a, str>>,
    /// Seconds after which to come back.
    retry: Option<Cow<'a, str>>,
}

impl<'a> Refused<'a> {
    /// Reads what the shim hands over.
    #[must_use]
    pub fn read(input: &'a str) -> Option<Self> {
        let input = Object::read(input).ok()?;
        Some(Self {
            refusal: Refusal::parse(&input.string("refused")?)?,
            scope: input.string("scope"),
            metadata: input.string("metadata"),
            retry: input.string("retry"),
        })
    }
}

/// The answer to a request that is not let in (RFC 6750 §3, MCP 2026-07-28 basic/authorization §Error Handling). Waits:
/// none.
#[must_use]
pub fn refuse(refused: &Refused<'_>) -> Answer {
    let (status, error, message) = match refused.refusal {
        Refusal::Absent => (401, None, "An access token is needed: send it as `Authorization: Bearer …`."),
        Refusal::Malformed => {
            (400, Some("invalid_request"), "The Authorization header must be `Bearer`, one space and the token.")
        }
        Refusal::Token => {
            (401, Some("invalid_token"), "The access token is malformed, expired, revoked or not for this server.")
        }
        Refusal::Scope => {
            (403, Some("insufficient_scope"), "The access token does not have the scopes that are needed.")
        }
        Refusal::Unavailable => {
            let message = "The access token cannot be checked at the moment. Try again in a few seconds.";
            return Fault::new(503, Code::InternalError, message).answer(None).with("retry-after", "5");
        }
        Refusal::SlowDown => {
            let message = "Too many requests. Wait for as many seconds as Retry-After says, then try again.";
            let answer = Fault::new(429, Code::InvalidRequest, message).answer(None).with("cache-control", "no-store");
            return answer.with("retry-after", refused.retry.as_deref().unwrap_or("60"));
        }
    };
    let challenge = Challenge {
        error,
        description: error.map(|_| message),
        scope: refused.scope.as_deref(),
        metadata: refused.metadata.as_deref(),
    };
    let answer = Fault::new(status, Code::InvalidRequest, message).answer(None);
    answer.with("www-authenticate", challenge.text()).with("cache-control", "no-store")
}

/// A request that is counted.
///
/// **Threat.** Somebody tries tokens, or one caller takes what is there for all. **Guarantee.** Within an isolate, or with a
/// rate limiting binding within a location, no more than so many in a minute are answered other than by 429.
/// **Not guaranteed.** That nothing is spent on the others: a token is looked at before it counts as a failure, so that whoever
/// fails at an address locks out nobody who has a good one there.
#[derive(Debug)]
pub struct Counted {
    key: Option<String>,
    most: u64,
}

impl Counted {
    /// Reads `{"most":30,"verifier":"…","peer":"…"}`, an attempt that has failed, or `{"most":300,"principal":"…"}`, a call.
    #[must_use]
    pub fn read(input: &str) -> Option<Self> {
        let input = Object::read(input).ok()?;
        let key = match input.string("principal") {
            Some(principal) => Some(limit::key("calls", &[&principal])),
            // Where no edge says who sends it, nobody is counted.
            None => input.string("peer").and_then(|peer| Network::of(&peer)).map(|Network { narrow, .. }| {
                limit::key("failures", &[&input.string("verifier").unwrap_or_default(), &narrow])
            }),
        };
        Some(Self { key, most: input.get("most")?.text().parse().ok()? })
    }
}

/// Counts the request: `{"retry":"12"}` where it is beyond the limit, with the seconds until the next may come, else `{}`. Waits:
/// one, which is answered at once.
pub async fn count(flow: &Flow<'_>, Counted { key, most }: &Counted) -> String {
    let limits = key.iter().map(|key| (key.clone(), *most)).collect();
    let retry = limit::wait(flow, limits).await.map(|seconds| seconds.to_string());
    Members::new().maybe("retry", retry.as_deref()).end()
}
