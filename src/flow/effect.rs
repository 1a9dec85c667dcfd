//! The complete list of what the package can touch. Limits and manners of each live in its interpreter, `js/effects/`.
//!
//! Each effect writes itself as a JSON object, and reads its outcome from JSON text.

use super::objects::Writes;
use crate::json::{Value, array, object, quoted};

/// An effect that only obtains: it may be asked again, and changes nothing.
pub trait Obtain {
    /// What the effect comes to when it succeeds.
    type Outcome;
    /// The effect as the shim gets it, with its `kind`.
    fn json(&self) -> String;
    /// Reads an outcome; nothing if it does not have the promised shape.
    fn outcome(json: Value<'_>) -> Option<Self::Outcome>;
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
    /// Anything else.
    Failed,
}

impl Failure {
    const ALL: [Self; 4] = [Self::Timeout, Self::Unreachable, Self::Refused, Self::Failed];

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|failure| failure.name() == name)
    }
}

/// What the server is: asked once per `initialize` and `server/discover`.
#[derive(Debug)]
pub struct Describe;

/// Outcome of [`Describe`].
#[derive(Debug)]
pub struct Described {
    /// The server's own `capabilities`, a JSON object.
    pub capabilities: String,
    /// Its `instructions` for the model.
    pub instructions: Option<String>,
}

impl Obtain for Describe {
    type Outcome = Described;
    fn json(&self) -> String {
        object(&[("kind", r#""describe""#)])
    }
    fn outcome(json: Value<'_>) -> Option<Described> {
        let described = json.object().ok()?;
        Some(Described {
            capabilities: described.get("capabilities").filter(|value| value.is_object())?.text().into(),
            instructions: described.string("instructions").map(Into::into),
        })
    }
}

/// The list of what the server has registered. Outcome: the text of a JSON array.
#[derive(Debug)]
pub struct List {
    /// Which list: `tools`.
    pub of: &'static str,
    /// See [`Splice`]; none in a batch.
    pub splice: Option<Splice>,
}

impl Obtain for List {
    type Outcome = String;
    fn json(&self) -> String {
        let (of, splice) = (quoted(self.of), self.splice.as_ref().map(Splice::json));
        let mut members = vec![("kind", r#""list""#), ("of", of.as_str())];
        members.extend(splice.as_deref().map(|splice| ("splice", splice)));
        object(&members)
    }
    fn outcome(json: Value<'_>) -> Option<String> {
        json.is_array().then(|| json.text().into())
    }
}

/// One run of a tool that the user wrote.
#[derive(Debug)]
pub struct Call<'a> {
    /// The tool's name.
    pub name: &'a str,
    /// Its arguments, a JSON object; absent where the request has none.
    pub arguments: Option<Value<'a>>,
    /// The JSON-RPC id of the request, for the handler's context.
    pub request: Value<'a>,
    /// The request's `_meta`, for the handler's context.
    pub meta: Option<Value<'a>>,
    /// The session, which is its sender's, for the handler's context.
    pub session: Option<&'a str>,
    /// See [`Splice`]; none in a batch.
    pub splice: Option<Splice>,
}

/// Outcome of [`Call`]: `{"returned":{…}}`, `{"unknown":true}`, `{"forbidden":{"scopes":[…]}}`, or one of the others with
/// a string.
#[derive(Debug)]
pub enum Called {
    /// What the handler returned, as JSON.
    Returned(String),
    /// No tool of this name is registered, or it is disabled.
    Unknown,
    /// The caller lacks scopes that the tool declares.
    Forbidden {
        /// All scopes that the operation needs, separated by spaces.
        scope: String,
        /// The URL of the protected resource metadata, if there is one.
        metadata: Option<String>,
    },
    /// The arguments do not fit the tool's schema; a text for the model.
    Invalid(String),
    /// The handler threw an error whose text is meant for the model.
    Refused(String),
    /// The handler threw something else; the id under which the operator finds it.
    Threw(String),
}

impl Obtain for Call<'_> {
    type Outcome = Called;
    fn json(&self) -> String {
        let (name, splice) = (quoted(self.name), self.splice.as_ref().map(Splice::json));
        let session = self.session.map(quoted);
        let mut members = vec![("kind", r#""call""#), ("name", name.as_str()), ("request", self.request.text())];
        members.extend(splice.as_deref().map(|splice| ("splice", splice)));
        members.extend(self.arguments.map(|arguments| ("arguments", arguments.text())));
        members.extend(self.meta.map(|meta| ("meta", meta.text())));
        members.extend(session.as_deref().map(|session| ("session", session)));
        object(&members)
    }
    fn outcome(json: Value<'_>) -> Option<Called> {
        let called = json.object().ok()?;
        let (kind, value) = called.0.first()?;
        let text = || value.string().map(Into::into);
        match kind.as_ref() {
            "returned" => Some(Called::Returned(value.text().into())),
            "unknown" => Some(Called::Unknown),
            "forbidden" => {
                let forbidden = value.object().ok()?;
                let metadata = forbidden.string("metadata").map(Into::into);
                Some(Called::Forbidden { scope: forbidden.string("scope")?.into(), metadata })
            }
            "invalid" => text().map(Called::Invalid),
            "refused" => text().map(Called::Refused),
            "threw" => text().map(Called::Threw),
            _ => None,
        }
    }
}

/// The shortcut of the hot path. Where the batch is this one effect and its outcome needs no further decision (a list; a
/// result with content and without `_meta` or `resultType`), the shim answers 200 with `head`, the outcome's JSON text
/// and `tail`, and does not step again. In every other case the flow goes on as if there were no shortcut.
#[derive(Debug)]
pub struct Splice {
    /// The answer up to where the outcome goes.
    pub head: String,
    /// The answer from there on.
    pub tail: &'static str,
    /// True where `head` ends inside the result object, so that the outcome goes in without its opening brace.
    pub open: bool,
}

impl Splice {
    fn json(&self) -> String {
        let open = if self.open { "true" } else { "false" };
        object(&[("head", &quoted(&self.head)), ("tail", &quoted(self.tail)), ("open", open)])
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
        object(&[("kind", r#""listening""#), ("object", &quoted(&self.object))])
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
}

impl Obtain for Fetch {
    type Outcome = Fetched;
    fn json(&self) -> String {
        let headers = array(self.headers.iter().map(|(name, value)| array([quoted(name), quoted(value)])));
        let (url, method) = (quoted(&self.url), quoted(self.method));
        let body = self.body.as_deref().map(quoted);
        let mut members = vec![
            ("kind", r#""fetch""#),
            ("url", url.as_str()),
            ("method", method.as_str()),
            ("headers", headers.as_str()),
        ];
        members.extend(body.as_deref().map(|body| ("body", body)));
        object(&members)
    }
    fn outcome(json: Value<'_>) -> Option<Fetched> {
        let fetched = json.object().ok()?;
        Some(Fetched { status: fetched.get("status")?.text().parse().ok()?, body: fetched.string("body")?.into() })
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
        object(&[("kind", r#""load""#), ("key", &quoted(&self.key))])
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
    /// Inside an object: one transaction over its rows.
    Rows(Writes),
}

impl Commit {
    pub(super) fn json(&self) -> String {
        match self {
            Self::Store { key, value } => {
                object(&[("kind", r#""store""#), ("key", &quoted(key)), ("value", &quoted(value))])
            }
            Self::Rows(writes) => writes.json(),
        }
    }
}
