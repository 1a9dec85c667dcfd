//! What HTTP itself asks of every pattern: answers, origins, CORS.

pub mod challenge;
pub mod cors;
pub mod form;
pub mod origin;
pub mod refused;

use crate::json::{Members, array, list};

/// An answer as the shim sends it: `{"status":…,"headers":[["name","value"],…],"body":"…"}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers, lower case, beside those that the guard has set.
    pub headers: Headers,
    /// The body; none for statuses that have none.
    pub body: Option<String>,
    /// True where the shim writes the body as the one event of a stream, unless the response is a stream already.
    pub event: bool,
    /// Why this refuses the request, if it does: for the log.
    pub refused: Option<refused::Refused>,
}

/// Header names (lower case) and values.
pub type Headers = Vec<(&'static str, String)>;

impl Answer {
    /// An answer without a body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// An answer with a JSON body.
    #[must_use]
    pub fn json(status: u16, body: String) -> Self {
        Self { status, headers: vec![("content-type", "application/json".into())], body: Some(body), ..Self::default() }
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

    /// The answer as the shim reads it.
    #[must_use]
    pub fn to_json(&self) -> String {
        let headers = headers_to_json(&self.headers);
        let answer = Members::new().number("status", self.status.into()).raw("headers", &headers);
        let refused = self.refused.as_ref().map(refused::Refused::to_json);
        let event = self.event.then_some("true");
        answer
            .maybe("body", self.body.as_deref())
            .maybe_raw("event", event)
            .maybe_raw("refused", refused.as_deref())
            .end()
    }

    /// The same, which refuses a request: `code` is one of the list in `docs/guides/refusals.md`.
    #[must_use]
    pub fn refusing(mut self, code: &'static str, reason: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        self.refused = Some(refused::Refused::new(code, reason));
        self
    }

    /// The same with one header more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Headers as the shim reads them.
#[must_use]
pub fn headers_to_json(headers: &Headers) -> String {
    array(headers.iter().map(|(name, value)| list([*name, value])))
}
