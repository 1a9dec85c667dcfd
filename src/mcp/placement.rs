//! Where a server runs that needs an object of its own (a Durable Object).
//!
//! **Threat.** Anyone who posts anything creates an object, which costs its server a set-up and storage.
//! **Guarantee.** An object is used only for requests that need what the server has registered: head and body are
//! checked before, and the Worker itself answers refusals, notifications, and what only concerns the mailbox.

use serde::Serialize;

use super::revision::Revision;
use super::session::SessionLookup;
use super::{Request, Transport, session, sse};
use crate::flow::Flow;
use crate::http::Answer;

/// Which object, or why none.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Placement {
    /// None: a stream that stays open, or a request that does not need the registry. The Worker answers.
    Here {
        /// For a message of HTTP+SSE: the object that has the stream.
        #[serde(skip_serializing_if = "Option::is_none")]
        at: Option<String>,
        /// The object whose data is deleted after the Worker has answered.
        #[serde(skip_serializing_if = "Option::is_none")]
        ends: Option<String>,
    },
    /// An object.
    Object {
        /// Its name.
        name: String,
        /// How long it keeps its data after a request, in milliseconds: after that nobody can come back for it. `None`
        /// for ever: the object belongs to its principal.
        #[serde(skip_serializing_if = "Option::is_none")]
        keeps: Option<u64>,
        /// And after that as long as this mailbox has the session.
        #[serde(skip_serializing_if = "Option::is_none")]
        mailbox: Option<String>,
    },
    /// The request ends here.
    Answer(Answer),
}

/// The Worker answers, and nothing else matters.
const HERE: Placement = Placement::Here { at: None, ends: None };

/// Data without a session is kept no longer than the call may take, in milliseconds.
const STRAY: u64 = 3600 * 1000;

/// A session's requests go to the session's object; another caller's session is unknown. A 2026-07-28 request has no
/// session and goes to its principal's object. Everything else gets a new object. Waits: none; if sessions are stored,
/// one for whether this one exists; on HTTP+SSE one for whether its stream is open.
pub async fn place(flow: &Flow<'_>, request: &Request<'_>, body: &str) -> Placement {
    let is_modern = request.stated_revision().is_some_and(Revision::is_modern);
    // On older revisions the header means nothing, whatever it says.
    let listens = is_modern && request.mcp_method.as_deref() == Some("subscriptions/listen");
    let stays_open = listens || &*request.method != "POST";
    if request.transport == Transport::Http && stays_open {
        if &*request.method == "DELETE"
            && request.kept
            && let Ok(SessionLookup::Open(session)) = request.shown(flow).await
        {
            return Placement::Here { ends: Some(session.place.name()), at: None };
        }
        return HERE;
    }
    if let Err(answer) = request.check_method() {
        return Placement::Answer(answer);
    }
    if request.transport == Transport::SseMessages
        && let Err(fault) = sse::session_id(request)
    {
        return Placement::Answer(fault.answer(None));
    }
    let principal = request.principal();
    let shown = match request.shown(flow).await {
        Ok(shown) => shown,
        Err(fault) => return Placement::Answer(fault.answer(None)),
    };
    let session = match shown.session() {
        Ok(session) => session,
        Err(fault) => return Placement::Answer(fault.answer(None)),
    };
    let place = match (is_modern, session, principal) {
        (true, _, Some(principal)) => session::ObjectName::of_principal(principal),
        (false, Some(session), _) => session.place,
        _ => session::ObjectName::fresh(flow.context(), principal),
    };
    match request.transport {
        Transport::Http if !super::takes_server(flow, request, shown, body) => return HERE,
        Transport::SseMessages => match sse::check_stream(flow, request, shown).await {
            Ok(shown) if super::takes_server(flow, request, shown, body) => {}
            _ => return Placement::Here { at: Some(place.name()), ends: None },
        },
        _ => {}
    }
    let is_kept = request.kept || request.transport != Transport::Http;
    let keeps = match () {
        () if is_modern && principal.is_some() => None,
        () if is_modern => Some(STRAY),
        () if is_kept => Some(session::IDLE),
        () => Some(session::LIFETIME),
    };
    let mailbox = (!is_modern && is_kept).then(|| place.mailbox());
    Placement::Object { name: place.name(), keeps, mailbox }
}
