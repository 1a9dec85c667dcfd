//! What a session stores: the lowest level of log messages that it wants (MCP server/utilities/logging, until
//! 2025-11-25). It is stored in the session's mailbox, the object through which the session can be reached.

use super::Work;
use super::envelope::Params;
use super::frame::Frame;
use super::level::Level;
use crate::flow::{Ask, Failure, Flow};
use crate::json::Value;
use crate::jsonrpc::{Code, Fault};

/// Begins `logging/setLevel`. Waits: one.
pub fn set_level<'a>(flow: &'a Flow<'_>, frame: Frame<'a>, params: &Params<'a>) -> Result<Work<'a>, Fault> {
    let level = params.level.and_then(Value::string);
    let Some(level) = level.filter(|level| Level::parse(level).is_some()) else {
        let message = String::from("`params.level` must be one of ") + &Level::names() + ".";
        return Err(Fault::new(200, Code::InvalidParams, message));
    };
    Ok(keep(flow, frame, "level", &level))
}

/// Stores something in a session's mailbox. A client without a session is told that it was done: each of its requests
/// stands alone.
fn keep<'a>(flow: &'a Flow<'_>, frame: Frame<'a>, call: &'static str, input: &str) -> Work<'a> {
    let kept = frame.place.map(|place| flow.obtain(&Ask::new(place.mailbox(), call, input)));
    Box::pin(async move {
        match kept {
            None => Ok(frame.empty_result()),
            Some(kept) => match kept.await {
                Ok(_) => Ok(frame.empty_result()),
                Err(failure) => Err(mailbox_failure(failure)),
            },
        }
    })
}

/// Nothing could be stored for a session: either the Worker has no objects (and has not announced what needs one), or
/// they do not answer.
pub(super) fn mailbox_failure(failure: Failure) -> Fault {
    match failure {
        Failure::Absent => Fault::new(404, Code::MethodNotFound, NO_OBJECT),
        _ => Fault::new(503, Code::InternalError, "The session is unavailable at the moment. Try again."),
    }
}

const NO_OBJECT: &str = "This server cannot store session data: it has no Durable Object (its log says what to add).";
