//! Prompts (MCP server/prompts): getting one.

use super::frame::Frame;
use super::returned::{self, Answered};
use super::{Work, string_of};
use crate::flow::{Call, Flow, Target};
use crate::json::Object;
use crate::jsonrpc::{Code, Fault};

/// Begins `prompts/get`. Waits: none where the shim splices, else one.
pub fn get<'a>(flow: &Flow<'_>, frame: Frame<'a>, params: &Object<'a>) -> Result<Work<'a>, Fault> {
    let name = string_of(params, "name")?;
    let arguments = params.get("arguments");
    let of_strings = |arguments: Object<'_>| arguments.0.iter().all(|(_, value)| value.string().is_some());
    if arguments.is_some_and(|arguments| !arguments.object().is_ok_and(of_strings)) {
        return Err(Fault::new(200, Code::InvalidParams, "`params.arguments` must be an object of strings."));
    }
    let called = flow.obtain(&Call {
        target: Target::Prompt { name: &name, arguments },
        request: frame.id,
        meta: params.get("_meta"),
        session: frame.session,
        splice: frame.alone.then(|| frame.around_content()),
    });
    Ok(Box::pin(async move {
        match returned::judge("prompt", &name, called.await)? {
            Answered::Result(result) => returned::prompt(frame, &name, &result),
            Answered::Unknown => Err(returned::about(&name, Code::InvalidParams, "There is no prompt ", ".")),
            Answered::Text(text) => Err(Fault::new(200, Code::InvalidParams, text)),
        }
    }))
}
