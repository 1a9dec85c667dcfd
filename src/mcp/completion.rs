//! Completion (MCP server/utilities/completion): values for an argument of a prompt or a variable of a template.

use super::frame::Frame;
use super::{Work, no_method, returned};
use crate::flow::{Complete, Completed, Flow};
use crate::json::{Members, Object, Value};
use crate::jsonrpc::{Code, Fault};

/// An answer holds at most so many values (§Completion Results).
const MAX_VALUES: usize = 100;
/// What has been typed may be this long, in bytes.
const MAX_VALUE: usize = 8192;

/// Begins `completion/complete`. Waits: one.
pub fn complete<'a>(flow: &Flow<'_>, frame: Frame<'a>, params: &Object<'a>) -> Result<Work<'a>, Fault> {
    let invalid = |message: &'static str| Fault::new(200, Code::InvalidParams, message);
    let part = |name| params.get(name).and_then(|part: Value<'a>| part.object().ok());
    let no_reference =
        || invalid("`params.ref` must be {type: \"ref/prompt\", name} or {type: \"ref/resource\", uri}.");
    let reference = part("ref").ok_or_else(no_reference)?;
    let (is_template, of) = match reference.string("type").as_deref() {
        Some("ref/prompt") => (false, reference.string("name")),
        Some("ref/resource") => (true, reference.string("uri")),
        _ => return Err(no_reference()),
    };
    let of = of.ok_or_else(no_reference)?;
    let argument = part("argument").and_then(|argument| Some((argument.string("name")?, argument.string("value")?)));
    let Some((argument, value)) = argument else {
        return Err(invalid("`params.argument` must be {name, value}, both strings."));
    };
    if value.len() > MAX_VALUE {
        return Err(invalid("`params.argument.value` is longer than 8,192 bytes."));
    }
    let known = match params.given("context") {
        None => None,
        Some(context) => {
            let context = context.object().map_err(|_| invalid("`params.context` must be an object."))?;
            context.given("arguments")
        }
    };
    let of_strings = |known: Object<'_>| known.0.iter().all(|(_, value)| value.is_null() || value.string().is_some());
    if known.is_some_and(|known| !known.object().is_ok_and(of_strings)) {
        return Err(invalid("`params.context.arguments` must be an object of strings."));
    }
    let most = MAX_VALUES;
    let completed = flow.obtain(&Complete { of: &of, is_template, argument: &argument, value: &value, known, most });
    Ok(Box::pin(async move {
        let failed = |message: String| Fault::new(200, Code::InternalError, message);
        match completed.await.map_err(|_| failed("The completion could not be run.".into()))? {
            Completed::Values(values, total) => {
                let more = if total > MAX_VALUES { "true" } else { "false" };
                let completion =
                    Members::new().raw("values", &values).number("total", total as u64).raw("hasMore", more);
                Ok(frame.result(&Members::new().object("completion", completion).end()))
            }
            Completed::Unknown => {
                let what = if is_template { "There is no resource template " } else { "There is no prompt " };
                Err(returned::about(&of, Code::InvalidParams, what, "."))
            }
            Completed::Absent => Err(no_method("completion/complete")),
            Completed::Threw(id) => {
                Err(failed(["The completion failed. The server's log has the reason under ", &id, "."].concat()))
            }
        }
    }))
}
