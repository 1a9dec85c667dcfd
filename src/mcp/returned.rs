//! What handlers return or throw, made whole for a revision: the revision's own members are ours to set, `_meta` keeps
//! what the handler put there, and content that an older revision does not know becomes content that it knows.

use super::frame::{CACHING_OF_READS, Frame};
use super::revision::Revision;
use crate::flow::{Called, Failure, Plain, Thrown};
use crate::http::challenge::Challenge;
use crate::json::{Members, Object, Value, array, object, quoted, shown};
use crate::jsonrpc::{Code, Fault};

const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// How a run of a handler ended, as far as it is no fault.
#[derive(Debug)]
pub enum Answered {
    /// With a result.
    Result(String),
    /// There is no such thing.
    Unknown,
    /// With a text for the caller: wrong arguments.
    Text(String),
}

/// Tells how the run of a prompt or resource ended.
pub fn judge(revision: Revision, what: &str, name: &str, called: Result<Called, Failure>) -> Result<Answered, Fault> {
    match called {
        Ok(Called::Returned(result)) => Ok(Answered::Result(result)),
        Ok(Called::Unknown) => Ok(Answered::Unknown),
        Ok(Called::Forbidden { scope, metadata }) => Err(forbidden(what, name, &scope, metadata.as_deref())),
        Ok(Called::Invalid(text)) => Ok(Answered::Text(text)),
        Ok(Called::Refused(text)) => Err(Fault::new(200, Code::InternalError, text)),
        Ok(Called::Threw(id) | Called::Unfit(id)) => {
            Err(Fault::new(200, Code::InternalError, failed_text(what, name, &id)))
        }
        Ok(Called::Fault(thrown)) => {
            let code = code_of(revision, &thrown);
            let fault = Fault::new(thrown.status.unwrap_or(200), code, thrown.message);
            Err(match thrown.data {
                Some(data) => fault.with_data(data),
                None => fault,
            })
        }
        Err(Failure::Refused) => {
            let message = " came to more than 8 MiB, by itself or beside others of its batch: ask for less at once.";
            Err(Fault::new(500, Code::InternalError, ["The ", what, message].concat()))
        }
        Ok(Called::Mirrored(_) | Called::Elsewhere(..) | Called::Asks(_) | Called::Astray(_)) | Err(_) => {
            Err(Fault::new(500, Code::InternalError, ["The ", what, " could not be run."].concat()))
        }
    }
}

/// The code of an error that a handler threw. Those that 2026-07-28 keeps for itself mean what it says only (basic/index
/// §Error Codes); the one that older revisions have for a resource that is not there is another one now.
fn code_of(revision: Revision, thrown: &Thrown) -> Code {
    let Some(code) = thrown.code else { return Code::InternalError };
    // With a status it is ours.
    let is_free = !revision.is_modern() || thrown.status.is_some();
    match code {
        -32002 if !is_free => Code::InvalidParams,
        -32099..=-32020 if !is_free => Code::InternalError,
        code => Code::Own(code),
    }
}

/// The step-up challenge: one, with all that the operation needs (2026-07-28 basic/authorization §Runtime Insufficient
/// Scope).
fn forbidden(what: &str, name: &str, scope: &str, metadata: Option<&str>) -> Fault {
    let message = ["The ", what, " ", &quoted(name), " needs these scopes: ", scope, "."].concat();
    let challenge = Challenge {
        error: Some("insufficient_scope"),
        description: Some("The access token does not have the scopes that are needed."),
        scope: Some(scope),
        metadata,
    };
    Fault::forbidden(message, challenge.text())
}

/// What is said of a handler that threw.
pub(super) fn failed_text(what: &str, name: &str, id: &str) -> String {
    ["The ", what, " ", &quoted(name), " failed. The server's log has the reason under ", id, "."].concat()
}

/// The fault `before` name `after`.
pub(super) fn about(name: &str, code: Code, before: &str, after: &str) -> Fault {
    Fault::new(200, code, [before, &shown(name), after].concat())
}

