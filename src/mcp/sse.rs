//! HTTP+SSE (2024-11-05 basic/transports), which newer revisions keep for old clients: a stream that the client opens
//! by GET, and an endpoint for its messages. Responses are sent on the stream, which a Durable Object reaches from any
//! isolate.

use super::capabilities::Capabilities;
use super::handler_messages::{recall, recalled};
use super::revision::Revision;
use super::session::{Session, SessionLookup};
use super::{Request, session};
use crate::flow::{Flow, Listen, Listening};
use crate::http::Answer;
use crate::jsonrpc::{Code, Fault};

/// Opens a stream, which begins with the URL for the client's messages, and ends when the client disconnects. Waits:
/// one, as long as the stream is open.
pub async fn open(flow: &Flow<'_>, request: &Request<'_>) -> Answer {
    let principal = request.principal();
    let place = request.place.as_deref().and_then(session::ObjectName::parse);
    let place = place.unwrap_or_else(|| session::ObjectName::fresh(flow.context(), principal));
    let keys = match request.keys(flow).await {
        Ok(keys) => keys,
        Err(fault) => return fault.answer(None),
    };
    // The client's capabilities are unknown until it sends them.
    let session = Session { revision: Revision::V2024_11_05, capabilities: Capabilities::default(), place };
    let id = session::mint(flow.context(), keys.keys(), &request.endpoint, &session);
    let listen = Listen { endpoint: Some(id), ..request.session_stream(place.mailbox(), &[]) };
    match flow.obtain(&listen).await {
        Ok(_) => Answer::empty(200),
        Err(_) => Fault::new(503, Code::InternalError, "The stream cannot be opened. Try again.").answer(None),
    }
}

/// The session ID of a message.
pub fn session_id<'a>(request: &'a Request<'_>) -> Result<&'a str, Fault> {
    let message = "`sessionId` is missing: post to the URL in the stream's `endpoint` event.";
    request.session_id.as_deref().ok_or(Fault::new(400, Code::InvalidRequest, message))
}

/// Checks that a message names a session of its sender whose stream is open, and returns that session: its revision is
/// the negotiated one, which not every client repeats with its messages. Waits: one.
pub async fn check_stream(
    flow: &Flow<'_>,
    request: &Request<'_>,
    shown: SessionLookup,
) -> Result<SessionLookup, Fault> {
    session_id(request)?;
    let gone =
        || Fault::new(404, Code::SessionNotFound, "The stream does not exist, or is closed. Open a new one with GET.");
    let SessionLookup::Open(session) = shown else { return Err(gone()) };
    let listening = flow.obtain(&Listening { object: session.place.mailbox() });
    let kept = request.stated_revision().is_none().then(|| flow.obtain(&recall(&session)));
    match listening.await {
        Ok(true) => {}
        Ok(false) => return Err(gone()),
        Err(_) => return Err(Fault::new(503, Code::InternalError, "The stream is unavailable. Try again.")),
    }
    let agreed = match kept {
        Some(kept) => recalled(kept).await.unwrap_or_default().revision(),
        None => None,
    };
    Ok(SessionLookup::Open(Session { revision: agreed.unwrap_or(session.revision), ..session }))
}
