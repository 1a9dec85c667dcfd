//! HTTP+SSE (2024-11-05 basic/transports), which newer revisions keep for old clients: a stream that the client opens by
//! GET, and an endpoint that takes its messages. Answers go out on the stream, which a Durable Object reaches from any
//! isolate.

use super::capabilities::Capabilities;
use super::revision::Revision;
use super::session::{Session, Shown};
use super::tell::{Recalled, recall};
use super::{Request, session};
use crate::flow::{Flow, Listen, Listening};
use crate::http::Answer;
use crate::jsonrpc::{Code, Fault};

/// Opens a stream, which begins with the URL that takes the client's messages, and ends with the client. Waits: one, as
/// long as the stream is open.
pub async fn open(flow: &Flow<'_>, request: &Request<'_>) -> Answer {
    let principal = request.principal();
    let place = request.place.as_deref().and_then(session::Place::parse);
    let place = place.unwrap_or_else(|| session::Place::fresh(flow.context(), principal));
    let keys = match request.keys(flow).await {
        Ok(keys) => keys,
        Err(fault) => return fault.answer(None),
    };
    // What the client can be asked for is not known before it says so on the stream.
    let session = Session { revision: Revision::V2024_11_05, capabilities: Capabilities::default(), place };
    let id = session::mint(flow.context(), keys.keys(), request.endpoint, &session);
    let listen = Listen { endpoint: Some(id), ..request.session_stream(place.mailbox(), &[]) };
    match flow.obtain(&listen).await {
        Ok(_) => Answer::empty(200),
        Err(_) => Fault::new(503, Code::InternalError, "The stream cannot be opened. Try again.").answer(None),
    }
}

/// The session that a message names.
pub fn session_id<'a>(request: &'a Request<'_>) -> Result<&'a str, Fault> {
    let message = "`sessionId` is missing: post to the URL that the stream's `endpoint` event names.";
    request.session_id.as_deref().ok_or(Fault::new(400, Code::InvalidRequest, message))
}

/// Checks that a message names a session of its sender whose stream is open, and gives that session: it speaks the revision
/// that it has agreed on, which not every client repeats with its messages. Waits: one.
pub async fn check_stream(flow: &Flow<'_>, request: &Request<'_>, shown: Shown) -> Result<Shown, Fault> {
    session_id(request)?;
    let gone =
        || Fault::new(404, Code::SessionNotFound, "There is no such stream, or it is closed. Open a new one by GET.");
    let Shown::Open(session) = shown else { return Err(gone()) };
    let listening = flow.obtain(&Listening { object: session.place.mailbox() });
    let recalled = request.spoken().is_none().then(|| flow.obtain(&recall(&session)));
    match listening.await {
        Ok(true) => {}
        Ok(false) => return Err(gone()),
        Err(_) => return Err(Fault::new(503, Code::InternalError, "The stream cannot be reached. Try again.")),
    }
    let agreed = match recalled {
        Some(recalled) => recalled.await.map(|kept| Recalled::read(&kept).revision).unwrap_or_default(),
        None => None,
    };
    Ok(Shown::Open(Session { revision: agreed.unwrap_or(session.revision), ..session }))
}
