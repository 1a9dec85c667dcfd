//! The MCP server: one URL, two wires.
//!
//! Which wire a request speaks is told by the request alone ([`classify`]): 2026-07-28 carries its metadata with each
//! request, the revisions before begin with `initialize`. This module sequences; the checks are in the modules below. It
//! does *not* know who is calling: the guard has decided that before.

pub mod ask;
pub mod capabilities;
pub mod classify;
pub mod completion;
pub mod envelope;
mod form;
pub mod frame;
pub mod header;
pub mod level;
pub mod lifecycle;
pub mod list;
pub mod listen;
pub mod mailbox;
pub mod mirror;
pub mod mrtr;
pub mod place;
pub mod prompts;
mod question;
pub mod request;
pub mod resources;
pub mod returned;
pub mod revision;
pub mod sealing;
pub mod session;
pub mod sse;
pub mod tell;
pub mod tools;
pub mod uri;
pub mod uri_template;

use core::future::{Future, ready};
use core::pin::Pin;
use std::borrow::Cow;

use crate::bounds;
use crate::crypto;
use crate::flow::{Failure, Flow, Reach};
use crate::http::Answer;
use crate::json::{Malformed, Nest, Object, Value, array, quoted, shown};
use crate::jsonrpc::{Code, Fault, Message, unreadable};
use classify::classify;
use envelope::Envelope;
use frame::Frame;
pub use request::{Request, Transport, Unread};
use revision::Revision;
use session::Shown;

/// Answers one HTTP request to the MCP endpoint.
///
/// 1. What HTTP itself decides: method, media types, size.
/// 2. The body becomes one message or a batch.
/// 3. Each message is classified by era, checked, and carried out.
///
/// Waits: one on HTTP+SSE for the stream, and at most one more (the tool's run, the list, or the server's description),
/// in one batch for all messages. None where the shim takes the shortcut that goes with it ([`crate::flow::Splice`]).
pub async fn serve(flow: &Flow<'_>, request: &Request<'_>, body: &str) -> Answer {
    let answer = answer(flow, request, body).await;
    if request.method == "POST" && request.takes_events_only() { answer.as_event() } else { answer }
}

async fn answer(flow: &Flow<'_>, request: &Request<'_>, body: &str) -> Answer {
    if let Err(answer) = request.check_method() {
        return answer;
    }
    if request.method != "POST"
        && request.transport == Transport::Http
        && let Err(fault) = classify::check_revision(request)
    {
        return fault.answer(None);
    }
    match (request.method, request.transport) {
        ("GET" | "HEAD", Transport::Http) => return listen::stream(flow, request).await,
        // What a GET is answered with, without the stream.
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
    if body.trim_ascii_start().starts_with('[') {
        return batch(flow, request, shown, body).await;
    }
    let (message, envelope) = match read(Nest::read(body, &["params", "_meta"])) {
        Err(answer) => return answer,
        Ok(read) => read,
    };
    match classify(request, shown, &message, &envelope) {
        Err(fault) => fault.answer(message.asked()),
        Ok(revision) => carry_out(flow, request, body, shown, revision, (&message, &envelope)).await,
    }
}

/// Reads one message and its parameters.
fn read(body: Result<Nest<'_>, Malformed>) -> Result<(Message<'_>, Envelope<'_>), Answer> {
    let (body, params) = match body {
        Ok(Nest { object, inner }) => (Ok(object), inner.map(|params| *params)),
        Err(malformed) => (Err(malformed), None),
    };
    let message = Message::read(body).map_err(|(fault, id)| fault.answer(id))?;
    let envelope = Envelope::of(message.params, params).map_err(|fault| fault.answer(message.asked()))?;
    Ok((message, envelope))
}

/// True if a request takes what its server has registered: a message that will do, and asks for that. Everything else can be
/// answered without it.
fn takes_server(flow: &Flow<'_>, request: &Request<'_>, shown: Shown, body: &str) -> bool {
    if check_head(request).is_err() {
        return false;
    }
    if body.trim_ascii_start().starts_with('[') {
        let Ok(messages) = Value::read(body).and_then(Value::array) else { return false };
        return messages.len() <= bounds::BATCH
            && !request.spoken().is_some_and(Revision::is_modern)
            && messages.into_iter().any(|message| {
                let message = message.object().map(|object| Nest { object, inner: None });
                read(message).is_ok_and(|message| runs(flow, request, shown, &message, None))
            });
    }
    read(Nest::read(body, &["params", "_meta"])).is_ok_and(|message| runs(flow, request, shown, &message, Some(body)))
}

/// True if this message is a request that will do, and is about what the server has registered.
fn runs(
    flow: &Flow<'_>,
    request: &Request<'_>,
    shown: Shown,
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
        // What it asks for here is asked for again by whoever carries it out.
        _ => begin(flow, request.frame(id, revision, shown, body), method, &envelope.params).is_ok(),
    }
}

