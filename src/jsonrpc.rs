//! JSON-RPC 2.0 as MCP uses it: reading one message, and writing errors.

use std::borrow::Cow;

use serde::{Deserialize, Serialize, Serializer};

use crate::bounds;
use crate::http::{Answer, Headers};
use crate::json::{self, Json, Malformed, Value};

/// How a response begins; the request's ID follows.
pub const BEFORE_ID: &str = r#"{"jsonrpc":"2.0","id":"#;

/// Error codes (JSON-RPC 2.0 §5.1, MCP 2026-07-28 basic/index §Error Codes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The body is not JSON.
    ParseError,
    /// The body is JSON, but not a message that is allowed here.
    InvalidRequest,
    /// The method is unknown.
    MethodNotFound,
    /// The method's parameters are invalid.
    InvalidParams,
    /// The server failed.
    InternalError,
    /// The session is unknown, has ended, or belongs to another principal (the official SDK uses the same code).
    SessionNotFound,
    /// There is no such resource (until 2025-11-25; 2026-07-28 uses `InvalidParams` for it).
    ResourceNotFound,
    /// Headers and body contradict each other.
    HeaderMismatch,
    /// The client did not declare a capability that the operation needs.
    MissingCapability,
    /// The protocol revision is not supported.
    UnsupportedVersion,
    /// A person has to open a page first (2025-11-25 only).
    PagesRequired,
    /// An error code of the app's own.
    Own(i64),
}

impl Code {
    /// The code on the wire.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::ParseError => -32700,
            Self::InvalidRequest => -32600,
            Self::MethodNotFound => -32601,
            Self::InvalidParams => -32602,
            Self::InternalError => -32603,
            Self::SessionNotFound => -32001,
            Self::ResourceNotFound => -32002,
            Self::HeaderMismatch => -32020,
            Self::MissingCapability => -32021,
            Self::UnsupportedVersion => -32022,
            Self::PagesRequired => -32042,
            Self::Own(number) => number,
        }
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.number())
    }
}

/// What is wrong with a request, and how the response says so: HTTP status, code, and a message for the client's
/// developer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Fault {
    /// HTTP status, if the fault is the whole response.
    pub status: u16,
    /// JSON-RPC code.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub code: Code,
    /// What is wrong, with the field and the fix.
    pub message: Cow<'static, str>,
    /// The error's `data`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Json>,
    /// Headers of a response that is this fault alone.
    #[serde(skip)]
    pub headers: Headers,
}

impl Fault {
    /// A fault without `data`.
    pub fn new(status: u16, code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, message: message.into(), data: None, headers: Headers::new() }
    }

    /// Refuses what needs more scopes than the caller has; `challenge` says which (RFC 6750 §3.1). Unlike other faults
    /// of a message, it has its own status on every revision.
    pub fn forbidden(message: impl Into<Cow<'static, str>>, challenge: String) -> Self {
        let fault = Self::new(403, Code::InvalidRequest, message);
        Self { headers: vec![("www-authenticate", challenge)], ..fault }
    }

    /// The same with `data`.
    #[must_use]
    pub fn with_data(mut self, data: &impl Serialize) -> Self {
        self.data = Some(Json::of(data));
        self
    }

    /// The error as the text of a JSON-RPC message; without an ID if the request's could not be read.
    #[must_use]
    pub fn message_text(&self, id: Option<Value<'_>>) -> String {
        let Self { code, message, data, .. } = self;
        json::write(&ErrorResponse {
            jsonrpc: "2.0",
            id,
            error: ErrorObject { code: *code, message, data: data.as_ref() },
        })
    }

    /// The fault as a whole HTTP response.
    #[must_use]
    pub fn answer(&self, id: Option<Value<'_>>) -> Answer {
        let mut answer = Answer::json(self.status, self.message_text(id));
        answer.headers.extend(self.headers.iter().cloned());
        answer
    }
}

/// The response to a request that failed (§5.1).
#[derive(Serialize)]
struct ErrorResponse<'a> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Value<'a>>,
    error: ErrorObject<'a>,
}

#[derive(Serialize)]
struct ErrorObject<'a> {
    code: Code,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Json>,
}

/// A notification, or a request of the server (§4, §4.1).
#[derive(Serialize)]
struct Call<'a, P> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<P>,
}

