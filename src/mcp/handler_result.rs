//! Results and errors of handlers, completed for a revision: the revision's own members are set here, `_meta` keeps
//! what the handler put there, and content that an older revision does not have becomes content that it has.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::frame::Frame;
use super::revision::Revision;
use crate::flow::{CallOutcome, Failure, HandlerError, PlainResult};
use crate::http::challenge::Challenge;
use crate::json::{Json, Object, Value, quoted, shown};
use crate::jsonrpc::{Code, Fault};
use crate::unique::distinct;

const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// How a handler's run ended, unless with a fault.
#[derive(Debug)]
pub enum HandlerResult {
    /// With a result.
    Result(Json),
    /// There is no such thing.
    Unknown,
    /// With a text for the caller: invalid arguments.
    Text(String),
}

/// How the run of a prompt or resource ended.
pub fn judge(
    revision: Revision,
    what: &str,
    name: &str,
    called: Result<CallOutcome, Failure>,
) -> Result<HandlerResult, Fault> {
    match called {
        Ok(CallOutcome::Returned(result)) => Ok(HandlerResult::Result(result)),
        Ok(CallOutcome::Unknown) => Ok(HandlerResult::Unknown),
        Ok(CallOutcome::Forbidden { always, scopes, metadata }) => {
            Err(forbidden(what, name, &needed(&always, &scopes), metadata.as_deref()))
        }
        Ok(CallOutcome::Invalid(text)) => Ok(HandlerResult::Text(text)),
        Ok(CallOutcome::Refused(text)) => Err(Fault::new(200, Code::InternalError, text)),
        Ok(CallOutcome::Threw(id) | CallOutcome::Unfit(id)) => {
            Err(Fault::new(200, Code::InternalError, failed_text(what, name, &id)))
        }
        Ok(CallOutcome::Fault(thrown)) => {
            let code = code_of(revision, &thrown);
            Err(Fault { data: thrown.data, ..Fault::new(thrown.status.unwrap_or(200), code, thrown.message) })
        }
        Err(Failure::Refused) => {
            let message =
                " returned more than 8 MiB, alone or together with the rest of its batch: request less at once.";
            Err(Fault::new(500, Code::InternalError, ["The ", what, message].concat()))
        }
        Ok(
            CallOutcome::Mirrored(_) | CallOutcome::Elsewhere { .. } | CallOutcome::Asks(_) | CallOutcome::Astray(_),
        )
        | Err(_) => Err(Fault::new(500, Code::InternalError, ["The ", what, " could not run."].concat())),
    }
}

/// The code of an error that a handler threw. Codes that 2026-07-28 reserves are only used for their meaning
/// (basic/index §Error Codes); the code of older revisions for a missing resource is replaced.
fn code_of(revision: Revision, thrown: &HandlerError) -> Code {
    let Some(code) = thrown.code else { return Code::InternalError };
    // An error with a status is one of ours.
    let is_free = !revision.is_modern() || thrown.status.is_some();
    match code {
        -32002 if !is_free => Code::InvalidParams,
        -32099..=-32020 if !is_free => Code::InternalError,
        code => Code::Own(code),
    }
}

/// The scopes that a token needs: those for every request, followed by those for this one, without duplicates,
/// separated by spaces.
#[must_use]
pub fn needed(always: &[String], scopes: &[String]) -> String {
    distinct(always.iter().chain(scopes).map(String::as_str)).join(" ")
}

/// The step-up challenge, with all scopes that the operation needs (2026-07-28 basic/authorization §Runtime
/// Insufficient Scope).
fn forbidden(what: &str, name: &str, scope: &str, metadata: Option<&str>) -> Fault {
    let message = ["The ", what, " ", &quoted(name), " requires these scopes: ", scope, "."].concat();
    let challenge = Challenge {
        error: Some("insufficient_scope"),
        description: Some("The access token does not have the required scopes."),
        scope: Some(scope),
        metadata,
    };
    Fault::forbidden(message, challenge.text())
}

/// The message about a handler that threw.
pub(super) fn failed_text(what: &str, name: &str, id: &str) -> String {
    ["The ", what, " ", &quoted(name), " failed. The server's log has the reason under the ID ", id, "."].concat()
}

/// A fault whose message is `before`, the name, `after`.
pub(super) fn about(name: &str, code: Code, before: &str, after: &str) -> Fault {
    Fault::new(200, code, [before, &shown(name), after].concat())
}

/// Which results may take the shortcut: those whose content and structured content exist in `revision`.
#[must_use]
pub fn plain_in(revision: Revision) -> PlainResult {
    match revision {
        Revision::V2024_11_05 => PlainResult { kinds: &["text", "image", "resource"], structured: Some("none") },
        Revision::V2025_03_26 => {
            PlainResult { kinds: &["text", "image", "audio", "resource"], structured: Some("none") }
        }
        Revision::V2025_06_18 | Revision::V2025_11_25 => PlainResult { kinds: &[], structured: Some("object") },
        Revision::V2026_07_28 => PlainResult::default(),
    }
}

