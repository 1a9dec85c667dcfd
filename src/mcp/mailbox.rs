//! What a session asks to be kept: how bad a log message must be to reach it (MCP server/utilities/logging, until
//! 2025-11-25). Its mailbox keeps it, the object through which the session can be reached.

use super::Work;
use super::frame::Frame;
use super::level::Level;
use crate::flow::{Ask, Failure, Flow};
use crate::json::{Object, quoted};
use crate::jsonrpc::{Code, Fault};

/// Begins `logging/setLevel`. Waits: one.
pub fn set_level<'a>(flow: &'a Flow<'_>, frame: Frame<'a>, params: &Object<'a>) -> Result<Work<'a>, Fault> {
    let level = params.string("level");
    let Some(level) = level.filter(|level| Level::parse(level).is_some()) else {
        let message = String::from("`params.level` must be one of ") + &Level::names() + ".";
        return Err(Fault::new(200, Code::InvalidParams, message));
    };
    Ok(keep(flow, frame, "level", quoted(&level)))
}

/// Has the mailbox keep something of a session. A client without a session is told that it was done: each of its requests
/// stands alone.
fn keep<'a>(flow: &'a Flow<'_>, frame: Frame<'a>, call: &'static str, input: String) -> Work<'a> {
    let kept = frame.place.map(|place| flow.obtain(&Ask { object: place.mailbox(), call, input }));
    Box::pin(async move {
        match kept {
            None => Ok(frame.result("{}")),
            Some(kept) => match kept.await {
                Ok(_) => Ok(frame.result("{}")),
                Err(failure) => Err(unkept(failure)),
            },
        }
    })
}

/// Nothing could be kept of a session: the Worker has no objects, and has not announced what needs one, or they do not
/// answer.
pub(super) fn unkept(failure: Failure) -> Fault {
    match failure {
        Failure::Absent => Fault::new(404, Code::MethodNotFound, NO_OBJECT),
        _ => Fault::new(503, Code::InternalError, "The session cannot be reached at the moment. Try again."),
    }
}

const NO_OBJECT: &str = "This server keeps nothing of a session: it has no Durable Object (its log says what to add).";
