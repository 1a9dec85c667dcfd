//! JSON-RPC 2.0 as MCP uses it: reading one message, and writing errors.

use std::borrow::Cow;

use crate::bounds;
use crate::http::{Answer, Headers};
use crate::json::{Malformed, Object, Value, quoted};

/// How an answer to a request begins; its id follows.
pub const BEFORE_ID: &str = r#"{"jsonrpc":"2.0","id":"#;

/// Error codes (JSON-RPC 2.0 §5.1, MCP 2026-07-28 basic/index §Error Codes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The body is not JSON.
    ParseError,
    /// The body is JSON and no message that is allowed here.
    InvalidRequest,
    /// The method is unknown.
    MethodNotFound,
    /// The method's parameters are wrong.
    InvalidParams,
    /// The server is at fault.
    InternalError,
    /// The session is unknown, over, or another principal's (as the official SDK has it).
    SessionNotFound,
    /// There is no such resource (until 2025-11-25; 2026-07-28 has `InvalidParams` for it).
    ResourceNotFound,
    /// Headers and body contradict each other.
    HeaderMismatch,
    /// The client did not declare a capability that the operation needs.
    MissingCapability,
    /// The protocol revision is not served.
    UnsupportedVersion,
    /// A person has to open pages first (2025-11-25 only).
    PagesRequired,
    /// The server's own.
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

/// What is wrong with a request, and how that is said: HTTP status, code, message for the developer at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// HTTP status, where the fault is the whole answer.
    pub status: u16,
    /// JSON-RPC code.
    pub code: Code,
    /// What is wrong, with the field and the fix.
    pub message: Cow<'static, str>,
    /// The error's `data`, as JSON.
    pub data: Option<String>,
    /// Headers of an answer that is this fault alone.
    pub headers: Headers,
}

impl Fault {
    /// A fault without `data`.
    pub fn new(status: u16, code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, message: message.into(), data: None, headers: Headers::new() }
    }

    /// The refusal of something that needs more scopes than the caller has; `challenge` says which (RFC 6750 §3.1). Unlike
    /// other faults of a message it has its status on every revision.
    pub fn forbidden(message: impl Into<Cow<'static, str>>, challenge: String) -> Self {
        let fault = Self::new(403, Code::InvalidRequest, message);
        Self { headers: vec![("www-authenticate", challenge)], ..fault }
    }

    /// The same with `data`.
    #[must_use]
    pub fn with_data(mut self, json: String) -> Self {
        self.data = Some(json);
        self
    }

    /// The error as the text of a JSON-RPC message; without an id where the request's could not be read.
    #[must_use]
    pub fn message_text(&self, id: Option<Value<'_>>) -> String {
        let mut text = String::from(r#"{"jsonrpc":"2.0","#);
        if let Some(id) = id {
            text.push_str(r#""id":"#);
            text.push_str(id.text());
            text.push(',');
        }
        text.push_str(r#""error":{"code":"#);
        text.push_str(&self.code.number().to_string());
        text.push_str(r#","message":"#);
        text.push_str(&quoted(&self.message));
        if let Some(data) = &self.data {
            text.push_str(r#","data":"#);
            text.push_str(data);
        }
        text.push_str("}}");
        text
    }

    /// The fault as a whole HTTP answer.
    #[must_use]
    pub fn answer(&self, id: Option<Value<'_>>) -> Answer {
        let mut answer = Answer::json(self.status, self.message_text(id));
        answer.headers.extend(self.headers.iter().cloned());
        answer
    }
}

/// One JSON-RPC message.
#[derive(Debug)]
pub struct Message<'a> {
    /// The id of a request, as it was written.
    pub id: Option<Value<'a>>,
    /// The method of a request or notification; none for a response.
    pub method: Option<Cow<'a, str>>,
    /// The parameters, an object.
    pub params: Option<Value<'a>>,
    /// For a response: what it says, `result` or `error`.
    pub outcome: Option<(&'static str, Value<'a>)>,
}

impl<'a> Message<'a> {
    /// The id of a request. That of a response is the server's own, and an answer to it would be taken for one to a request
    /// of the client's.
    #[must_use]
    pub fn asked(&self) -> Option<Value<'a>> {
        self.id.filter(|_| self.method.is_some())
    }

    /// Reads one message. The error's id is the message's own where it could be read.
    pub fn read(members: Result<Object<'a>, Malformed>) -> Result<Self, (Fault, Option<Value<'a>>)> {
        let invalid = |message: &'static str| Fault::new(400, Code::InvalidRequest, message);
        let members = members.map_err(|malformed| (unreadable(&malformed), None))?;
        let id = members.get("id");
        if id.is_some_and(|id| id.string().is_none() && !id.is_integer()) {
            return Err((invalid("`id` must be a string or an integer."), None));
        }
        if id.is_some_and(|id| id.text().len() > bounds::ID) {
            return Err((invalid("`id` is longer than 256 bytes."), None));
        }
        if members.string("jsonrpc").as_deref() != Some("2.0") {
            return Err((invalid("`jsonrpc` must be \"2.0\"."), id));
        }
        // A result may be null; an error that is null is none, as JSON-RPC 1.0 had it.
        let answer = |name| members.get(name).filter(|value| name == "result" || !value.is_null());
        let mut outcomes = ["result", "error"].into_iter().filter_map(|name| Some((name, answer(name)?)));
        let outcomes: Vec<_> = match (outcomes.next(), outcomes.next()) {
            // Nor is a null beside an error a result.
            (Some(("result", result)), Some(error)) if result.is_null() => vec![error],
            (first, second) => first.into_iter().chain(second).collect(),
        };
        let (outcome, answers) = (outcomes.first().copied(), outcomes.len());
        let params = members.given("params");
        match (members.given("method").map(Value::string), answers) {
            (Some(None), _) => Err((invalid("`method` must be a string."), id)),
            (Some(Some(_)), 0) if params.is_some_and(|params| !params.is_object()) => {
                Err((Fault::new(400, Code::InvalidParams, "`params` must be an object."), id))
            }
            (Some(Some(method)), 0) => Ok(Self { id, method: Some(method), params, outcome: None }),
            (None, 1) if id.is_some() => Ok(Self { id, method: None, params: None, outcome }),
            _ => {
                let message = "A message is a request or notification with `method`, or a response with `id` and either \
                               `result` or `error`.";
                Err((invalid(message), id))
            }
        }
    }
}

/// The fault of a body that is no message.
#[must_use]
pub fn unreadable(malformed: &Malformed) -> Fault {
    let code = match malformed {
        Malformed::Syntax(_) => Code::ParseError,
        Malformed::TooDeep | Malformed::TooWide | Malformed::Duplicate(_) | Malformed::Kind => Code::InvalidRequest,
    };
    let wanted = "The body must be a JSON-RPC message, a JSON object: ";
    Fault::new(400, code, String::from(wanted) + &malformed.reason() + ".")
}