/// What may take the shortcut: content and structured content that `revision` knows.
#[must_use]
pub fn plain_in(revision: Revision) -> Plain {
    match revision {
        Revision::V2024_11_05 => Plain { kinds: &["text", "image", "resource"], structured: Some("none") },
        Revision::V2025_03_26 => Plain { kinds: &["text", "image", "audio", "resource"], structured: Some("none") },
        Revision::V2025_06_18 | Revision::V2025_11_25 => Plain { kinds: &[], structured: Some("object") },
        Revision::V2026_07_28 => Plain::default(),
    }
}

/// What a tool returned: `content` is always there. Structured content that does not fit the tool's output schema, which
/// only an error may have (`fits` is false), stays away: the official SDK's client throws the whole result away for it.
/// Where structured content stays away, its text does not get lost.
pub fn tool(frame: Frame<'_>, name: &str, result: &str, fits: bool) -> Result<String, Fault> {
    let mut returned = object_of("tool", name, result)?;
    let structured = returned.get("structuredContent");
    let keeps_structured = match plain_in(frame.revision).structured {
        _ if !fits => false,
        None => true,
        Some("object") => structured.is_some_and(Value::is_object),
        Some(_) => false,
    };
    let no_array = |_| about(name, Code::InternalError, "The tool ", " returned `content` that is no array.");
    let written = returned.get("content");
    let blocks = written.map_or_else(|| Ok(Vec::new()), Value::array).map_err(no_array)?;
    // Older clients read text only (server/tools §Structured Content).
    let says_nothing = blocks.is_empty() || !(keeps_structured || blocks.iter().any(|block| is_text(*block)));
    let text = structured.filter(|_| says_nothing).map(|structured| text_block(structured.text()));
    let known = blocks.iter().map(|block| block_for(frame.revision, *block)).collect::<Vec<_>>();
    let is_as_written = text.is_none() && known.iter().zip(&blocks).all(|(known, block)| known == block.text());
    let content = match written.filter(|_| is_as_written) {
        Some(written) => written.text().to_owned(),
        None => array(known.into_iter().chain(text)),
    };
    returned.0.retain(|(member, _)| member != "structuredContent" || keeps_structured);
    whole(frame, "tool", name, returned, "", &[("content", &content)])
}

/// What a prompt returned: it has messages.
pub fn prompt(frame: Frame<'_>, name: &str, result: &str) -> Result<String, Fault> {
    let returned = object_of("prompt", name, result)?;
    let no_messages = || about(name, Code::InternalError, "The prompt ", " returned no array `messages`.");
    let messages = returned.get("messages").ok_or_else(no_messages)?.array().map_err(|_| no_messages())?;
    let messages = array(messages.into_iter().map(|message| message_for(frame.revision, message)));
    whole(frame, "prompt", name, returned, "", &[("messages", &messages)])
}

/// What was read of a resource: it has contents.
pub fn resource(frame: Frame<'_>, uri: &str, result: &str) -> Result<String, Fault> {
    let mut returned = object_of("resource", uri, result)?;
    let no_contents = || about(uri, Code::InternalError, "The resource ", " returned no array `contents`.");
    let contents = returned.get("contents").ok_or_else(no_contents)?.array().map_err(|_| no_contents())?;
    let contents = array(contents.into_iter().map(without_nulls));
    let caching = if frame.revision.is_modern() { caching_of(&returned) } else { String::new() };
    returned.0.retain(|(member, _)| !matches!(member.as_ref(), "ttlMs" | "cacheScope"));
    whole(frame, "resource", uri, returned, &caching, &[("contents", &contents)])
}

/// The caching members that a handler may set itself; what is malformed counts as not set.
fn caching_of(returned: &Object<'_>) -> String {
    let time = returned.get("ttlMs").filter(|time| time.is_integer() && !time.text().starts_with('-'));
    let scope = returned.string("cacheScope").filter(|scope| matches!(scope.as_ref(), "public" | "private"));
    match (time, scope) {
        (None, None) => [CACHING_OF_READS, ","].concat(),
        (time, scope) => {
            let time = time.map_or("0", Value::text);
            [r#""ttlMs":"#, time, r#","cacheScope":"#, &quoted(scope.as_deref().unwrap_or("private")), ","].concat()
        }
    }
}

fn object_of<'a>(what: &str, name: &str, result: &'a str) -> Result<Object<'a>, Fault> {
    let before = ["The ", what, " "].concat();
    let result =
        Object::read(result).map_err(|_| about(name, Code::InternalError, &before, " returned no result object."))?;
    // Null is absent; only structured content may be just that.
    Ok(Object(result.0.into_iter().filter(|(name, value)| !value.is_null() || name == "structuredContent").collect()))
}

