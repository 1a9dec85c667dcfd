//! Where a server lives that wants a place of its own (a Durable Object).
//!
//! **Threat.** Whoever posts anything at all makes an object, which costs its server a set-up and storage.
//! **Guarantee.** An object is asked only for what takes what the server has registered: head and body are judged before, and
//! refusals, notifications and what the mailbox keeps of a session are the Worker's.

use super::revision::Revision;
use super::session::Shown;
use super::{Request, Transport, session, sse};
use crate::flow::Flow;
use crate::http::Answer;
use crate::json::Members;

/// Which object, or why none: `{"here":true}`, `{"object":"…"}` or `{"answer":{…}}`.
#[derive(Debug)]
pub enum Place {
    /// None: a stream that stays open, or what takes nothing of the server's. The Worker answers.
    Here,
    /// The same of a message of HTTP+SSE, whose stream is at this object: `{"here":true,"at":"…"}`.
    HereFor(String),
    /// None either, and once the Worker has answered, what this object has goes: `{"here":true,"ends":"…"}`.
    Ends(String),
    /// The object's name, and how long it keeps what it has: `{"object":"…","keeps":…,"mailbox":"…"}`.
    Object(String, Kept),
    /// The request ends here.
    Answer(Answer),
}

/// How long a server's object keeps what it has after a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// For good: it is its principal's.
    Forever,
    /// So long, in milliseconds; then nobody can come back for it.
    For(u64),
    /// So long, in milliseconds, and after that for as long as this mailbox says that the session is there.
    While(u64, String),
}

impl Place {
    /// The decision as the shim reads it.
    #[must_use]
    pub fn to_json(&self) -> String {
        let place = Members::new();
        match self {
            Self::Here => place.flag("here", true),
            Self::HereFor(name) => place.flag("here", true).text("at", name),
            Self::Ends(name) => place.flag("here", true).text("ends", name),
            Self::Object(name, Kept::Forever) => place.text("object", name),
            Self::Object(name, Kept::For(keeps)) => place.text("object", name).number("keeps", *keeps),
            Self::Object(name, Kept::While(keeps, mailbox)) => {
                place.text("object", name).number("keeps", *keeps).text("mailbox", mailbox)
            }
            Self::Answer(answer) => place.raw("answer", &answer.to_json()),
        }
        .end()
    }
}

/// What no session keeps is kept no longer than the call may take, in milliseconds.
const STRAY: u64 = 3600 * 1000;

/// A session's requests go to the session's object; whoever shows another's session finds none. A 2026-07-28 request has
/// no session: it goes to its principal's object. Everything else gets a new object. Waits: none; where sessions are kept,
/// one for whether this one is there; on HTTP+SSE one for whether its stream is.
pub async fn place(flow: &Flow<'_>, request: &Request<'_>, body: &str) -> Place {
    let stays_open = request.mcp_method == Some("subscriptions/listen") || request.method != "POST";
    if request.transport == Transport::Http && stays_open {
        if request.method == "DELETE"
            && request.kept
            && let Ok(Shown::Open(session)) = request.shown(flow).await
        {
            return Place::Ends(session.place.name());
        }
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
    let principal = request.principal();
    let shown = match request.shown(flow).await {
        Ok(shown) => shown,
        Err(fault) => return Place::Answer(fault.answer(None)),
    };
    let session = match shown.session() {
        Ok(session) => session,
        Err(fault) => return Place::Answer(fault.answer(None)),
    };
    let is_modern = request.spoken().is_some_and(Revision::is_modern);
    let place = match (is_modern, session, principal) {
        (true, _, Some(principal)) => session::Place::of_principal(principal),
        (false, Some(session), _) => session.place,
        _ => session::Place::fresh(flow.context(), principal),
    };
    match request.transport {
        Transport::Http if !super::takes_server(flow, request, shown, body) => return Place::Here,
        Transport::SseMessages => match sse::check_stream(flow, request, shown).await {
            Ok(shown) if super::takes_server(flow, request, shown, body) => {}
            _ => return Place::HereFor(place.name()),
        },
        _ => {}
    }
    let kept = match () {
        () if is_modern && principal.is_some() => Kept::Forever,
        () if is_modern => Kept::For(STRAY),
        () if request.kept || request.transport != Transport::Http => Kept::While(session::IDLE, place.mailbox()),
        () => Kept::For(session::LIFETIME),
    };
    Place::Object(place.name(), kept)
}
