//! The MCP server: one URL for all revisions.
//!
//! The request alone decides which kind of revision it uses ([`classify`]): 2026-07-28 has metadata in each request,
//! the revisions before it begin with `initialize`. This module is the sequence; the checks are in the modules below.
//! It does *not* know who is calling: the guard has decided that before.

mod batch;
pub mod capabilities;
pub mod classify;
pub mod completion;
pub mod envelope;
mod form;
pub mod frame;
pub mod handler_messages;
pub mod handler_result;
pub mod header;
pub mod level;
pub mod lifecycle;
pub mod list;
pub mod listen;
pub mod mailbox;
mod media_type;
pub mod mirror;
pub mod mrtr;
pub mod placement;
pub mod prompts;
mod question;
mod reach;
pub mod request;
pub mod resources;
pub mod revision;
pub mod sealing;
pub mod server_request;
pub mod session;
pub mod sse;
pub mod tools;
pub mod uri;
pub mod uri_template;

use core::future::{Future, ready};
use core::pin::Pin;
use std::borrow::Cow;

use crate::flow::Flow;
use crate::http::Answer;
use crate::json::{Value, shown};
use crate::jsonrpc::{Code, Fault, Message};
use classify::classify;
use envelope::{Envelope, Params};
use frame::Frame;
use media_type::{EVENTS, JSON, is_json, names};
use reach::reach;
pub use request::{Request, Transport, UnreadableBody};
use revision::Revision;
use session::SessionLookup;

/// Answers one HTTP request to the MCP endpoint.
///
/// 1. What HTTP itself decides: method, media types, size.
/// 2. The body is read as one message or a batch.
/// 3. Each message is classified by its revision, checked, and carried out.
///
/// Waits: on HTTP+SSE one for the stream; and at most one more (the tool's run, the list, or the server's description),
/// in one batch for all messages. None if JavaScript takes the shortcut ([`crate::flow::Shortcut`]).
pub async fn serve(flow: &Flow<'_>, request: &Request<'_>, body: &str) -> Answer {
    let answer = answer(flow, request, body).await;
    if &*request.method == "POST" && request.takes_events_only() { answer.as_event() } else { answer }
}

async fn answer(flow: &Flow<'_>, request: &Request<'_>, body: &str) -> Answer {
    if let Err(answer) = request.check_method() {
        return answer;
    }
    if &*request.method != "POST"
        && request.transport == Transport::Http
        && let Err(fault) = classify::check_revision(request)
    {
        return fault.answer(None);
    }
    match (&*request.method, request.transport) {
        ("GET" | "HEAD", Transport::Http) => return listen::stream(flow, request).await,
        // The response to a GET, without the stream.
        ("HEAD", _) => return Answer::empty(200).with("content-type", EVENTS[0]),
        ("DELETE", _) => return session::end(flow, request).await,
        _ => {}
    }
    if request.transport == Transport::SseStream {
        return sse::open(flow, request).await;
    }
    if let Err(fault) = check_head(request) {
        return fault.answer(None);
    }
    let shown = match request.shown(flow).await {
        Ok(shown) if request.transport == Transport::SseMessages => sse::check_stream(flow, request, shown).await,
        shown => shown,
    };
    let shown = match shown {
        Ok(shown) => shown,
        Err(fault) => return fault.answer(None),
    };
    if batch::is_batch(body) {
        return batch::answer(flow, request, shown, body).await;
    }
    let (message, envelope) = match envelope(Message::read(body)) {
        Err(answer) => return answer,
        Ok(read) => read,
    };
    match classify(request, shown, &message, &envelope) {
        Err(fault) => fault.answer(message.asked()),
        Ok(revision) => dispatch(flow, request, body, shown, revision, (&message, &envelope)).await,
    }
}

