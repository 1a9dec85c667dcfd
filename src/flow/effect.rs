//! The complete list of effects. Their interpreters, with the limits of each, are in `js/boundary/effects/`.
//!
//! Each effect writes itself as a JSON object, and reads its outcome from JSON text.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::objects::Writes;
use super::signature::StoreKeySet;
use crate::json::{Json, Object};

/// An effect that only obtains something: it may be performed again, because it changes nothing. It is written with its
/// `kind`.
pub trait Obtain: Serialize {
    /// The outcome if the effect succeeds.
    type Outcome: DeserializeOwned;
}

/// Why an effect has no outcome. The log has the reason in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Failure {
    /// The other side did not answer in time.
    Timeout,
    /// The other side could not be reached, or the connection broke.
    Unreachable,
    /// The effect's own limits forbid it: scheme, address, size, redirect.
    Refused,
    /// There is no one to ask: the Worker has no Durable Objects.
    Absent,
    /// Anything else.
    Failed,
}

/// The root key of the server's keyring. Outcome: its text for the crypto module; none if there is no object that could
/// store one.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename = "root-key")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RootKey {}

impl Obtain for RootKey {
    type Outcome = Option<String>;
}

/// Delivers a message to whoever waits for it under a tag: a running call, in any isolate, or a stream. Outcome:
/// whether anyone was waiting. It changes nothing that is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename = "reach")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Reach {
    /// The object through which they can be reached.
    pub object: String,
    /// The tag under which they wait.
    pub tag: String,
    /// The message.
    pub message: String,
    /// For a cancellation: the ID of the request that is cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancels: Option<Json>,
}

impl Obtain for Reach {
    type Outcome = bool;
}

/// Whether a client listens to the stream that the object stores.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename = "listening")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Listening {
    /// The object's name.
    pub object: String,
}

impl Obtain for Listening {
    type Outcome = bool;
}

/// One outgoing HTTP request. https only (http to loopback during development), no redirects, bounded in time and size.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename = "fetch")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Fetch {
    /// Absolute URL.
    pub url: String,
    /// HTTP method.
    pub method: &'static str,
    /// Request headers, lower case.
    pub headers: Vec<(&'static str, String)>,
    /// Request body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// True for a host that anyone may name: limited to 5 seconds; a body of more than 5 KB is cut one byte after the
    /// limit.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>"))]
    pub brief: bool,
}

impl Obtain for Fetch {
    type Outcome = Fetched;
}

/// Outcome of [`Fetch`], with any status.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Fetched {
    /// HTTP status.
    pub status: u16,
    /// Response body as text.
    pub body: String,
    /// The header that says how many more requests may be made (`js/boundary/effects/fetch.ts`).
    pub remaining: Option<String>,
    /// The header `Retry-After`.
    pub retry_after: Option<String>,
}

impl Fetched {
    /// True if the server cannot answer at the moment, which says nothing about the request itself. Some servers report
    /// a rate limit with 403, in a header or only in the body:
    ///
    /// - GitHub: `x-ratelimit-remaining: 0`, `retry-after`, or a `message` about a (secondary) rate limit (docs.github.com,
    ///   "Rate limits for the REST API", "Exceeding the rate limit");
    /// - Google: `error.errors[].reason` `rateLimitExceeded`, `userRateLimitExceeded`, `dailyLimitExceeded` or `quotaExceeded`
    ///   (developers.google.com, "Resolve errors" of its APIs), `error.status` `RESOURCE_EXHAUSTED`, `error.details[].reason`
    ///   `RATE_LIMIT_EXCEEDED` (google.rpc.Code, google.api.ErrorReason);
    /// - Okta: `errorCode` `E0000047`, `x-rate-limit-remaining: 0` (developer.okta.com, "Error codes and descriptions", "Rate
    ///   limits");
    /// - OAuth: `temporarily_unavailable` (RFC 6749 section 4.1.2.1).
    #[must_use]
    pub fn is_outage(&self) -> bool {
        let is_spent = self.remaining.as_deref().is_some_and(|remaining| remaining.trim() == "0");
        let is_limited = is_spent || self.retry_after.is_some();
        matches!(self.status, 429 | 500..) || (self.status == 403 && (is_limited || says_limit(&self.body)))
    }
}

/// Words in errors that mean a rate limit, compared without what is between their letters.
const LIMITS: [&str; 6] =
    ["ratelimit", "limitexceeded", "quotaexceeded", "resourceexhausted", "toomanyrequests", "temporarilyunavailable"];

/// Whether the body of an error reports a rate limit: as an object, or as one in its `error`.
fn says_limit(body: &str) -> bool {
    let Ok(body) = Object::read(body) else { return false };
    let inner = body.get("error").and_then(|error| error.object().ok());
    let is_limit = |error: &Object<'_>| {
        let texts = ["error", "error_description", "message", "reason", "status", "code", "errorSummary"];
        texts.iter().filter_map(|name| error.string(name)).any(|text| is_limit(&text))
    };
    let causes = |error: &Object<'_>| {
        let lists = ["errors", "details"].map(|name| error.get(name).and_then(|list| list.array().ok()));
        lists.into_iter().flatten().flatten().filter_map(|cause| cause.object().ok()).any(|cause| is_limit(&cause))
    };
    body.string("errorCode").as_deref() == Some("E0000047")
        || [Some(body), inner].iter().flatten().any(|error| is_limit(error) || causes(error))
}

fn is_limit(text: &str) -> bool {
    let letters = text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase());
    let letters = letters.collect::<String>();
    LIMITS.iter().any(|limit| letters.contains(limit))
}

/// Reads one value from the KV namespace. Outcome: the value, if there is one.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename = "load")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Load {
    /// The key, at most 512 bytes.
    pub key: String,
}

impl Obtain for Load {
    type Outcome = Option<String>;
}

/// A write that is performed before the answer is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Commit {
    /// Writes one value to the KV namespace.
    Store {
        /// The key, at most 512 bytes.
        key: String,
        /// The value.
        value: String,
    },
    /// Stores a copy in the KV namespace, for speed only: nothing waits for it, and if it fails nothing else does.
    Keep {
        /// The key, at most 512 bytes.
        key: String,
        /// The value.
        value: String,
        /// Lifetime in seconds, at least 60.
        seconds: u32,
    },
    /// Inside an object: one transaction over its rows.
    Rows(Writes),
    /// Writes an audit event.
    Audit {
        /// An object without secrets.
        #[cfg_attr(feature = "ts", ts(as = "crate::json::ObjectText"))]
        event: Json,
    },
    /// Calls an object after all audit events of this flow before it have been delivered; not if that failed. Nothing
    /// waits for it, and if it fails nothing else does.
    Receipt {
        /// As in [`Ask`](super::Ask).
        object: String,
        /// As in [`Ask`](super::Ask).
        call: &'static str,
        /// As in [`Ask`](super::Ask).
        input: Json,
    },
    /// Remembers an issuer's keys, in this isolate.
    Remember(StoreKeySet),
}