impl Request<'_> {
    /// What the answer to the message `id` needs, after the message has been classified.
    fn frame<'b>(&'b self, id: Value<'b>, revision: Revision, shown: Shown, body: Option<&'b str>) -> Frame<'b> {
        let session = if revision.is_modern() { None } else { self.session_id.as_deref() };
        let place = match shown {
            Shown::Open(session) if !revision.is_modern() => Some(session.place),
            _ => None,
        };
        Frame { id, revision, session, place, body, progress_token: None, server: self.server, request: self }
    }

    /// Checks that the endpoint knows the request's HTTP method.
    fn check_method(&self) -> Result<(), Answer> {
        if self.method == "POST" && self.transport != Transport::SseStream {
            return Ok(());
        }
        let with_session = self.transport == Transport::Http && !self.spoken().is_some_and(Revision::is_modern);
        let methods = [
            (self.transport == Transport::SseStream || (with_session && self.streams), "GET"),
            (self.transport != Transport::SseStream, "POST"),
            (with_session && self.kept, "DELETE"),
        ];
        let methods = methods.into_iter().filter_map(|(known, method)| known.then_some(method)).collect::<Vec<_>>();
        if methods.contains(&if self.method == "HEAD" { "GET" } else { self.method }) {
            return Ok(());
        }
        let methods = methods.join(", ");
        let fault = Fault::new(405, Code::InvalidRequest, ["This endpoint takes ", &methods, "."].concat());
        Err(fault.answer(None).with("allow", methods + ", OPTIONS"))
    }
}

fn check_head(request: &Request<'_>) -> Result<(), Fault> {
    let refuse = |status, code, message: &'static str| Err(Fault::new(status, code, message));
    if request.unread == Some(Unread::Oversize) {
        return refuse(413, Code::InvalidRequest, "The body is longer than 4 MiB.");
    }
    if request.unread == Some(Unread::NoRoom) {
        return refuse(503, Code::InternalError, "The server has as many long requests as it can hold. Try again.");
    }
    if !request.content_type.map_or(!request.page, is_json) {
        return refuse(415, Code::InvalidRequest, "The body must be JSON: send `Content-Type: application/json`.");
    }
    if request.unread == Some(Unread::Encoding) {
        return refuse(400, Code::ParseError, "The body is not UTF-8, or begins with a byte order mark.");
    }
    Ok(())
}

/// Checks that the client takes one of the two forms of an answer. Whoever gets none is not asked: notifications, responses,
/// and messages of HTTP+SSE.
fn check_accept(request: &Request<'_>) -> Result<(), Fault> {
    let takes = |accept| names(accept, &JSON) || names(accept, &EVENTS);
    if request.transport != Transport::Http || request.accept.is_none_or(takes) {
        return Ok(());
    }
    let message = "The answer is JSON: send `Accept: application/json, text/event-stream`.";
    Err(Fault::new(406, Code::InvalidRequest, message))
}

/// JSON under any of its names. No page may send one of these to another site without a preflight.
fn is_json(content_type: &str) -> bool {
    if content_type == "application/json" {
        return true;
    }
    content_type.split(',').all(|one| {
        let media_type = header::trim(one.split(';').next().unwrap_or_default()).to_ascii_lowercase();
        let Some(subtype) = media_type.strip_prefix("application/") else { return false };
        matches!(subtype, "json" | "json-rpc" | "jsonrequest") || subtype.ends_with("+json")
    })
}

const JSON: [&str; 3] = ["application/json", "application/*", "*/*"];
const EVENTS: [&str; 2] = ["text/event-stream", "text/*"];

/// True if `accept` names one of these media ranges.
fn names(accept: &str, ranges: &[&str]) -> bool {
    if accept == "application/json, text/event-stream" {
        // What the protocol asks for, and nearly every client sends.
        return true;
    }
    accept.split(',').any(|range| {
        let mut parts = range.split(';').map(header::trim);
        let range = parts.next().unwrap_or_default();
        ranges.iter().any(|wanted| range.eq_ignore_ascii_case(wanted)) && !parts.any(is_refusal)
    })
}

/// True for the weight that refuses a media range (RFC 9110 §12.4.2).
fn is_refusal(parameter: &str) -> bool {
    let weight = parameter.split_once('=').filter(|(name, _)| name.eq_ignore_ascii_case("q"));
    weight.is_some_and(|(_, weight)| weight.starts_with('0') && !weight.bytes().any(|byte| matches!(byte, b'1'..=b'9')))
}

