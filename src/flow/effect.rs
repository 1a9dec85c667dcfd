//! The complete list of what the package can touch. Limits and manners of each live in its interpreter, `js/effects/`.
//!
//! Each effect writes itself as a JSON object, and reads its outcome from JSON text.

use super::objects::{Ask, Writes};
use super::signature::Remember;
use super::stencil::Stencil;
use crate::json::{Members, Object, Value, array, list};

/// An effect that only obtains: it may be asked again, and changes nothing.
pub trait Obtain {
    /// What the effect comes to when it succeeds.
    type Outcome;
    /// The effect as the shim gets it, with its `kind`.
    fn json(&self) -> String;
    /// Reads an outcome; nothing if it does not have the promised shape.
    fn outcome(json: Value<'_>) -> Option<Self::Outcome>;
    /// The head of the shortcut that goes with the effect, if there is one (`Splice`).
    fn head(&self) -> Option<&str> {
        None
    }
    /// Where the effect has the request's id and arguments from, if it only passes them on.
    fn stencil(&self) -> Option<Stencil> {
        None
    }
}

/// Why an effect has no outcome. The reason in words is in the operator's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The other side did not answer in time.
    Timeout,
    /// The other side could not be reached, or broke off.
    Unreachable,
    /// The effect's own limits forbid it: scheme, address, size, redirect.
    Refused,
    /// There is nobody to ask: the Worker has no Durable Objects.
    Absent,
    /// Anything else.
    Failed,
}

impl Failure {
    const ALL: [Self; 5] = [Self::Timeout, Self::Unreachable, Self::Refused, Self::Absent, Self::Failed];

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Absent => "absent",
            Self::Failed => "failed",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|failure| failure.name() == name)
    }
}

/// The root key of the server's keyring. Outcome: its text for the crypto module; nothing where there is no object to
/// keep one.
#[derive(Debug)]
pub struct RootKey;

impl Obtain for RootKey {
    type Outcome = Option<String>;
    fn json(&self) -> String {
        Members::kind("root-key").end()
    }
    fn outcome(json: Value<'_>) -> Option<Option<String>> {
        if json.text() == "null" { Some(None) } else { json.string().map(|value| Some(value.into())) }
    }
}

/// Passes a message on to whoever waits for it under a tag: a call that is running, in whichever isolate, or a stream.
/// Outcome: whether there was anybody. It changes nothing that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The object through which they can be reached.
    pub object: String,
    /// What they wait under.
    pub tag: String,
    /// What they get.
    pub message: String,
    /// Where it is a cancellation: the id of the request that is cancelled, JSON.
    pub cancels: Option<String>,
}

impl Obtain for Reach {
    type Outcome = bool;
    fn json(&self) -> String {
        Members::kind("reach")
            .text("object", &self.object)
            .text("tag", &self.tag)
            .text("message", &self.message)
            .maybe_raw("cancels", self.cancels.as_deref())
            .end()
    }
    fn outcome(json: Value<'_>) -> Option<bool> {
        matches!(json.text(), "true" | "false").then(|| json.is_true())
    }
}

/// Whether a client listens to the stream that the object holds.
#[derive(Debug)]
pub struct Listening {
    /// The object's name.
    pub object: String,
}

impl Obtain for Listening {
    type Outcome = bool;
    fn json(&self) -> String {
        Members::kind("listening").text("object", &self.object).end()
    }
    fn outcome(json: Value<'_>) -> Option<bool> {
        matches!(json.text(), "true" | "false").then(|| json.is_true())
    }
}

/// One HTTP request to the outside. https only (http to loopback while developing), no redirects, bounded in time and
/// size.
#[derive(Debug)]
pub struct Fetch {
    /// Absolute URL.
    pub url: String,
    /// HTTP method.
    pub method: &'static str,
    /// Request headers, lower case.
    pub headers: Vec<(&'static str, String)>,
    /// Request body.
    pub body: Option<String>,
}

/// Outcome of [`Fetch`]: any status is one.
#[derive(Debug)]
pub struct Fetched {
    /// HTTP status.
    pub status: u16,
    /// Response body as text.
    pub body: String,
    /// True where a header says that too much was asked: `Retry-After`, or that nothing is left (`js/effects/fetch.ts`).
    pub limited: bool,
}

impl Fetched {
    /// True where the server cannot answer now, which says nothing about what was asked. Some say with 403 that too much
    /// was asked, in a header or in the body only:
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
        matches!(self.status, 429 | 500..) || (self.status == 403 && (self.limited || says_limit(&self.body)))
    }
}

