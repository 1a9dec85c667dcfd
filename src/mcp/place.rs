//! Where a server lives that wants a place of its own (a Durable Object), told by the head of the request.

use super::revision::Revision;
use super::{Request, Transport, session, sse};
use crate::flow::Flow;
use crate::http::Answer;
use crate::json::{object, quoted};

/// Which object, or why none: `{"here":true}`, `{"object":"…"}` or `{"answer":{…}}`.
#[derive(Debug)]
pub enum Place {
    /// None: a stream that stays open, or the end of a session. The Worker answers.
    Here,
    /// The object's name.
    Object(String),
    /// The request ends here.
    Answer(Answer),
}

impl Place {
    /// The decision as the shim reads it.
    #[must_use]
    pub fn to_json(&self) -> String {
        match self {
            Self::Here => object(&[("here", "true")]),
            Self::Object(name) => object(&[("object", &quoted(name))]),
            Self::Answer(answer) => object(&[("answer", &answer.to_json())]),
        }
    }
}

/// A session's requests go to the session's object; whoever shows another's session finds none. A 2026-07-28 request has
/// no session: it goes to its principal's object. Everything else gets a new object. Waits: none.
pub async fn place(flow: &Flow<'_>, request: &Request<'_>) -> Place {
    let stays_open = request.mcp_method.as_deref() == Some("subscriptions/listen") || request.method != "POST";
    if request.transport == Transport::Http && stays_open {
        return Place::Here;
    }
    if let Err(answer) = request.check_method() {
        return Place::Answer(answer);
    }
    if request.transport == Transport::SseMessages
        && let Err(fault) = sse::session_id(request)
    {
        return Place::Answer(fault.answer(None));
    }
    let principal = request.principal.as_deref();
    let session = match request.shown(flow).await.and_then(session::Shown::session) {
        Ok(session) => session,
        Err(fault) => return Place::Answer(fault.answer(None)),
    };
    let place = match (request.spoken().is_some_and(Revision::is_modern), session, principal) {
        (true, _, Some(principal)) => session::Place::of_principal(principal),
        (false, Some(session), _) => session.place,
        _ => session::Place::fresh(flow.context(), principal),
    };
    Place::Object(place.name())
}
