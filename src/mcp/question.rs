//! Questions of a running handler to its client, and what happens with the answers ([`super::server_request`] has the questions).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::capabilities::Capabilities;
use super::handler_messages::{CallSession, HandlerMessageOutcome, Running};
use super::mrtr::fingerprint;
use super::reach::answer_tag;
use super::revision::Revision;
use super::server_request;
use crate::crypto;
use crate::flow::Flow;
use crate::json::{Json, Object, Value};
use crate::jsonrpc::{Code, Fault, notification};

/// A handler's question and, when it is judged, the client's answer.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Question<'a> {
    /// `elicit`, `sample` or `roots`, or the method's own name.
    kind: Option<Value<'a>>,
    params: Option<Value<'a>>,
    /// The answer, on 2026-07-28.
    response: Option<Value<'a>>,
    /// On older revisions: the client's response.
    message: Option<Response<'a>>,
    /// The fingerprint of the question that was answered ([`fingerprint`]).
    asked: Option<String>,
    /// True for a page that has to be opened first.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>"))]
    opens: bool,
}

/// A client's response.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "ClientResponse"))]
struct Response<'a> {
    result: Option<Value<'a>>,
    error: Option<Value<'a>>,
}

/// Pages that a person has to open before the call.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Pages<'a> {
    message: Option<Value<'a>>,
    elicitations: Option<Value<'a>>,
}

impl<'a> Question<'a> {
    fn read(&self, era: CallSession) -> Result<server_request::ServerRequest<'a>, Cow<'static, str>> {
        let kind = self.kind.and_then(Value::string).unwrap_or_default();
        server_request::ServerRequest::read(era.revision, &kind, self.params)
    }
}

/// Asks the client for something. Before 2026-07-28 that is a request on the call's own stream.
pub(super) async fn ask(
    flow: &Flow<'_>,
    era: CallSession,
    running: &Running<'_>,
    asked: &Question<'_>,
) -> HandlerMessageOutcome {
    let question = match asked.read(era) {
        Ok(question) => question,
        Err(wrong) => return HandlerMessageOutcome::Wrong(wrong),
    };
    if let Err(told) = able(flow, era, running, question.needs, question.since()).await {
        return told;
    }
    if era.revision.is_modern() {
        return HandlerMessageOutcome::Input(question.input_request());
    }
    let Some(session) = era.session else {
        return HandlerMessageOutcome::Unable(
            "The client cannot receive requests: its requests do not belong to a session.".into(),
        );
    };
    if !running.request.takes_events() {
        return HandlerMessageOutcome::Unable(
            "The client cannot receive requests: it does not accept text/event-stream.".into(),
        );
    }
    let id = crypto::encode(&flow.context().random::<16>("request id"));
    HandlerMessageOutcome::Request {
        send: question.request(era.revision, &id),
        gives_up: gives_up(&id),
        object: session.place.mailbox(),
        tags: [answer_tag(&id), running.tag()],
    }
}

/// Whether the client has these capabilities: it has declared them, and its revision has them.
async fn able(
    flow: &Flow<'_>,
    era: CallSession,
    running: &Running<'_>,
    needs: Capabilities,
    (since, what): (Revision, &str),
) -> Result<(), HandlerMessageOutcome> {
    let unable = |why: &[&str]| {
        Err(HandlerMessageOutcome::Unable(
            ["The client does not support this request: ", &why.concat()].concat().into(),
        ))
    };
    if era.revision < since {
        return unable(&["revision ", era.revision.name(), " of the protocol does not have ", what, "."]);
    }
    if running.capabilities(flow, era).await.have(needs) {
        return Ok(());
    }
    if era.revision.is_modern() {
        return Err(lacks(needs));
    }
    match era.session {
        None => unable(&["its requests do not belong to a session."]),
        Some(_) => unable(&["it has not declared ", needs.json(), "."]),
    }
}

/// The call ends with the error that the client has not declared these capabilities.
fn lacks(needs: Capabilities) -> HandlerMessageOutcome {
    let message = "The client has not declared a capability that this call requires.";
    let required = Value::read(needs.json()).unwrap_or(Value::empty_object());
    HandlerMessageOutcome::Fault(Fault::new(400, Code::MissingCapability, message).with_data(&Lacking { required }))
}

/// The `data` of `MissingRequiredClientCapabilityError`.
#[derive(Serialize)]
struct Lacking<'a> {
    #[serde(rename = "requiredCapabilities")]
    required: Value<'a>,
}