/// The whole answer: the revision's members, `more` of them, those that are `made`, and what is left of `returned`.
fn whole(
    frame: Frame<'_>,
    what: &str,
    name: &str,
    mut returned: Object<'_>,
    more: &str,
    made: &[(&str, &str)],
) -> Result<String, Fault> {
    let mut meta = match returned.get("_meta") {
        None => Object::default(),
        Some(meta) => meta.object().map_err(|_| {
            about(name, Code::InternalError, &["The ", what, " "].concat(), " returned `_meta` that is no object.")
        })?,
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
    head.push_str(more);
    returned.0.retain(|(member, _)| !matches!(member.as_ref(), "resultType" | "_meta"));
    let mut members = Vec::with_capacity(returned.0.len() + made.len());
    members.extend(made.iter().filter(|(member, _)| returned.get(member).is_none()).copied());
    for (member, value) in &returned.0 {
        let made = made.iter().find(|(name, _)| name == member);
        members.push((member.as_ref(), made.map_or(value.text(), |(_, made)| *made)));
    }
    let result = object(&members);
    Ok(head + result.strip_prefix('{').unwrap_or_default() + "}")
}

/// A failure that the model should see (server/tools §Error Handling).
pub(super) fn failed(frame: Frame<'_>, text: &str) -> String {
    let content = text_content(text);
    frame.result(&object(&[("content", &content), ("isError", "true")]))
}

fn text_content(text: &str) -> String {
    ["[", &text_block(text), "]"].concat()
}

fn text_block(text: &str) -> String {
    [r#"{"type":"text","text":"#, &quoted(text), "}"].concat()
}

/// A prompt's message as `revision` knows it.
fn message_for(revision: Revision, message: Value<'_>) -> String {
    let Ok(members) = message.object() else { return message.text().to_owned() };
    let content = members.get("content").map(|content| block_for(revision, content));
    let content = content.map(|content| ("content", content));
    let rest = members.0.iter().filter(|(name, value)| name != "content" && !value.is_null());
    let rest = rest.fold(Members::new(), |rest, (name, value)| rest.raw(name, value.text()));
    content.into_iter().fold(rest, |all, (name, content)| all.raw(name, &content)).end()
}

fn is_text(block: Value<'_>) -> bool {
    block.object().is_ok_and(|block| block.string("type").as_deref() == Some("text"))
}

/// An object without members that are null, which clients take for members of a wrong type.
fn without_nulls(value: Value<'_>) -> String {
    match value.object() {
        Ok(members) if members.0.iter().any(|(_, value)| value.is_null()) => members.without_nulls().json(),
        _ => value.text().to_owned(),
    }
}

/// One block of content as `revision` knows it: a link to a resource becomes text until 2025-03-26, sound becomes an
/// embedded resource in 2024-11-05, and what none of the older revisions knows the text of its JSON. An older client refuses
/// the whole result for a block of a kind that it does not know.
fn block_for(revision: Revision, block: Value<'_>) -> String {
    let Ok(members) = block.object() else { return block.text().to_owned() };
    let member = |name| members.get(name).map_or("null", Value::text);
    match members.string("type").as_deref() {
        Some("resource_link") if revision < Revision::V2025_06_18 => {
            let [name, uri] = ["name", "uri"].map(|name| members.string(name).unwrap_or_default());
            text_block(&[&name, ": ", &uri].concat())
        }
        Some("audio") if revision < Revision::V2025_03_26 => {
            let resource =
                object(&[("uri", r#""attachment:audio""#), ("mimeType", member("mimeType")), ("blob", member("data"))]);
            object(&[("type", r#""resource""#), ("resource", &resource)])
        }
        Some(kind) => {
            let known = plain_in(revision).kinds;
            if known.is_empty() || known.contains(&kind) { without_nulls(block) } else { text_block(block.text()) }
        }
        None => block.text().to_owned(),
    }
}