/// A message that has been read, and its parameters.
fn envelope<'a>(read: Result<Message<'a>, (Fault, Option<Value<'a>>)>) -> Result<(Message<'a>, Envelope<'a>), Answer> {
    let message = read.map_err(|(fault, id)| fault.answer(id))?;
    let envelope = Envelope::of(message.params).map_err(|fault| fault.answer(message.asked()))?;
    Ok((message, envelope))
}

/// True if a request needs what the server has registered: it is valid, and its method uses the registry. Everything
/// else can be answered without it.
fn takes_server(flow: &Flow<'_>, request: &Request<'_>, shown: SessionLookup, body: &str) -> bool {
    if check_head(request).is_err() {
        return false;
    }
    if batch::is_batch(body) {
        return batch::takes_server(flow, request, shown, body);
    }
    envelope(Message::read(body)).is_ok_and(|message| runs(flow, request, shown, &message, Some(body)))
}

/// True if this message is a valid request that needs what the server has registered.
fn runs(
    flow: &Flow<'_>,
    request: &Request<'_>,
    shown: SessionLookup,
    (message, envelope): &(Message<'_>, Envelope<'_>),
    body: Option<&str>,
) -> bool {
    let (Some(id), Some(method)) = (message.id, message.method.as_deref()) else { return false };
    let Ok(revision) = classify(request, shown, message, envelope) else { return false };
    let is_alone = body.is_some();
    if check_accept(request).is_err() || !(is_alone || revision.has_batches()) {
        return false;
    }
    match method {
        "initialize" if !revision.is_modern() => is_alone,
        "ping" | "resources/subscribe" | "resources/unsubscribe" | "logging/setLevel" => false,
        // The effects that it requests here are requested again when it is carried out.
        _ => begin(flow, request.frame(id, revision, shown, body), method, &envelope.params).is_ok(),
    }
}

impl Request<'_> {
    /// What the response to the message `id` needs, after the message has been classified.
    fn frame<'b>(
        &'b self,
        id: Value<'b>,
        revision: Revision,
        shown: SessionLookup,
        body: Option<&'b str>,
    ) -> Frame<'b> {
        let session = if revision.is_modern() { None } else { self.session_id.as_deref() };
        let place = match shown {
            SessionLookup::Open(session) if !revision.is_modern() => Some(session.place),
            _ => None,
        };
        Frame { id, revision, session, place, body, progress_token: None, server: self.server, request: self }
    }

    /// Checks that the endpoint supports the request's HTTP method.
    fn check_method(&self) -> Result<(), Answer> {
        if &*self.method == "POST" && self.transport != Transport::SseStream {
            return Ok(());
        }
        let with_session =
            self.transport == Transport::Http && !self.stated_revision().is_some_and(Revision::is_modern);
        let methods = [
            (self.transport == Transport::SseStream || (with_session && self.streams), "GET"),
            (self.transport != Transport::SseStream, "POST"),
            (with_session && self.kept, "DELETE"),
        ];
        let methods = methods.into_iter().filter_map(|(known, method)| known.then_some(method)).collect::<Vec<_>>();
        if methods.contains(&if &*self.method == "HEAD" { "GET" } else { &*self.method }) {
            return Ok(());
        }
        let methods = methods.join(", ");
        let fault = Fault::new(405, Code::InvalidRequest, ["This endpoint accepts ", &methods, "."].concat());
        Err(fault.answer(None).with("allow", methods + ", OPTIONS"))
    }
}

fn check_head(request: &Request<'_>) -> Result<(), Fault> {
    let refuse = |status, code, message: &'static str| Err(Fault::new(status, code, message));
    if request.unread == Some(UnreadableBody::Oversize) {
        return refuse(413, Code::InvalidRequest, "The body is longer than 4 MiB.");
    }
    if request.unread == Some(UnreadableBody::NoRoom) {
        return refuse(503, Code::InternalError, "The server has reached its limit of long requests. Try again.");
    }
    if !request.content_type.as_deref().map_or(!request.page, is_json) {
        return refuse(415, Code::InvalidRequest, "The body must be JSON: send `Content-Type: application/json`.");
    }
    if request.unread == Some(UnreadableBody::Encoding) {
        return refuse(400, Code::ParseError, "The body is not UTF-8, or begins with a byte order mark.");
    }
    Ok(())
}

