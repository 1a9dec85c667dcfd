//! Tools (MCP server/tools): a call, and how its result or error is answered.

use super::envelope::Params;
use super::frame::Frame;
use super::handler_result::{self, HandlerResult, about, failed, failed_text};
use super::mrtr::{self, Rounds};
use super::{Work, mirror, string_of};
use crate::flow::{Call, CallOutcome, EarlierRounds, Flow, Target};
use crate::jsonrpc::{Code, Fault};

/// Begins `tools/call`.
///
/// 1. Requests the tool's run. A tool with mirrored headers (2026-07-28) is not run yet:
/// 2. the headers are compared with the arguments first.
///
/// Waits: none if JavaScript takes the shortcut, else one; one more for a tool with mirrored headers; one more in a later round
/// whose state is used up.
pub fn call<'a>(flow: &'a Flow<'_>, frame: Frame<'a>, params: &Params<'a>) -> Result<Work<'a>, Fault> {
    let name = string_of("name", params.name)?;
    let arguments = params.arguments;
    if arguments.is_some_and(|arguments| !arguments.is_object()) {
        return Err(Fault::new(200, Code::InvalidParams, "`params.arguments` must be an object."));
    }
    let run = move |name: &str, mirror: bool, rounds: Option<&EarlierRounds>| {
        let like = || if rounds.is_none() { frame.stencil(arguments) } else { None };
        let shortcut = frame.is_alone().then(|| frame.around_content(like()));
        let target = Target::Tool { name, arguments, mirror };
        flow.obtain_by(&Call { target, request: frame.id, session: frame.session, rounds }, shortcut)
    };
    let later = mrtr::continuation(&frame, params);
    let called = later.is_none().then(|| run(&name, frame.revision.is_modern(), None));
    Ok(Box::pin(async move {
        let rounds = Rounds { method: "tools/call", name: &name, arguments };
        let brought = rounds.open(flow, &frame, later).await?;
        let brought = brought.as_ref();
        let called = called.unwrap_or_else(|| run(&name, true, brought));
        let called = match called.await {
            Ok(CallOutcome::Mirrored(mirrored)) => {
                mirror::check(arguments, &mirrored)?;
                run(&name, false, brought).await
            }
            called => called,
        };
        match called {
            Ok(CallOutcome::Asks(asks)) => rounds.ask(flow, &frame, asks).await,
            Ok(CallOutcome::Astray(result)) => handler_result::tool(frame, &name, &result, false),
            Ok(CallOutcome::Refused(text)) => Ok(failed(frame, &text)),
            Ok(CallOutcome::Threw(id)) => Ok(failed(frame, &failed_text("tool", &name, &id))),
            Ok(CallOutcome::Unfit(id)) => Ok(failed(
                frame,
                &[
                    "The tool's result does not fit its output schema. The server's log has the reason under the ID ",
                    id.as_str(),
                    ".",
                ]
                .concat(),
            )),
            called => match handler_result::judge(frame.revision, "tool", &name, called)? {
                HandlerResult::Result(result) => handler_result::tool(frame, &name, &result, true),
                HandlerResult::Unknown => Err(about(&name, Code::InvalidParams, "Unknown tool ", ".")),
                HandlerResult::Text(text) => Ok(failed(frame, &text)),
            },
        }
    }))
}