/// A tool's result: `content` is always present. Structured content that does not match the tool's output schema, which
/// only an error may have (`fits` is false), is omitted, because the official SDK's client would discard the whole
/// result. Its text is kept if the structured content is omitted.
pub fn tool(frame: Frame<'_>, name: &str, result: &Json, fits: bool) -> Result<String, Fault> {
    let mut returned = object_of("tool", name, result)?;
    let structured = returned.get("structuredContent");
    let keeps_structured = match plain_in(frame.revision).structured {
        _ if !fits => false,
        None => true,
        Some("object") => structured.is_some_and(Value::is_object),
        Some(_) => false,
    };
    let no_array = |_| about(name, Code::InternalError, "The tool ", " returned `content` that is not an array.");
    let written = returned.get("content");
    let blocks = written.map_or_else(|| Ok(Vec::new()), Value::array).map_err(no_array)?;
    // Older clients only read text (server/tools §Structured Content).
    let says_nothing = blocks.is_empty() || !(keeps_structured || blocks.iter().any(|block| is_text(*block)));
    let text = structured.filter(|_| says_nothing).map(|structured| Json::of(&Text::new(structured.text())));
    let known = blocks.iter().map(|block| block_for(frame.revision, *block)).collect::<Vec<_>>();
    returned.0.retain(|(member, _)| member != "structuredContent" || keeps_structured);
    // If nothing has to change, the text is passed on unchanged: it may be long.
    let is_as_written = written.is_some() && text.is_none() && known.iter().all(Known::is_as_written);
    let all = known.iter().map(Known::value).chain(text.as_ref().map(Json::value));
    let content = (!is_as_written).then(|| Json::of(&all.collect::<Vec<_>>()));
    match &content {
        None => {}
        Some(content) if written.is_some() => returned.set("content", content.value()),
        Some(content) => returned.0.insert(0, ("content".into(), content.value())),
    }
    whole(frame, "tool", name, returned, None)
}

/// A prompt's result: it has messages.
pub fn prompt(frame: Frame<'_>, name: &str, result: &Json) -> Result<String, Fault> {
    let mut returned = object_of("prompt", name, result)?;
    let no_messages = || about(name, Code::InternalError, "The prompt ", " returned no `messages` array.");
    let messages = returned.get("messages").ok_or_else(no_messages)?.array().map_err(|_| no_messages())?;
    let messages = messages.into_iter().map(|message| message_for(frame.revision, message));
    let messages = Json::of(&messages.collect::<Vec<_>>());
    returned.set("messages", messages.value());
    whole(frame, "prompt", name, returned, None)
}

/// A resource's contents.
pub fn resource(frame: Frame<'_>, uri: &str, result: &Json) -> Result<String, Fault> {
    let mut returned = object_of("resource", uri, result)?;
    let no_contents = || about(uri, Code::InternalError, "The resource ", " returned no `contents` array.");
    let contents = returned.get("contents").ok_or_else(no_contents)?.array().map_err(|_| no_contents())?;
    let contents = contents.into_iter().map(without_nulls).collect::<Vec<_>>();
    let changed = (!contents.iter().all(Known::is_as_written)).then(|| Json::of(&contents));
    if let Some(contents) = &changed {
        returned.set("contents", contents.value());
    }
    let caching = frame.revision.is_modern().then(|| Caching::of(&returned));
    returned.0.retain(|(member, _)| !matches!(member.as_ref(), "ttlMs" | "cacheScope"));
    whole(frame, "resource", uri, returned, caching)
}

/// How long and for whom a resource's contents may be cached. A handler may say so; malformed values count as absent,
/// and then they are not cached.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Caching<'a> {
    ttl_ms: Value<'a>,
    cache_scope: Cow<'a, str>,
}

impl<'a> Caching<'a> {
    fn of(returned: &Object<'a>) -> Self {
        let time = returned.get("ttlMs").filter(|time| time.is_integer() && !time.text().starts_with('-'));
        let scope = returned.string("cacheScope").filter(|scope| matches!(scope.as_ref(), "public" | "private"));
        Self { ttl_ms: time.unwrap_or(Value::zero()), cache_scope: scope.unwrap_or("private".into()) }
    }
}

fn object_of<'a>(what: &str, name: &str, result: &'a Json) -> Result<Object<'a>, Fault> {
    let before = ["The ", what, " "].concat();
    let result = result
        .value()
        .object()
        .map_err(|_| about(name, Code::InternalError, &before, " returned no result object."))?;
    // Null counts as absent; only structured content may be null.
    Ok(Object(result.0.into_iter().filter(|(name, value)| !value.is_null() || name == "structuredContent").collect()))
}

/// A result as it is sent: the revision's members, and the rest of what the handler returned.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Whole<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    result_type: Option<&'static str>,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<Object<'a>>,
    #[serde(flatten)]
    caching: Option<Caching<'a>>,
    #[serde(flatten)]
    returned: Object<'a>,
}

