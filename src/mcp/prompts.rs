//! Prompts (MCP server/prompts): getting one.

use super::frame::Frame;
use super::mrtr::{self, Rounds};
use super::returned::{self, Answered};
use super::{Work, string_of};
use crate::flow::{Call, Called, Flow, Target};
use crate::json::Object;
use crate::jsonrpc::{Code, Fault};

/// Begins `prompts/get`. Waits: none where the shim splices, else one.
pub fn get<'a>(flow: &'a Flow<'_>, frame: Frame<'a>, params: &Object<'a>) -> Result<Work<'a>, Fault> {
    let name = string_of(params, "name")?;
    let arguments = params.given("arguments");
    let of_strings =
        |arguments: Object<'_>| arguments.0.iter().all(|(_, value)| value.is_null() || value.string().is_some());
    if arguments.is_some_and(|arguments| !arguments.object().is_ok_and(of_strings)) {
        return Err(Fault::new(200, Code::InvalidParams, "`params.arguments` must be an object of strings."));
    }
    let run = move |name: &str, rounds: Option<&str>| {
        flow.obtain(&Call {
            target: Target::Prompt { name, arguments },
            request: frame.id,
            session: frame.session,
            rounds,
            splice: frame.is_alone().then(|| frame.around_content()),
            stencil: None,
        })
    };
    let later = mrtr::later(&frame, params);
    let called = later.is_none().then(|| run(&name, None));
    Ok(Box::pin(async move {
        let rounds = Rounds { method: "prompts/get", name: &name, arguments };
        let brought = rounds.open(flow, &frame, later).await?;
        let called = match called.unwrap_or_else(|| run(&name, brought.as_deref())).await {
            Ok(Called::Asks(asks)) => return rounds.ask(flow, &frame, &asks).await,
            called => called,
        };
        match returned::judge(frame.revision, "prompt", &name, called)? {
            Answered::Result(result) => returned::prompt(frame, &name, &result),
            Answered::Unknown => Err(returned::about(&name, Code::InvalidParams, "There is no prompt ", ".")),
            Answered::Text(text) => Err(Fault::new(200, Code::InvalidParams, text)),
        }
    }))
}