/// The `data` of `URLElicitationRequiredError`.
#[derive(Serialize)]
struct Elicitations<'a> {
    elicitations: Vec<&'a Object<'a>>,
}

/// The call needs pages that the person opens first: `{"message":"…","elicitations":[{…}]}`. On 2025-11-25 that is an
/// error (client/elicitation §URL Elicitation Required Error); since 2026-07-28 they are questions, which JavaScript
/// asks next.
pub(super) async fn pages(
    flow: &Flow<'_>,
    era: CallSession,
    running: &Running<'_>,
    said: &Pages<'_>,
) -> HandlerMessageOutcome {
    let pages = said.elicitations.and_then(|pages| pages.array().ok()).unwrap_or_default();
    if pages.is_empty() {
        return HandlerMessageOutcome::Wrong("`elicitations` must be an array with at least one page.".into());
    }
    let known = era.revision.max(Capabilities::URLS.since());
    let questions = pages
        .into_iter()
        .map(|page| server_request::ServerRequest::read(known, "elicit", Some(page)))
        .collect::<Result<Vec<_>, _>>();
    let questions = match questions {
        Ok(questions) => questions,
        Err(wrong) => return HandlerMessageOutcome::Wrong(wrong),
    };
    if questions.iter().any(|question| question.needs != Capabilities::URLS) {
        return HandlerMessageOutcome::Wrong("Every item of `elicitations` must have the mode \"url\".".into());
    }
    let needs = Capabilities::URLS;
    if let Err(told) = able(flow, era, running, needs, (needs.since(), needs.json())).await {
        return told;
    }
    if era.revision.is_modern() {
        return HandlerMessageOutcome::Nothing;
    }
    let elicitations = questions.iter().map(|question| &question.params).collect();
    let message = said.message.and_then(Value::string).unwrap_or_default().into_owned();
    let fault = Fault::new(200, Code::PagesRequired, message);
    HandlerMessageOutcome::Fault(fault.with_data(&Elicitations { elicitations }))
}

/// Judges a client's answer.
pub(super) fn reply(era: CallSession, reply: &Question<'_>) -> HandlerMessageOutcome {
    let question = match reply.read(era) {
        Ok(question) => question,
        Err(wrong) => return HandlerMessageOutcome::Wrong(wrong),
    };
    let message = reply.message.unwrap_or_default();
    if let Some(error) = message.error {
        return HandlerMessageOutcome::Refused(Json::of(&error));
    }
    if reply.opens {
        // The person has opened the page, or will; the call does not know yet.
        let answer = reply.response.and_then(|response| response.parse::<server_request::Answer<'_>>().ok());
        return match answer.and_then(|answer| answer.action?.string()).as_deref() {
            Some("decline" | "cancel") => HandlerMessageOutcome::Answer(Json::of(&())),
            _ => HandlerMessageOutcome::Again("the page has to be opened first".into()),
        };
    }
    if reply.asked.as_ref().is_some_and(|asked| *asked != fingerprint(&question.input_request())) {
        return HandlerMessageOutcome::Again("a different question was asked under this key".into());
    }
    let Some(answer) = reply.response.or(message.result) else {
        return HandlerMessageOutcome::Again("the answer is missing".into());
    };
    match question.check(answer) {
        Ok(()) => HandlerMessageOutcome::Answer(question.filled_in(answer)),
        Err(reason) => HandlerMessageOutcome::Again(reason),
    }
}

/// The handler needs a client with these capabilities; otherwise the call ends.
pub(super) async fn require(
    flow: &Flow<'_>,
    era: CallSession,
    running: &Running<'_>,
    said: Value<'_>,
) -> HandlerMessageOutcome {
    let have = running.capabilities(flow, era).await;
    match Capabilities::of(Some(said)).missing_in(have) {
        None => HandlerMessageOutcome::Nothing,
        Some(missing) if era.revision.is_modern() => lacks(missing),
        Some(missing) => {
            let what = ["The client does not support this: it has not declared ", missing.json(), "."];
            HandlerMessageOutcome::Unable(what.concat().into())
        }
    }
}

/// The message to the client when nobody waits for its answer any longer (utilities/cancellation).
fn gives_up(id: &str) -> String {
    let params = Cancelled { request_id: id, reason: "It took too long." };
    notification("notifications/cancelled", Some(params))
}

/// The parameters of `notifications/cancelled`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Cancelled<'a> {
    request_id: &'a str,
    reason: &'a str,
}
