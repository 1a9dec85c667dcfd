//! The effect that runs one of the app's handlers: of a tool, a prompt or a resource. Its interpreter is
//! `js/boundary/effects/call.ts`.

use serde::{Deserialize, Deserializer, Serialize};

use super::effect::Obtain;
use crate::json::{self, Json, Object, Value};

/// One run of a handler.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Call<'a> {
    /// The handler, and its arguments.
    #[serde(flatten)]
    pub target: Target<'a>,
    /// The JSON-RPC ID of the request, for the handler's context.
    #[cfg_attr(feature = "ts", ts(type = "string | number"))]
    pub request: Value<'a>,
    /// The session, which belongs to the caller, for the handler's context.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<&'a str>,
    /// The results of earlier rounds, a JSON object; none in the first round.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounds: Option<&'a EarlierRounds>,
}

/// Which handler runs, and with what arguments.
#[derive(Debug, Serialize)]
#[serde(tag = "kind")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Target<'a> {
    /// A tool.
    #[serde(rename = "call")]
    Tool {
        /// Its name.
        name: &'a str,
        /// Its arguments, a JSON object; absent if the request has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(as = "Option<Object>"))]
        arguments: Option<Value<'a>>,
        /// True if a tool with mirrored headers is not run yet, but answered with [`CallOutcome::Mirrored`].
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        #[cfg_attr(feature = "ts", ts(as = "Option<bool>"))]
        mirror: bool,
    },
    /// A prompt.
    #[serde(rename = "get")]
    Prompt {
        /// Its name.
        name: &'a str,
        /// Its arguments, strings; absent if the request has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(type = "Strings | null"))]
        arguments: Option<Object<'a>>,
    },
    /// A resource.
    #[serde(rename = "read")]
    Resource {
        /// Its URI, as in the request.
        uri: &'a str,
        /// The template that the URI matches. Without one, the resource with exactly this URI is meant; if there is
        /// none, the outcome is [`CallOutcome::Elsewhere`].
        #[serde(skip_serializing_if = "Option::is_none")]
        template: Option<&'a str>,
        /// The template's variables: name, and one or more values.
        #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "json::map")]
        #[cfg_attr(feature = "ts", ts(type = "Variables | null"))]
        variables: &'a [(String, Variable)],
    },
}

/// A template that matches a URI.
#[derive(Debug)]
pub struct TemplateMatch {
    /// The template's name.
    pub template: String,
    /// Its variables: name, and one or more values.
    pub variables: Vec<(String, Variable)>,
}

/// The value of a template's variable, as in the URI (percent-encoded).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Variable {
    /// A single value.
    One(String),
    /// The values of an exploded variable that has more than one.
    Many(Vec<String>),
}

/// Outcome of [`Call`]: `{"returned":{…}}`, `"unknown"`, or one of the others.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum CallOutcome {
    /// What the handler returned.
    Returned(Json),
    /// The same for an error whose structured content does not match the tool's output schema.
    Astray(Json),
    /// Nothing of this name is registered, or it is disabled, or the handler says that there is no such resource.
    Unknown,
    /// The caller lacks required scopes.
    Forbidden {
        /// The scopes that every request needs.
        always: Vec<String>,
        /// Those that this operation needs.
        scopes: Vec<String>,
        /// The URL of the protected resource metadata, if there is one.
        metadata: Option<String>,
    },
    /// The arguments do not match the schema; a text for the model.
    Invalid(String),
    /// The handler threw an error whose text is meant for the model.
    Refused(String),
    /// The handler threw another error; the ID under which the log has it.
    Threw(String),
    /// The tool's structured result does not match its output schema; the ID under which the log has the reason.
    Unfit(String),
    /// The handler asks its client for something (2026-07-28).
    Asks(InputRequests),
    /// The handler threw a protocol error.
    Fault(HandlerError),
    /// The tool has mirrored headers, and has not been run.
    Mirrored(MirroredHeaders),
    /// No resource has exactly this URI; these are the server's templates, and the URIs of its resources.
    Elsewhere {
        /// The templates.
        templates: Vec<Template>,
        /// The URIs.
        uris: Vec<String>,
    },
}

/// The input requests of a handler, and what it needs to continue.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct InputRequests {
    /// The input requests: key, and the text of an `InputRequest`.
    pub questions: Vec<(String, String)>,
    /// The answers so far.
    pub answers: Vec<(String, InputResponse)>,
    /// The results of `context.once` so far, by key.
    pub once: Vec<(String, Json)>,
    /// True for a call that must not continue twice from here.
    pub single: bool,
}

/// The results of earlier rounds of a call.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct EarlierRounds {
    /// The answers, by the keys of their input requests.
    pub answers: Vec<(String, InputResponse)>,
    /// The results of `context.once`, by key.
    pub once: Vec<(String, Json)>,
    /// True if they came in a sealed state of ours.
    pub sealed: bool,
    /// The name of the round, unless its state has been used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unspent: Option<String>,
}

/// An answer to an input request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct InputResponse {
    /// The client's response.
    pub response: Json,
    /// The hash of the input request that it answers; none if no state says what was requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
}

/// A JSON-RPC error that a handler threw.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct HandlerError {
    /// The HTTP status, if the error has one of its own.
    pub status: Option<u16>,
    /// Its code; none if that is not an integer.
    #[serde(default, deserialize_with = "integer")]
    pub code: Option<i64>,
    /// Its message.
    pub message: String,
    /// Its data.
    #[serde(default, deserialize_with = "json::present")]
    pub data: Option<Json>,
}

/// Mirrored arguments, and the headers of the request that mirror something.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct MirroredHeaders {
    /// The arguments: header name after `Mcp-Param-`, path, type.
    pub arguments: Vec<(String, Vec<String>, String)>,
    /// The headers: name after `mcp-param-`, in lower case, and value.
    pub headers: Vec<(String, String)>,
}

/// A resource template: its name and the template itself (RFC 6570).
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Template(pub String, pub String);

impl Obtain for Call<'_> {
    type Outcome = CallOutcome;
}

/// The number, if it is an integer.
fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    <Value<'_>>::deserialize(deserializer).map(|number| number.text().parse().ok())
}
