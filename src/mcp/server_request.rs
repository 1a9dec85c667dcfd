//! What a handler may ask its client for, and which answers are valid (MCP client/elicitation, client/sampling,
//! client/roots).
//!
//! The questions are the same on all revisions: before 2026-07-28 each is a request on the call's own stream, since
//! then they are part of an `input_required` result ([`super::mrtr`]).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::capabilities::Capabilities;
use super::form::{self, Schema};
use super::revision::Revision;
use crate::http::host::{authority_of, is_loopback};
use crate::json::{self, Json, Object, Value, quoted};
use crate::jsonrpc;

/// A question as it is sent to the client.
#[derive(Debug)]
pub struct ServerRequest<'a> {
    /// The method of the request.
    pub method: &'static str,
    /// What the client must have declared; nothing for `ping`.
    pub needs: Capabilities,
    /// Its parameters.
    pub(super) params: Object<'a>,
}

/// A question as a member of `inputRequests`.
#[derive(Serialize)]
struct InputRequest<'a> {
    method: &'static str,
    params: &'a Object<'a>,
}

/// A client's answer to any of them.
#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct Answer<'a> {
    pub(super) action: Option<Value<'a>>,
    content: Option<Value<'a>>,
    role: Option<Value<'a>>,
    model: Option<Value<'a>>,
    roots: Option<Value<'a>>,
}

/// One of the client's roots.
#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Root<'a> {
    uri: Option<Value<'a>>,
}

type Wrong = Cow<'static, str>;

impl<'a> ServerRequest<'a> {
    /// Reads what a handler asks for: `kind` is `elicit`, `sample` or `roots`, or the method's own name. The error is
    /// for the handler's author.
    pub fn read(revision: Revision, kind: &str, params: Option<Value<'a>>) -> Result<Self, Wrong> {
        let params = params.map_or_else(|| Ok(Object::default()), Value::object);
        let params = params.map_err(|_| Wrong::from("The parameters of a request must be an object."))?.without_nulls();
        match kind {
            "elicit" | "elicitation/create" => elicitation(revision, params),
            "sample" | "sampling/createMessage" => sampling(params),
            "roots" | "roots/list" => Ok(Self { method: "roots/list", needs: Capabilities::ROOTS, params }),
            "ping" if !revision.is_modern() => {
                Ok(Self { method: "ping", needs: Capabilities::default(), params: Object::default() })
            }
            _ => Err(["There is no request to the client named ", &quoted(kind), "."].concat().into()),
        }
    }

    /// The question as a member of `inputRequests`.
    #[must_use]
    pub fn input_request(&self) -> String {
        json::write(&InputRequest { method: self.method, params: &self.params })
    }

    /// The first revision that has it, and its name.
    #[must_use]
    pub fn since(&self) -> (Revision, &'static str) {
        if self.schema().is_some_and(|schema| form::has_several(&schema)) {
            return (Revision::V2025_11_25, "multi-select fields");
        }
        let messages = self.params.get("messages").and_then(|messages| messages.array().ok()).unwrap_or_default();
        let has_several = |message: Value<'_>| message.object().ok()?.get("content").map(Value::is_array);
        if messages.into_iter().any(|message| has_several(message) == Some(true)) {
            return (Revision::V2025_11_25, "messages with several content blocks");
        }
        (self.needs.since(), self.needs.json())
    }

    /// The question as a request of `revision` with this ID.
    #[must_use]
    pub fn request(&self, revision: Revision, id: &str) -> String {
        let schema = self.params.get("requestedSchema").filter(|_| revision == Revision::V2025_06_18);
        let schema = schema.and_then(form::for_2025_06_18);
        let mut params = self.params.clone();
        if let Some(schema) = &schema {
            params.set("requestedSchema", schema.value());
        }
        jsonrpc::request(id, self.method, Some(params).filter(|params| !params.0.is_empty()))
    }

