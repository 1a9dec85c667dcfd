//! Prompts (MCP server/prompts): getting one.

use super::envelope::Params;
use super::frame::Frame;
use super::handler_result::{self, HandlerResult};
use super::mrtr::{self, Rounds};
use super::{Work, string_of};
use crate::flow::{Call, CallOutcome, EarlierRounds, Flow, Target};
use crate::json::Object;
use crate::jsonrpc::{Code, Fault};

/// Begins `prompts/get`. Waits: none if JavaScript takes the shortcut, else one.
pub fn get<'a>(flow: &'a Flow<'_>, frame: Frame<'a>, params: &Params<'a>) -> Result<Work<'a>, Fault> {
    let name = string_of("name", params.name)?;
    let arguments = params.arguments;
    let of_strings = |given: &Object<'_>| given.0.iter().all(|(_, value)| value.is_null() || value.string().is_some());
    let strings = arguments.map(|arguments| arguments.object().ok().filter(of_strings));
    if matches!(strings, Some(None)) {
        return Err(Fault::new(200, Code::InvalidParams, "`params.arguments` must be an object of strings."));
    }
    let strings = strings.flatten().map(Object::without_nulls);
    let run = move |name: &str, rounds: Option<&EarlierRounds>| {
        let shortcut = frame.is_alone().then(|| frame.around_content(None));
        let target = Target::Prompt { name, arguments: strings.clone() };
        flow.obtain_by(&Call { target, request: frame.id, session: frame.session, rounds }, shortcut)
    };
    let later = mrtr::continuation(&frame, params);
    let called = later.is_none().then(|| run(&name, None));
    Ok(Box::pin(async move {
        let rounds = Rounds { method: "prompts/get", name: &name, arguments };
        let brought = rounds.open(flow, &frame, later).await?;
        let called = match called.unwrap_or_else(|| run(&name, brought.as_ref())).await {
            Ok(CallOutcome::Asks(asks)) => return rounds.ask(flow, &frame, asks).await,
            called => called,
        };
        match handler_result::judge(frame.revision, "prompt", &name, called)? {
            HandlerResult::Result(result) => handler_result::prompt(frame, &name, &result),
            HandlerResult::Unknown => Err(handler_result::about(&name, Code::InvalidParams, "Unknown prompt ", ".")),
            HandlerResult::Text(text) => Err(Fault::new(200, Code::InvalidParams, text)),
        }
    }))
}
