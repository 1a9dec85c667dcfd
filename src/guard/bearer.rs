//! Bearer tokens (RFC 6750): extracts the token from the request's headers, and answers refused requests.
//!
//! Each verifier decides whether a token is valid. The result is a [`Caller`], or a [`Refusal`], which is answered here for
//! all verifiers. The response is generic; the reason goes to the operator's log.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::flow::Flow;
use crate::http::Answer;
use crate::http::challenge::Challenge;
use crate::json::Json;
use crate::jsonrpc::{Code, Fault};
use crate::rate_limit::{self, Network};

/// Longer tokens are refused unread.
pub const MAX_TOKEN: usize = 16 * 1024;

/// Who is calling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "VerifiedCaller"))]
pub struct Caller {
    /// The typed subject: `user:…`, `client:…` or `key:…`. Sessions are bound to it.
    pub principal: String,
    /// The caller's scopes.
    pub scopes: Vec<String>,
    /// What is known about the caller, an object: the claims of a token.
    #[cfg_attr(feature = "ts", ts(type = "Record<string, unknown>"))]
    pub props: Json,
    /// Until when this may be cached, in milliseconds since 1970.
    pub until: u64,
    /// What the token says about itself.
    #[serde(flatten)]
    pub about: Box<TokenInfo>,
    /// What the operator should know about tokens of this kind; logged once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'static str>,
}

/// What handlers may know about a token besides its caller; never the token itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TokenInfo {
    /// The OAuth client to which it was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// When it expires, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    /// The resource for which it is (RFC 8707), a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
}

/// A verifier's result: `{"caller":{…}}` or `{"refused":"…","reason":"…"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Verification {
    /// The token is valid, and this is its caller.
    Caller(Caller),
    /// The token is refused.
    #[serde(untagged)]
    Refused(Rejection),
}

/// Why a token is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Rejection {
    /// How the request ends.
    pub refused: Refusal,
    /// For the log: one of a fixed list, or what is wrong with the operator's record or result.
    pub reason: Cow<'static, str>,
    /// True if the token belongs to another kind or issuer than the verifier's: another verifier's refusal is more
    /// informative.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    #[cfg_attr(feature = "ts", ts(type = "true | null"))]
    pub foreign: bool,
    /// Until when the refusal may be cached, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
}

/// How a refused request ends. The names are also the codes in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Refusal {
    /// There is no token.
    Absent,
    /// The header is malformed.
    Malformed,
    /// The token is malformed, forged, expired, revoked, or not for this server.
    Token,
    /// The token is valid, but lacks scopes.
    Scope,
    /// Whether it is valid cannot be decided at the moment.
    Unavailable,
    /// Too many requests.
    SlowDown,
}

impl Refusal {
    /// All variants.
    pub const ALL: [Self; 6] =
        [Self::Absent, Self::Malformed, Self::Token, Self::Scope, Self::Unavailable, Self::SlowDown];
}

pub(super) const NO_JWT: &str = "the token is not a JWT in compact serialization";
pub(super) const OTHER_ISSUER: &str = "the iss is not the configured issuer";
pub(super) const OTHER_KID: &str = "no key matches its kid and alg";
pub(super) const NO_API_KEY: &str = "the token is not an API key of this server";

impl Rejection {
    /// A rejection with this reason.
    #[must_use]
    pub fn new(refused: Refusal, reason: impl Into<Cow<'static, str>>) -> Self {
        let reason = reason.into();
        let foreign = [NO_JWT, OTHER_ISSUER, OTHER_KID, NO_API_KEY].contains(&&*reason);
        Self { refused, reason, foreign, until: None }
    }
}

impl Verification {
    /// The token is refused.
    #[must_use]
    pub fn refused(refused: Refusal, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused(Rejection::new(refused, reason))
    }

    /// The token is refused, which may be cached until then, in milliseconds since 1970.
    #[must_use]
    pub fn refused_until(refused: Refusal, reason: &'static str, until: u64) -> Self {
        Self::Refused(Rejection { until: Some(until), ..Rejection::new(refused, reason) })
    }
}

/// The token of an `Authorization` header (RFC 6750 §2.1; the scheme in any letter case, RFC 9110 §11.1). Tokens in the
/// query or the body are not accepted.
pub fn token_of(header: Option<&str>) -> Result<&str, Rejection> {
    let Some(header) = header else { return Err(Rejection::new(Refusal::Absent, "the request has no token")) };
    let header = header.trim_matches([' ', '\t']);
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Rejection::new(Refusal::Absent, "the scheme of the Authorization header is not Bearer"));
    }
    let token = token.trim_start_matches(' ');
    if token.is_empty() || !token.bytes().all(|byte| TOKEN_BYTES.get(usize::from(byte)) == Some(&true)) {
        return Err(Rejection::new(
            Refusal::Malformed,
            "the Authorization header is not `Bearer`, one space and the token",
        ));
    }
    if token.len() > MAX_TOKEN {
        return Err(Rejection::new(Refusal::Token, "the token is longer than 16 KiB"));
    }
    Ok(token)
}