/// Carries out one message that came by itself.
async fn carry_out(
    flow: &Flow<'_>,
    request: &Request<'_>,
    body: &str,
    shown: Shown,
    revision: Revision,
    (message, envelope): (&Message<'_>, &Envelope<'_>),
) -> Answer {
    let (Some(id), Some(method)) = (message.id, message.method.as_deref()) else {
        // Notifications and, from older clients, responses: taken in, and nothing is said.
        reach(flow, shown, message).await;
        return Answer::empty(202);
    };
    if let Err(fault) = check_accept(request) {
        return fault.answer(Some(id));
    }
    let frame = request.frame(id, revision, shown, Some(body));
    let frame = Frame { progress_token: envelope.progress_token(), ..frame };
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

/// Passes on what concerns a call that is running somewhere: the response to its request, or its cancellation. Whether
/// anybody waits for it makes no difference to the sender. Waits: one.
async fn reach(flow: &Flow<'_>, shown: Shown, message: &Message<'_>) {
    let Shown::Open(session) = shown else { return };
    let object = session.place.mailbox();
    let reached = match (message.id, message.method.as_deref()) {
        (Some(id), None) => id.string().zip(message.outcome).map(|(id, (kind, outcome))| Reach {
            object,
            message: crate::json::object(&[("id", &quoted(&id)), (kind, outcome.text())]),
            tag: answer_tag(&id),
            cancels: None,
        }),
        (None, Some("notifications/cancelled")) => {
            let params = message.params.and_then(|params| params.object().ok()).unwrap_or_default();
            params.given("requestId").map(|id| Reach {
                object,
                tag: call_tag(id),
                message: r#"{"cancel":true}"#.into(),
                cancels: Some(id.text().into()),
            })
        }
        _ => None,
    };
    if let Some(reach) = reached {
        // Nobody there is no failure, and for others the reason is in the log.
        let _: Result<bool, Failure> = flow.obtain(&reach).await;
    }
}

/// The tag of a handler that waits for the answer to its request `id`: no id of a client's leads to anything else.
fn answer_tag(id: &str) -> String {
    String::from("answer:") + id
}

/// The tag of a running call, by the id of its request: the same however a string is escaped.
fn call_tag(id: Value<'_>) -> String {
    let text = id.string().map_or_else(|| id.text().into(), |id| quoted(&id));
    String::from("call:") + &crypto::encode(&crypto::hash("call", &[text.as_bytes()]))
}

/// Answers a batch: all its requests are carried out at once, the answers come in the order of the requests.
async fn batch(flow: &Flow<'_>, request: &Request<'_>, shown: Shown, body: &str) -> Answer {
    let invalid = |message: &'static str| Fault::new(400, Code::InvalidRequest, message).answer(None);
    let no_batches = || invalid("Only revision 2025-03-26 has batches: send each message by itself.");
    let messages = match Value::read(body).and_then(Value::array) {
        Ok(messages) => messages,
        Err(malformed) => return unreadable(&malformed).answer(None),
    };
    if messages.is_empty() {
        return invalid("The batch is empty.");
    }
    if messages.len() > bounds::BATCH {
        return invalid("A batch holds at most 100 messages.");
    }
    if request.spoken().is_some_and(Revision::is_modern) {
        return no_batches();
    }
    let mut works = Vec::with_capacity(messages.len());
    for message in messages {
        let (message, envelope) = match read(message.object().map(|object| Nest { object, inner: None })) {
            Err(answer) => return answer,
            Ok(read) => read,
        };
        if message.method.as_deref() == Some("initialize") {
            return invalid("`initialize` must not be part of a batch.");
        }
        if envelope.claims_version() {
            return no_batches();
        }
        let revision = match classify(request, shown, &message, &envelope) {
            Err(fault) => return fault.answer(message.asked()),
            Ok(revision) if revision.has_batches() => revision,
            Ok(_) => return no_batches(),
        };
        let (Some(id), Some(method)) = (message.id, message.method.as_deref()) else {
            reach(flow, shown, &message).await;
            continue;
        };
        let frame = request.frame(id, revision, shown, None);
        works.push((id, begin(flow, frame, method, &envelope.params)));
    }
    if !works.is_empty()
        && let Err(fault) = check_accept(request)
    {
        return fault.answer(None);
    }
    let mut answers = Vec::with_capacity(works.len());
    for (id, work) in works {
        let ended = match work {
            Ok(work) => work.await,
            Err(fault) => Err(fault),
        };
        answers.push(ended.unwrap_or_else(|fault| fault.message_text(Some(id))));
    }
    if answers.is_empty() { Answer::empty(202) } else { Answer::json(200, array(answers)) }
}

/// Work on a request that has asked for all it needs and waits for it; it ends as the text of the answer.
type Work<'a> = Pin<Box<dyn Future<Output = Result<String, Fault>> + 'a>>;

/// Checks a request and asks for what it needs, so that a whole batch waits once.
fn begin<'a>(flow: &'a Flow<'_>, frame: Frame<'a>, method: &str, params: &Object<'a>) -> Result<Work<'a>, Fault> {
    match (method, frame.revision.is_modern()) {
        ("ping", false) => Ok(Box::pin(ready(Ok(frame.result("{}"))))),
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
    Fault::new(404, Code::MethodNotFound, ["There is no method ", &shown(method), "."].concat())
}

/// The parameter `name`, which must be there.
fn string_of<'a>(params: &Object<'a>, name: &str) -> Result<Cow<'a, str>, Fault> {
    let message = || ["`params.", name, "` must be there, a string."].concat();
    params.string(name).ok_or_else(|| Fault::new(200, Code::InvalidParams, message()))
}
