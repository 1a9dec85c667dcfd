//! HTTP for all patterns: responses, origins, CORS.

pub mod challenge;
pub mod cors;
#[cfg(feature = "jwt")]
pub mod discovery;
pub mod form;
pub mod host;
pub mod origin;
pub mod refused;
pub mod scope;
pub mod well_known;

use serde::Serialize;

/// A response as JavaScript sends it: `{"status":…,"headers":[["name","value"],…],"body":"…"}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers, lower case, in addition to those of the guard.
    pub headers: Headers,
    /// The body; none for statuses without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// True if the body is sent as the only event of a stream, unless the response is a stream already.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>"))]
    pub event: bool,
    /// Why this refuses the request, if it does: for the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<refused::LoggedRefusal>,
}

/// An error for programs (RFC 6749 §5.2).
#[derive(Serialize)]
struct ErrorBody<'a> {
    error: &'a str,
    error_description: &'a str,
}

/// Header names (lower case) and values.
pub type Headers = Vec<(&'static str, String)>;

impl Answer {
    /// A response without a body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// A response with a JSON body.
    #[must_use]
    pub fn json(status: u16, body: String) -> Self {
        Self { status, headers: vec![("content-type", "application/json".into())], body: Some(body), ..Self::default() }
    }

    /// An error in OAuth's form (RFC 6749 §5.2).
    #[must_use]
    pub fn error(status: u16, error: &str, description: &str) -> Self {
        Self::json(status, crate::json::write(&ErrorBody { error, error_description: description }))
    }

    /// The same as a stream of one event (WHATWG HTML §9.2), if it has a body: one line of JSON.
    #[must_use]
    pub fn as_event(mut self) -> Self {
        if self.body.is_none() {
            return self;
        }
        self.headers.retain(|(name, _)| *name != "content-type");
        self.event = true;
        self.with("content-type", "text/event-stream")
            .with("cache-control", "no-cache, no-transform")
            .with("x-accel-buffering", "no")
    }

    /// The same as a refusal: `code` is one of the list in `docs/guides/refusals.md`.
    #[must_use]
    pub fn refusing(mut self, code: &'static str, reason: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        self.refused = Some(refused::LoggedRefusal::new(code, reason));
        self
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}