/// `b64token` of RFC 6750 §2.1; `=` is accepted anywhere, because the verifier checks the token itself. So is `:`, which
/// tokens of `@cloudflare/workers-oauth-provider` have: a client that still sends one gets 401, and asks for another.
const TOKEN_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, clippy::indexing_slicing, reason = "below 256")]
        {
            let one = byte as u8;
            table[byte] =
                one.is_ascii_alphanumeric() || matches!(one, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=' | b':');
        }
        byte += 1;
    }
    table
};

/// A refusal, as JavaScript passes it.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RefusalInput {
    #[serde(rename = "refused")]
    refusal: Refusal,
    scope: Option<String>,
    metadata: Option<String>,
    /// Seconds until the next attempt.
    retry: Option<u64>,
    /// True if the caller is no MCP client: the body is an error in OAuth's form.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>"))]
    plain: bool,
}

/// The response to a refused request (RFC 6750 §3, MCP 2026-07-28 basic/authorization §Error Handling). Waits: none.
#[must_use]
pub fn refuse(refused: &RefusalInput) -> Answer {
    let (status, error, message) = match refused.refusal {
        Refusal::Absent => (401, None, "An access token is required: send it as `Authorization: Bearer …`."),
        Refusal::Malformed => {
            (400, Some("invalid_request"), "The Authorization header must be `Bearer`, one space and the token.")
        }
        Refusal::Token => (
            401,
            Some("invalid_token"),
            "The access token is malformed, expired or revoked, or was issued for another server.",
        ),
        Refusal::Scope => (403, Some("insufficient_scope"), "The access token does not have the required scopes."),
        Refusal::Unavailable => {
            let message = "The access token cannot be checked at the moment. Try again in a few seconds.";
            return refused.body(503, "temporarily_unavailable", message).with("retry-after", "5");
        }
        Refusal::SlowDown => {
            let message = "Too many requests. Wait for the number of seconds in Retry-After, then try again.";
            let answer = refused.body(429, "slow_down", message).with("cache-control", "no-store");
            return answer.with("retry-after", refused.retry.unwrap_or(60).to_string());
        }
    };
    let challenge = Challenge {
        error,
        description: error.map(|_| message),
        scope: refused.scope.as_deref(),
        metadata: refused.metadata.as_deref(),
    };
    let answer = refused.body(status, error.unwrap_or("invalid_token"), message);
    answer.with("www-authenticate", challenge.text()).with("cache-control", "no-store")
}

impl RefusalInput {
    fn body(&self, status: u16, error: &str, message: &'static str) -> Answer {
        if self.plain {
            return Answer::error(status, error, message);
        }
        let code = if status == 503 { Code::InternalError } else { Code::InvalidRequest };
        Fault::new(status, code, message).answer(None)
    }
}

/// A request that counts towards a rate limit.
///
/// **Threat.** Someone guesses tokens, or one caller uses up what all share. **Guarantee.** Within an isolate, or with
/// a rate limiting binding within a location, all requests beyond the limit per minute get 429. **Not guaranteed.**
/// That these cost nothing: a token is checked before it counts as a failure, so failed attempts from an address do not
/// lock out others there who have a valid token.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RateLimitInput {
    most: u64,
    /// The caller.
    principal: Option<String>,
    /// The verifier at which an attempt has failed.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<String>"))]
    verifier: String,
    peer: Option<String>,
}

impl RateLimitInput {
    /// The key of the count. If no edge says who sends the request, it is not counted.
    fn key(&self) -> Option<String> {
        match &self.principal {
            Some(principal) => Some(rate_limit::key("calls", &[principal])),
            None => Network::of(self.peer.as_deref()?)
                .map(|Network { narrow, .. }| rate_limit::key("failures", &[&self.verifier, &narrow])),
        }
    }
}

/// Whether a request has to wait.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Count {
    /// Seconds until the next request, if this one exceeds the limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<u64>,
}

/// Counts the request. Waits: one, which is answered immediately.
pub async fn count(flow: &Flow<'_>, counted: &RateLimitInput) -> Count {
    let limits = counted.key().into_iter().map(|key| (key, counted.most)).collect();
    Count { retry: rate_limit::wait(flow, limits).await }
}
