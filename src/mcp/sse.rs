//! HTTP+SSE (2024-11-05 basic/transports), which newer revisions keep for old clients: a stream that the client opens by
//! GET, and an endpoint that takes its messages. Answers go out on the stream, which a Durable Object reaches from any
//! isolate.

use super::revision::Revision;
use super::{Request, session};
use crate::flow::{Flow, Listening};
use crate::http::Answer;
use crate::jsonrpc::{Code, Fault};

/// Opens a stream: the shim reads the session's id from `mcp-session-id` and tells the client where to post. Waits: none.
#[must_use]
pub fn open(flow: &Flow<'_>, request: &Request<'_>) -> Answer {
    let principal = request.principal.as_deref();
    let place = request.place.as_deref().and_then(session::Place::parse);
    let place = place.unwrap_or_else(|| session::Place::fresh(flow.context(), principal));
    let id = session::mint(flow.context(), Revision::V2024_11_05, &place);
    Answer::empty(200).with("content-type", "text/event-stream").with("mcp-session-id", id)
}

/// The session that a message names.
pub fn session_id<'a>(request: &'a Request<'_>) -> Result<&'a str, Fault> {
    let message = "`sessionId` is missing: post to the URL that the stream's `endpoint` event names.";
    request.session_id.as_deref().ok_or(Fault::new(400, Code::InvalidRequest, message))
}

/// Checks that a message names a session of its sender whose stream is open. Waits: one.
pub async fn check_stream(flow: &Flow<'_>, request: &Request<'_>) -> Result<(), Fault> {
    let id = session_id(request)?;
    let gone =
        || Fault::new(404, Code::SessionNotFound, "There is no such stream, or it is closed. Open a new one by GET.");
    let session = session::open(id, request.principal.as_deref(), flow.context().now()).ok_or_else(gone)?;
    match flow.obtain(&Listening { object: session.place.name() }).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(gone()),
        Err(_) => Err(Fault::new(503, Code::InternalError, "The stream cannot be reached. Try again.")),
    }
}