    /// The fields that it asks for.
    fn schema(&self) -> Option<Schema<'a>> {
        self.params.get("requestedSchema")?.parse().ok()
    }

    /// Checks a client's answer. The error says what is wrong with it.
    pub fn check(&self, answer: Value<'_>) -> Result<(), Wrong> {
        let no_object = |_| Wrong::from("the answer is not an object");
        // As strictly as [`Self::filled_in`] reads it: whatever passes here can be read there.
        answer.object().map_err(no_object)?;
        let answer: Answer<'_> = answer.parse().map_err(no_object)?;
        let is_string = |value: Option<Value<'_>>| value.and_then(Value::string).is_some();
        match self.method {
            "elicitation/create" => self.check_elicited(&answer),
            "sampling/createMessage" => {
                let strings = is_string(answer.role) && is_string(answer.model);
                match answer.content {
                    Some(content) if strings && content.is_object() => Ok(()),
                    Some(content) if strings && content.is_array() && self.needs == Capabilities::SAMPLING_TOOLS => {
                        Ok(())
                    }
                    Some(content) if content.is_array() => {
                        Err("`content` must be a single block if the model was given no tools".into())
                    }
                    _ => Err("`role`, `content` and `model` are required".into()),
                }
            }
            "roots/list" => {
                let is_root = |root: Value<'_>| root.parse().is_ok_and(|Root { uri }| is_string(uri));
                let roots = answer.roots.and_then(|roots| roots.array().ok());
                let whole = roots.is_some_and(|roots| roots.into_iter().all(is_root));
                if whole { Ok(()) } else { Err("`roots` must be an array of objects with `uri`".into()) }
            }
            _ => Ok(()),
        }
    }

    /// The same without fields that the person left empty, which some clients send as null.
    #[must_use]
    pub fn filled_in(&self, answer: Value<'_>) -> Json {
        let members = answer.object().ok().filter(|_| self.method == "elicitation/create");
        let content = members.as_ref().and_then(|members| members.get("content")?.object().ok());
        let Some((mut members, content)) = members.zip(content) else { return Json::of(&answer) };
        let content = Json::of(&content.without_nulls());
        members.set("content", content.value());
        Json::of(&members)
    }

    fn check_elicited(&self, answer: &Answer<'_>) -> Result<(), Wrong> {
        match answer.action.and_then(Value::string).as_deref() {
            Some("decline" | "cancel") => Ok(()),
            Some("accept") if self.needs == Capabilities::URLS => Ok(()),
            Some("accept") => {
                let content = answer.content.and_then(|content| content.object().ok());
                let Some(content) = content else { return Err("`content` must be an object".into()) };
                self.schema().map_or(Ok(()), |schema| form::check(&schema, &content))
            }
            _ => Err("`action` must be \"accept\", \"decline\" or \"cancel\"".into()),
        }
    }
}

/// A form or, in mode `url`, a page that the person opens. Forms are flat and must not ask for secrets; pages are
/// https.
fn elicitation(revision: Revision, mut params: Object<'_>) -> Result<ServerRequest<'_>, Wrong> {
    if params.string("message").is_none() {
        return Err("`message` is required for an elicitation.".into());
    }
    let method = "elicitation/create";
    match params.string("mode").as_deref() {
        None | Some("form") => {
            let schema = params.get("requestedSchema").and_then(|schema| schema.parse::<Schema<'_>>().ok());
            let Some(schema) = schema.filter(|schema| schema.is("object")) else {
                return Err("`requestedSchema` of type \"object\" is required for an elicitation.".into());
            };
            if let Some((name, _)) = form::fields(&schema).into_iter().find(|(_, field)| !form::is_primitive(*field)) {
                let wrong =
                    ["The field ", &quoted(&name), " of a form must be a string, a number, a boolean or an enum."];
                return Err(wrong.concat().into());
            }
            if !revision.has_elicitation_modes() {
                params.0.retain(|(name, _)| name != "mode");
            }
            Ok(ServerRequest { method, needs: Capabilities::FORMS, params })
        }
        Some("url") => {
            if !params.string("url").is_some_and(|url| is_openable(&url)) {
                return Err("An elicitation in mode \"url\" requires a `url` that begins with https://.".into());
            }
            if revision.is_modern() {
                params.0.retain(|(name, _)| name != "elicitationId");
            } else if params.string("elicitationId").is_none() {
                return Err("An elicitation in mode \"url\" requires an `elicitationId`.".into());
            }
            Ok(ServerRequest { method, needs: Capabilities::URLS, params })
        }
        Some(_) => Err("The `mode` of an elicitation must be \"form\" or \"url\".".into()),
    }
}

/// True for a page that a person may be asked to open: over https, or on their own machine.
fn is_openable(url: &str) -> bool {
    url.starts_with("https://") || (url.starts_with("http://") && is_loopback(authority_of(url)))
}

/// A message of the client's language model. `tools` and `toolChoice` are only for clients that declare
/// `sampling.tools`.
fn sampling(params: Object<'_>) -> Result<ServerRequest<'_>, Wrong> {
    let whole = params.get("messages").is_some_and(Value::is_array)
        && params.get("maxTokens").is_some_and(|most| most.is_number() && most.is_integer());
    if !whole {
        return Err("Sampling requires `messages`, an array, and `maxTokens`, an integer.".into());
    }
    let with_tools = params.get("tools").is_some() || params.get("toolChoice").is_some();
    let needs = if with_tools { Capabilities::SAMPLING_TOOLS } else { Capabilities::SAMPLING };
    Ok(ServerRequest { method: "sampling/createMessage", needs, params })
}
