//! Batches (JSON-RPC 2.0 §6), which exist in revision 2025-03-26 only.

use super::classify::classify;
use super::revision::Revision;
use super::session::SessionLookup;
use super::{Request, begin, check_accept, envelope, reach, runs};
use crate::bounds;
use crate::flow::Flow;
use crate::http::Answer;
use crate::json::Value;
use crate::jsonrpc::{Code, Fault, Message, unreadable};

/// True for a body that is a batch.
pub(super) fn is_batch(body: &str) -> bool {
    body.trim_ascii_start().starts_with('[')
}

/// True if one of its messages needs what the server has registered.
pub(super) fn takes_server(flow: &Flow<'_>, request: &Request<'_>, shown: SessionLookup, body: &str) -> bool {
    let Ok(messages) = Value::read(body).and_then(Value::array) else { return false };
    messages.len() <= bounds::BATCH
        && !request.stated_revision().is_some_and(Revision::is_modern)
        && messages.into_iter().any(|message| {
            envelope(Message::of(message)).is_ok_and(|message| runs(flow, request, shown, &message, None))
        })
}

/// Answers a batch: all its requests are carried out concurrently, and the responses have the order of the requests.
pub(super) async fn answer(flow: &Flow<'_>, request: &Request<'_>, shown: SessionLookup, body: &str) -> Answer {
    let invalid = |message: &'static str| Fault::new(400, Code::InvalidRequest, message).answer(None);
    let no_batches = || invalid("Batches are supported only on revision 2025-03-26: send each message separately.");
    let messages = match Value::read(body).and_then(Value::array) {
        Ok(messages) => messages,
        Err(malformed) => return unreadable(&malformed).answer(None),
    };
    if messages.is_empty() {
        return invalid("The batch is empty.");
    }
    if messages.len() > bounds::BATCH {
        return invalid("A batch must have at most 100 messages.");
    }
    if request.stated_revision().is_some_and(Revision::is_modern) {
        return no_batches();
    }
    let mut works = Vec::with_capacity(messages.len());
    for message in messages {
        let (message, envelope) = match envelope(Message::of(message)) {
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
            reach(flow, shown, &message, &envelope.params).await;
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
    if answers.is_empty() { Answer::empty(202) } else { Answer::json(200, ["[", &answers.join(","), "]"].concat()) }
}
