//! Tools (MCP server/tools): a call, and what becomes of what a tool returns or throws.

use super::frame::Frame;
use super::mrtr::{self, Rounds};
use super::returned::{self, Answered, about, failed, failed_text};
use super::{Work, mirror, string_of};
use crate::flow::{Call, Called, Flow, Target};
use crate::json::Object;
use crate::jsonrpc::{Code, Fault};

/// Begins `tools/call`.
///
/// 1. Asks for the tool's run. A tool whose arguments headers mirror (2026-07-28) is not run yet:
/// 2. the headers are held against the arguments, and then it is.
///
/// Waits: none where the shim splices, else one; one more for a tool with mirrored arguments; in a later round that is to
/// be spent, one more for that.
pub fn call<'a>(flow: &'a Flow<'_>, frame: Frame<'a>, params: &Object<'a>) -> Result<Work<'a>, Fault> {
    let name = string_of(params, "name")?;
    let arguments = params.given("arguments");
    if arguments.is_some_and(|arguments| !arguments.is_object()) {
        return Err(Fault::new(200, Code::InvalidParams, "`params.arguments` must be an object."));
    }
    let run = move |name: &str, mirror: bool, rounds: Option<&str>| {
        flow.obtain(&Call {
            target: Target::Tool { name, arguments, mirror },
            request: frame.id,
            session: frame.session,
            rounds,
            splice: frame.is_alone().then(|| frame.around_content()),
            stencil: if rounds.is_none() { frame.stencil(arguments) } else { None },
        })
    };
    let later = mrtr::later(&frame, params);
    let called = later.is_none().then(|| run(&name, frame.revision.is_modern(), None));
    Ok(Box::pin(async move {
        let rounds = Rounds { method: "tools/call", name: &name, arguments };
        let brought = rounds.open(flow, &frame, later).await?;
        let brought = brought.as_deref();
        let called = called.unwrap_or_else(|| run(&name, true, brought));
        let called = match called.await {
            Ok(Called::Mirrored(mirrored)) => {
                mirror::check(arguments, &mirrored)?;
                run(&name, false, brought).await
            }
            called => called,
        };
        match called {
            Ok(Called::Asks(asks)) => rounds.ask(flow, &frame, &asks).await,
            Ok(Called::Astray(result)) => returned::tool(frame, &name, &result, false),
            Ok(Called::Refused(text)) => Ok(failed(frame, &text)),
            Ok(Called::Threw(id)) => Ok(failed(frame, &failed_text("tool", &name, &id))),
            Ok(Called::Unfit(id)) => Ok(failed(
                frame,
                &[
                    "The tool's result does not fit its output schema. The server's log has the reason under ",
                    id.as_str(),
                    ".",
                ]
                .concat(),
            )),
            called => match returned::judge(frame.revision, "tool", &name, called)? {
                Answered::Result(result) => returned::tool(frame, &name, &result, true),
                Answered::Unknown => Err(about(&name, Code::InvalidParams, "There is no tool ", ".")),
                Answered::Text(text) => Ok(failed(frame, &text)),
            },
        }
    }))
}
