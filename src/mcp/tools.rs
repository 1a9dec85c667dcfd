//! Tools (MCP server/tools): what a list and a call look like, and what becomes of what a tool returns or throws.

use super::Work;
use super::frame::Frame;
use crate::flow::{Call, Called, Flow, List};
use crate::http::challenge::Challenge;
use crate::json::{Object, object, quoted};
use crate::jsonrpc::{Code, Fault};

const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// Begins `tools/list`. Waits: none where the shim splices, else one.
pub fn list<'a>(flow: &Flow<'_>, frame: Frame<'a>, params: &Object<'a>) -> Result<Work<'a>, Fault> {
    if params.get("cursor").is_some() {
        return Err(Fault::new(200, Code::InvalidParams, "`params.cursor` is none of this server's."));
    }
    let listed = flow.obtain(&List { of: "tools", splice: frame.alone.then(|| frame.around_list("tools")) });
    Ok(Box::pin(async move {
        let tools = listed.await.map_err(|_| Fault::new(500, Code::InternalError, "The tools could not be listed."))?;
        let around = frame.around_list("tools");
        Ok(around.head + &tools + around.tail)
    }))
}

/// Begins `tools/call`. Waits: none where the shim splices, else one.
pub fn call<'a>(flow: &Flow<'_>, frame: Frame<'a>, params: &Object<'a>) -> Result<Work<'a>, Fault> {
    let invalid = |message: &'static str| Err(Fault::new(200, Code::InvalidParams, message));
    let Some(name) = params.string("name") else {
        return invalid("`params.name` must be there, a string.");
    };
    let arguments = params.get("arguments");
    if arguments.is_some_and(|arguments| !arguments.is_object()) {
        return invalid("`params.arguments` must be an object.");
    }
    let meta = params.get("_meta");
    let called = flow.obtain(&Call {
        name: &name,
        arguments,
        request: frame.id,
        meta,
        session: frame.session,
        splice: frame.alone.then(|| frame.around_result()),
    });
    Ok(Box::pin(async move {
        match called.await {
            Ok(Called::Returned(result)) => complete(frame, &name, &result),
            Ok(Called::Unknown) => Err(about(&name, Code::InvalidParams, "There is no tool ", ".")),
            Ok(Called::Forbidden { scope, metadata }) => Err(forbidden(&name, &scope, metadata.as_deref())),
            Ok(Called::Invalid(text) | Called::Refused(text)) => Ok(failed(frame, &text)),
            Ok(Called::Threw(id)) => Ok(failed(
                frame,
                &["The tool ", &quoted(&name), " failed. The server's log has the reason under ", &id, "."].concat(),
            )),
            Err(_) => Err(Fault::new(500, Code::InternalError, "The tool could not be run.")),
        }
    }))
}

/// The step-up challenge: one, with all that the call needs (2026-07-28 basic/authorization §Runtime Insufficient Scope).
fn forbidden(name: &str, scope: &str, metadata: Option<&str>) -> Fault {
    let message = ["The tool ", &quoted(name), " needs these scopes: ", scope, "."].concat();
    let challenge = Challenge {
        error: Some("insufficient_scope"),
        description: Some("The access token does not have the scopes that are needed."),
        scope: Some(scope),
        metadata,
    };
    Fault::forbidden(message, challenge.text())
}

fn about(name: &str, code: Code, before: &str, after: &str) -> Fault {
    Fault::new(200, code, [before, &quoted(name), after].concat())
}

/// A failure that the model should see (server/tools §Error Handling).
fn failed(frame: Frame<'_>, text: &str) -> String {
    let content = text_content(text);
    frame.result(&object(&[("content", &content), ("isError", "true")]))
}

fn text_content(text: &str) -> String {
    [r#"[{"type":"text","text":"#, &quoted(text), "}]"].concat()
}

/// What a tool returned, made whole: `content` is always there, the revision's own members are ours to set, and `_meta`
/// keeps what the tool put there.
fn complete(frame: Frame<'_>, name: &str, result: &str) -> Result<String, Fault> {
    let no_result = || about(name, Code::InternalError, "The tool ", " returned no result object.");
    let returned = Object::read(result).map_err(|_| no_result())?;
    let content = match (returned.get("content"), returned.get("structuredContent")) {
        (Some(content), _) if content.is_array() => None,
        (Some(_), _) => {
            return Err(about(name, Code::InternalError, "The tool ", " returned `content` that is no array."));
        }
        // Older clients read text only (server/tools §Structured Content).
        (None, Some(structured)) => Some(text_content(structured.text())),
        (None, None) => Some("[]".into()),
    };
    let mut meta = match returned.get("_meta") {
        None => Object::default(),
        Some(meta) => meta.object().map_err(|_| no_result())?,
    };
    let mut head = [r#"{"jsonrpc":"2.0","id":"#, frame.id.text(), r#","result":{"#].concat();
    if frame.revision.is_modern() {
        head.push_str(r#""resultType":"complete","#);
        if meta.get(SERVER_INFO).is_none() {
            meta.0.push((SERVER_INFO.into(), frame.server));
        }
    }
    if !meta.0.is_empty() {
        head.push_str(&[r#""_meta":{"#, &meta.inner(), "},"].concat());
    }
    let mut kept = returned;
    kept.0.retain(|(member, _)| !matches!(member.as_ref(), "resultType" | "_meta"));
    if let Some(content) = content {
        head.push_str(r#""content":"#);
        head.push_str(&content);
        head.push_str(if kept.0.is_empty() { "" } else { "," });
    }
    Ok(head + &kept.inner() + "}}")
}