/// The text of a notification.
#[must_use]
pub fn notification(method: &str, params: Option<impl Serialize>) -> String {
    json::write(&Call { jsonrpc: "2.0", id: None, method, params })
}

/// The text of a request to the client.
#[must_use]
pub fn request(id: &str, method: &str, params: Option<impl Serialize>) -> String {
    json::write(&Call { jsonrpc: "2.0", id: Some(id), method, params })
}

/// The members that a message may have, as they were written. A repeated one is refused in every message.
#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Members<'a> {
    jsonrpc: Option<Value<'a>>,
    #[serde(default, deserialize_with = "json::present")]
    id: Option<Value<'a>>,
    method: Option<Value<'a>>,
    params: Option<Value<'a>>,
    /// A result may be null.
    #[serde(default, deserialize_with = "json::present")]
    result: Option<Value<'a>>,
    /// An error that is null counts as absent, as in JSON-RPC 1.0.
    error: Option<Value<'a>>,
}

/// One JSON-RPC message.
#[derive(Debug)]
pub struct Message<'a> {
    /// The ID of a request, as it was written.
    pub id: Option<Value<'a>>,
    /// The method of a request or notification; none for a response.
    pub method: Option<Cow<'a, str>>,
    /// The parameters, an object.
    pub params: Option<Value<'a>>,
    /// The result of a response, if it has one.
    pub result: Option<Value<'a>>,
    /// The error of a response, if it has one.
    pub error: Option<Value<'a>>,
}

impl<'a> Message<'a> {
    /// The ID if this is a request. That of a response is the server's own: an answer with it would be taken for the
    /// answer to one of the client's requests.
    #[must_use]
    pub fn asked(&self) -> Option<Value<'a>> {
        self.id.filter(|_| self.method.is_some())
    }

    /// Reads one message. The error comes with the message's ID if that could be read.
    pub fn read(text: &'a str) -> Result<Self, (Fault, Option<Value<'a>>)> {
        Self::judged(json::read(text))
    }

    /// The same for a message in a batch.
    pub fn of(value: Value<'a>) -> Result<Self, (Fault, Option<Value<'a>>)> {
        Self::judged(value.parse())
    }

    fn judged(members: Result<Members<'a>, Malformed>) -> Result<Self, (Fault, Option<Value<'a>>)> {
        let invalid = |message: &'static str| Fault::new(400, Code::InvalidRequest, message);
        let Members { jsonrpc, id, method, params, result, error } =
            members.map_err(|malformed| (unreadable(&malformed), None))?;
        if id.is_some_and(|id| id.string().is_none() && !id.is_integer()) {
            return Err((invalid("`id` must be a string or an integer."), None));
        }
        if id.is_some_and(|id| id.text().len() > bounds::ID) {
            return Err((invalid("`id` is longer than 256 bytes."), None));
        }
        if jsonrpc.and_then(Value::string).as_deref() != Some("2.0") {
            return Err((invalid("`jsonrpc` must be \"2.0\"."), id));
        }
        // A null beside an error is not a result.
        let result = result.filter(|result| error.is_none() || !result.is_null());
        let answers = usize::from(result.is_some()) + usize::from(error.is_some());
        match (method.map(Value::string), answers) {
            (Some(None), _) => Err((invalid("`method` must be a string."), id)),
            (Some(Some(_)), 0) if params.is_some_and(|params| !params.is_object()) => {
                Err((Fault::new(400, Code::InvalidParams, "`params` must be an object."), id))
            }
            (Some(method @ Some(_)), 0) => Ok(Self { id, method, params, result, error }),
            (None, 1) if id.is_some() => Ok(Self { id, method: None, params: None, result, error }),
            _ => {
                let message = "A message is a request or notification with `method`, or a response with `id` and either \
                               `result` or `error`.";
                Err((invalid(message), id))
            }
        }
    }
}

/// The fault of a body that is not a message.
#[must_use]
pub fn unreadable(malformed: &Malformed) -> Fault {
    let code = match malformed {
        Malformed::Syntax(_) => Code::ParseError,
        Malformed::TooDeep | Malformed::TooWide | Malformed::Duplicate(_) | Malformed::Kind => Code::InvalidRequest,
    };
    let wanted = "The body must be a JSON-RPC message, a JSON object: ";
    Fault::new(400, code, String::from(wanted) + &malformed.reason() + ".")
}