/// Words of errors that speak of a limit, without what is between their letters.
const LIMITS: [&str; 6] =
    ["ratelimit", "limitexceeded", "quotaexceeded", "resourceexhausted", "toomanyrequests", "temporarilyunavailable"];

/// Whether the body of an error says that too much was asked: an object, or one in its `error`.
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

impl Fetch {
    fn written(&self, brief: bool) -> String {
        let headers = array(self.headers.iter().map(|(name, value)| list([*name, value])));
        Members::kind("fetch")
            .text("url", &self.url)
            .text("method", self.method)
            .raw("headers", &headers)
            .maybe("body", self.body.as_deref())
            .flag("brief", brief)
            .end()
    }
}

impl Obtain for Fetch {
    type Outcome = Fetched;
    fn json(&self) -> String {
        self.written(false)
    }
    fn outcome(json: Value<'_>) -> Option<Fetched> {
        let fetched = json.object().ok()?;
        let (status, body) = (fetched.get("status")?.text().parse().ok()?, fetched.string("body")?.into());
        let is_spent = fetched.string("remaining").is_some_and(|remaining| remaining.trim() == "0");
        Some(Fetched { status, body, limited: is_spent || fetched.get("retryAfter").is_some() })
    }
}

/// A [`Fetch`] from a host that anybody may name: within 5 seconds, and of a body of more than 5 KB one byte too many.
#[derive(Debug)]
pub struct Brief(pub Fetch);

impl Obtain for Brief {
    type Outcome = Fetched;
    fn json(&self) -> String {
        self.0.written(true)
    }
    fn outcome(json: Value<'_>) -> Option<Fetched> {
        Fetch::outcome(json)
    }
}

/// Reads one value from the KV namespace. Outcome: the value, if there is one.
#[derive(Debug)]
pub struct Load {
    /// The key, at most 512 bytes.
    pub key: String,
}

impl Obtain for Load {
    type Outcome = Option<String>;
    fn json(&self) -> String {
        Members::kind("load").text("key", &self.key).end()
    }
    fn outcome(json: Value<'_>) -> Option<Option<String>> {
        if json.text() == "null" { Some(None) } else { json.string().map(|value| Some(value.into())) }
    }
}

/// A write that travels with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Commit {
    /// Writes one value to the KV namespace.
    Store {
        /// The key, at most 512 bytes.
        key: String,
        /// The value.
        value: String,
    },
    /// Keeps a copy in the KV namespace, for speed only: nobody waits for it, and if it fails nothing else does.
    Keep {
        /// The key, at most 512 bytes.
        key: String,
        /// The value.
        value: String,
        /// How long it is kept, at least 60.
        seconds: u32,
    },
    /// Inside an object: one transaction over its rows.
    Rows(Writes),
    /// Tells the operator: one JSON object, which has no secrets.
    Audit(String),
    /// Calls an object once the operator has been told all that this flow told before it; never where that was in vain. Nobody
    /// waits for it, and if it fails nothing else does.
    Receipt(Ask),
    /// Remembers an issuer's keys, in this isolate.
    Remember(Remember),
}

impl Commit {
    pub(super) fn json(&self) -> String {
        match self {
            Self::Store { key, value } => Members::kind("store").text("key", key).text("value", value).end(),
            Self::Keep { key, value, seconds } => {
                Members::kind("keep").text("key", key).text("value", value).number("seconds", (*seconds).into()).end()
            }
            Self::Rows(writes) => writes.json(),
            Self::Audit(event) => Members::kind("audit").raw("event", event).end(),
            Self::Receipt(Ask { object, call, input }) => {
                Members::kind("receipt").text("object", object).text("call", call).raw("input", input).end()
            }
            Self::Remember(remember) => remember.json(),
        }
    }
}
