//! Completion (MCP server/utilities/completion): values for an argument of a prompt or a variable of a template.

use serde::{Deserialize, Serialize};

use super::envelope::Params;
use super::frame::Frame;
use super::{Work, handler_result, no_method};
use crate::flow::{Complete, Completed, Completing, Flow};
use crate::json::{Json, Object, Value};
use crate::jsonrpc::{Code, Fault};

/// A result has at most this many values (§Completion Results).
const MAX_VALUES: usize = 100;
/// Maximum length of the text to complete, in bytes.
const MAX_VALUE: usize = 8192;

/// The members of `ref`, `argument` and `context`.
#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Part<'a> {
    r#type: Option<Value<'a>>,
    name: Option<Value<'a>>,
    uri: Option<Value<'a>>,
    value: Option<Value<'a>>,
    arguments: Option<Value<'a>>,
}

/// `CompleteResult`.
#[derive(Serialize)]
struct CompleteResult<'a> {
    completion: Completion<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Completion<'a> {
    values: &'a Json,
    total: usize,
    has_more: bool,
}

/// Begins `completion/complete`. Waits: one.
pub fn complete<'a>(flow: &Flow<'_>, frame: Frame<'a>, params: &Params<'a>) -> Result<Work<'a>, Fault> {
    let invalid = |message: &'static str| Fault::new(200, Code::InvalidParams, message);
    let members = |part: Option<Value<'a>>| part?.parse::<Part<'a>>().ok();
    let string = |value: Option<Value<'a>>| value.and_then(Value::string);
    let no_reference =
        || invalid("`params.ref` must be {type: \"ref/prompt\", name} or {type: \"ref/resource\", uri}.");
    let reference = members(params.reference).ok_or_else(no_reference)?;
    let (is_template, of) = match string(reference.r#type).as_deref() {
        Some("ref/prompt") => (false, string(reference.name)),
        Some("ref/resource") => (true, string(reference.uri)),
        _ => return Err(no_reference()),
    };
    let of = of.ok_or_else(no_reference)?;
    let argument =
        members(params.argument).and_then(|argument| Some((string(argument.name)?, string(argument.value)?)));
    let Some((argument, value)) = argument else {
        return Err(invalid("`params.argument` must be {name, value}, both strings."));
    };
    if value.len() > MAX_VALUE {
        return Err(invalid("`params.argument.value` is longer than 8,192 bytes."));
    }
    let context = params.context.map(Value::parse::<Part<'a>>).transpose();
    let context = context.map_err(|_| invalid("`params.context` must be an object."))?;
    let known = match context.and_then(|context| context.arguments) {
        None => None,
        Some(known) => {
            let known = known.object().ok().map(Object::without_nulls);
            let of_strings = |known: &Object<'_>| known.0.iter().all(|(_, value)| value.string().is_some());
            let wrong = || invalid("`params.context.arguments` must be an object of strings.");
            Some(known.filter(of_strings).ok_or_else(wrong)?)
        }
    };
    let most = MAX_VALUES;
    let completing = if is_template { Completing::Template(&of) } else { Completing::Prompt(&of) };
    let completed = flow.obtain(&Complete { of: completing, argument: &argument, value: &value, most, known });
    Ok(Box::pin(async move {
        let failed = |message: String| Fault::new(200, Code::InternalError, message);
        match completed.await.map_err(|_| failed("The completion could not run.".into()))? {
            Completed::Values { values, total } => {
                let completion = Completion { values: &values, total, has_more: total > MAX_VALUES };
                Ok(frame.result(&CompleteResult { completion }))
            }
            Completed::Unknown => {
                let what = if is_template { "Unknown resource template " } else { "Unknown prompt " };
                Err(handler_result::about(&of, Code::InvalidParams, what, "."))
            }
            Completed::Absent => Err(no_method("completion/complete")),
            Completed::Threw(id) => {
                Err(failed(["The completion failed. The server's log has the reason under the ID ", &id, "."].concat()))
            }
        }
    }))
}