/// Checks that the client accepts one of the two forms of a response. Not checked for requests without one:
/// notifications, responses, and messages of HTTP+SSE.
fn check_accept(request: &Request<'_>) -> Result<(), Fault> {
    let takes = |accept| names(accept, &JSON) || names(accept, &EVENTS);
    if request.transport != Transport::Http || request.accept.as_deref().is_none_or(takes) {
        return Ok(());
    }
    let message = "The response is JSON: send `Accept: application/json, text/event-stream`.";
    Err(Fault::new(406, Code::InvalidRequest, message))
}

/// Carries out a message that is not part of a batch.
async fn dispatch(
    flow: &Flow<'_>,
    request: &Request<'_>,
    body: &str,
    shown: SessionLookup,
    revision: Revision,
    (message, envelope): (&Message<'_>, &Envelope<'_>),
) -> Answer {
    let (Some(id), Some(method)) = (message.id, message.method.as_deref()) else {
        // Notifications and, from older clients, responses: accepted without an answer.
        reach(flow, shown, message, &envelope.params).await;
        return Answer::empty(202);
    };
    if let Err(fault) = check_accept(request) {
        return fault.answer(Some(id));
    }
    let frame = request.frame(id, revision, shown, Some(body));
    let frame = Frame { progress_token: envelope.meta.progress_token, ..frame };
    if method == "initialize" && !revision.is_modern() {
        return lifecycle::initialize(flow, request, shown, frame, &envelope.params).await;
    }
    let ended = match begin(flow, frame, method, &envelope.params) {
        Ok(work) => work.await,
        Err(fault) => Err(fault),
    };
    match ended {
        Ok(text) => Answer::json(200, text),
        Err(fault) => Answer { status: frame.status(&fault), ..fault.answer(Some(id)) },
    }
}

/// A request that has requested its effects and waits for them; it resolves to the text of the response.
type Work<'a> = Pin<Box<dyn Future<Output = Result<String, Fault>> + 'a>>;

/// Checks a request and requests its effects, so that a whole batch waits once.
fn begin<'a>(flow: &'a Flow<'_>, frame: Frame<'a>, method: &str, params: &Params<'a>) -> Result<Work<'a>, Fault> {
    match (method, frame.revision.is_modern()) {
        ("ping", false) => Ok(Box::pin(ready(Ok(frame.empty_result())))),
        ("subscriptions/listen", true) => listen::listen(flow, frame, params),
        ("resources/subscribe", false) => listen::follow(flow, frame, params, true),
        ("resources/unsubscribe", false) => listen::follow(flow, frame, params, false),
        ("logging/setLevel", false) => mailbox::set_level(flow, frame, params),
        ("server/discover", true) => Ok(lifecycle::discover(flow, frame)),
        ("tools/call", _) => tools::call(flow, frame, params),
        ("prompts/get", _) => prompts::get(flow, frame, params),
        ("resources/read", _) => resources::read(flow, frame, params),
        ("completion/complete", _) => completion::complete(flow, frame, params),
        _ => match list::Kind::of(method) {
            Some(kind) => list::list(flow, frame, kind, params),
            None => Err(no_method(method)),
        },
    }
}

/// The fault of a method that the server does not have.
fn no_method(method: &str) -> Fault {
    Fault::new(404, Code::MethodNotFound, ["Unknown method ", &shown(method), "."].concat())
}

/// The parameter `name`, which is required.
fn string_of<'a>(name: &str, param: Option<Value<'a>>) -> Result<Cow<'a, str>, Fault> {
    let message = || ["`params.", name, "` must be a string."].concat();
    param.and_then(Value::string).ok_or_else(|| Fault::new(200, Code::InvalidParams, message()))
}