/// The whole response: the revision's members, and the rest of `returned`.
fn whole(
    frame: Frame<'_>,
    what: &str,
    name: &str,
    mut returned: Object<'_>,
    caching: Option<Caching<'_>>,
) -> Result<String, Fault> {
    let mut meta = match returned.get("_meta") {
        None => Object::default(),
        Some(meta) => meta.object().map_err(|_| {
            about(name, Code::InternalError, &["The ", what, " "].concat(), " returned `_meta` that is not an object.")
        })?,
    };
    let is_modern = frame.revision.is_modern();
    if is_modern && meta.get(SERVER_INFO).is_none() {
        meta.set(SERVER_INFO, frame.server);
    }
    returned.0.retain(|(member, _)| !matches!(member.as_ref(), "resultType" | "_meta"));
    let meta = Some(meta).filter(|meta| !meta.0.is_empty());
    Ok(frame.bare_result(&Whole { result_type: is_modern.then_some("complete"), meta, caching, returned }))
}

/// A failure that the model should read (server/tools §Error Handling).
pub(super) fn failed(frame: Frame<'_>, text: &str) -> String {
    frame.result(&Failed { content: [Text::new(text)], is_error: true })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failed<'a> {
    content: [Text<'a>; 1],
    is_error: bool,
}

/// A block of text.
#[derive(Serialize)]
#[serde(tag = "type", rename = "text")]
struct Text<'a> {
    text: &'a str,
}

impl<'a> Text<'a> {
    fn new(text: &'a str) -> Self {
        Self { text }
    }
}

/// An embedded resource.
#[derive(Serialize)]
#[serde(tag = "type", rename = "resource")]
struct Embedded<'a> {
    resource: Attachment<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attachment<'a> {
    uri: &'static str,
    mime_type: Option<Value<'a>>,
    blob: Option<Value<'a>>,
}

/// The part of a content block, or of what contains one, that is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Block<'a> {
    r#type: Option<Value<'a>>,
    name: Option<Value<'a>>,
    uri: Option<Value<'a>>,
    mime_type: Option<Value<'a>>,
    data: Option<Value<'a>>,
}

/// A value in the form that a revision has.
#[derive(Serialize)]
#[serde(untagged)]
enum Known<'a> {
    AsIs(Value<'a>),
    Made(Json),
}

impl Known<'_> {
    fn is_as_written(&self) -> bool {
        matches!(self, Self::AsIs(_))
    }

    fn value(&self) -> Value<'_> {
        match self {
            Self::AsIs(value) => *value,
            Self::Made(made) => made.value(),
        }
    }
}

/// A prompt's message in the form that `revision` has.
fn message_for(revision: Revision, message: Value<'_>) -> Known<'_> {
    let Ok(mut members) = message.object() else { return Known::AsIs(message) };
    let content = members.get("content").map(|content| block_for(revision, content));
    members = members.without_nulls();
    if let Some(content) = &content {
        members.set("content", content.value());
    }
    Known::Made(Json::of(&members))
}

fn is_text(block: Value<'_>) -> bool {
    let kind = block.parse().ok().and_then(|block: Block<'_>| block.r#type?.string());
    kind.as_deref() == Some("text")
}

/// An object without members that are null, which clients take for members of the wrong type.
fn without_nulls(value: Value<'_>) -> Known<'_> {
    match value.object() {
        Ok(members) if members.0.iter().any(|(_, value)| value.is_null()) => {
            Known::Made(Json::of(&members.without_nulls()))
        }
        _ => Known::AsIs(value),
    }
}

/// One content block in the form that `revision` has: a resource link becomes text until 2025-03-26, audio becomes an
/// embedded resource in 2024-11-05, and blocks that no older revision has become the text of their JSON. An older
/// client rejects the whole result if one block is of an unknown type.
fn block_for(revision: Revision, block: Value<'_>) -> Known<'_> {
    let Ok(Block { r#type, name, uri, mime_type, data }) = block.parse() else { return Known::AsIs(block) };
    match r#type.and_then(Value::string).as_deref() {
        Some("resource_link") if revision < Revision::V2025_06_18 => {
            let [name, uri] = [name, uri].map(|value| value.and_then(Value::string).unwrap_or_default());
            Known::Made(Json::of(&Text::new(&[&name, ": ", &*uri].concat())))
        }
        Some("audio") if revision < Revision::V2025_03_26 => {
            let resource = Attachment { uri: "attachment:audio", mime_type, blob: data };
            Known::Made(Json::of(&Embedded { resource }))
        }
        Some(kind) => {
            let known = plain_in(revision).kinds;
            if known.is_empty() || known.contains(&kind) {
                without_nulls(block)
            } else {
                Known::Made(Json::of(&Text::new(block.text())))
            }
        }
        None => Known::AsIs(block),
    }
}
