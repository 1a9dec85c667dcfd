//! What a handler may ask its client for, and what counts as an answer (MCP client/elicitation, client/sampling,
//! client/roots).
//!
//! The questions are the same on both wires: before 2026-07-28 each is a request on the call's own stream, since then they
//! travel in an `input_required` result ([`super::mrtr`]).

use std::borrow::Cow;

use super::capabilities::Capabilities;
use super::form;
use super::revision::Revision;
use crate::json::{Members, Object, Value, quoted};

/// A question as it goes to the client.
#[derive(Debug)]
pub struct Question<'a> {
    /// The method of the request.
    pub method: &'static str,
    /// What the client must have declared; none for `ping`.
    pub needs: Capabilities,
    params: Object<'a>,
}

type Wrong = Cow<'static, str>;

impl<'a> Question<'a> {
    /// Reads what a handler asks: `kind` is `elicit`, `sample` or `roots`, or the method by its own name. The error is for
    /// whoever wrote the handler.
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
            _ => Err(["A client cannot be asked for ", &quoted(kind), "."].concat().into()),
        }
    }

    /// The question as a member of `inputRequests`.
    #[must_use]
    pub fn input_request(&self) -> String {
        Members::new().text("method", self.method).raw("params", &self.params_text()).end()
    }

    /// The first revision that has it, and what that is.
    #[must_use]
    pub fn since(&self) -> (Revision, &'static str) {
        let schema = self.params.get("requestedSchema").and_then(|schema| schema.object().ok());
        if schema.is_some_and(|schema| form::has_several(&schema)) {
            return (Revision::V2025_11_25, "fields of several choices");
        }
        let messages = self.params.get("messages").and_then(|messages| messages.array().ok()).unwrap_or_default();
        let has_several = |message: Value<'_>| message.object().ok()?.get("content").map(Value::is_array);
        if messages.into_iter().any(|message| has_several(message) == Some(true)) {
            return (Revision::V2025_11_25, "messages of several blocks");
        }
        (self.needs.since(), self.needs.json())
    }

    /// The question as a request of `revision` with this id.
    #[must_use]
    pub fn request(&self, revision: Revision, id: &str) -> String {
        let request = Members::new().text("jsonrpc", "2.0").text("id", id).text("method", self.method);
        if self.params.0.is_empty() { request.end() } else { request.raw("params", &self.params_for(revision)).end() }
    }

    fn params_for(&self, revision: Revision) -> String {
        let schema = self.params.get("requestedSchema").and_then(|schema| schema.object().ok());
        let Some(schema) = schema.filter(|_| revision == Revision::V2025_06_18) else { return self.params_text() };
        let schema = form::for_2025_06_18(&schema);
        let members = self.params.0.iter().fold(Members::new(), |members, (name, value)| {
            members.raw(name, if name == "requestedSchema" { &schema } else { value.text() })
        });
        members.end()
    }

    /// Its parameters.
    #[must_use]
    pub fn params_text(&self) -> String {
        ["{", &self.params.inner(), "}"].concat()
    }

    /// Checks what a client answers. The error says what is wrong with it.
    pub fn check(&self, answer: Value<'_>) -> Result<(), Wrong> {
        let Ok(answer) = answer.object() else { return Err("the answer is no object".into()) };
        match self.method {
            "elicitation/create" => self.check_elicited(&answer),
            "sampling/createMessage" => {
                let content = answer.get("content");
                let strings = ["role", "model"].iter().all(|member| answer.string(member).is_some());
                match content {
                    Some(content) if strings && content.is_object() => Ok(()),
                    Some(content) if strings && content.is_array() && self.needs == Capabilities::SAMPLING_TOOLS => {
                        Ok(())
                    }
                    Some(content) if content.is_array() => {
                        Err("`content` must be one block where no tools were given to the model".into())
                    }
                    _ => Err("`role`, `content` and `model` must be there".into()),
                }
            }
            "roots/list" => {
                let is_root = |root: Value<'_>| root.object().is_ok_and(|root| root.string("uri").is_some());
                let roots = answer.get("roots").and_then(|roots| roots.array().ok());
                let whole = roots.is_some_and(|roots| roots.into_iter().all(is_root));
                if whole { Ok(()) } else { Err("`roots` must be an array of objects with `uri`".into()) }
            }
            _ => Ok(()),
        }
    }

    /// The same without what a person has left empty, where a client says so with null.
    #[must_use]
    pub fn filled_in(&self, answer: Value<'_>) -> String {
        let members = answer.object().unwrap_or_default();
        match members.get("content").map(Value::object) {
            Some(Ok(content)) if self.method == "elicitation/create" => {
                let content = content.without_nulls().json();
                let members = members.0.iter().fold(Members::new(), |all, (name, value)| {
                    all.raw(name, if name == "content" { &content } else { value.text() })
                });
                members.end()
            }
            _ => answer.text().into(),
        }
    }

    fn check_elicited(&self, answer: &Object<'_>) -> Result<(), Wrong> {
        match answer.string("action").as_deref() {
            Some("decline" | "cancel") => Ok(()),
            Some("accept") if self.needs == Capabilities::URLS => Ok(()),
            Some("accept") => {
                let content = answer.get("content").and_then(|content| content.object().ok());
                let Some(content) = content else { return Err("`content` must be an object".into()) };
                self.params
                    .get("requestedSchema")
                    .and_then(|schema| schema.object().ok())
                    .map_or(Ok(()), |schema| form::check(&schema, &content))
            }
            _ => Err("`action` must be \"accept\", \"decline\" or \"cancel\"".into()),
        }
    }
}

/// A form or, in mode `url`, a page that the person opens. Forms are flat and never ask for secrets; pages are https.
fn elicitation(revision: Revision, mut params: Object<'_>) -> Result<Question<'_>, Wrong> {
    if params.string("message").is_none() {
        return Err("An elicitation needs a `message`.".into());
    }
    let method = "elicitation/create";
    match params.string("mode").as_deref() {
        None | Some("form") => {
            let schema = params.get("requestedSchema").and_then(|schema| schema.object().ok());
            let Some(schema) = schema.filter(|schema| schema.string("type").as_deref() == Some("object")) else {
                return Err("An elicitation needs a `requestedSchema` of type \"object\".".into());
            };
            if let Some((name, _)) = form::fields(&schema).into_iter().find(|(_, field)| !form::is_primitive(*field)) {
                let wrong =
                    ["The field ", &quoted(&name), " of a form must be a string, a number, a boolean or a choice."];
                return Err(wrong.concat().into());
            }
            if !revision.has_elicitation_modes() {
                params.0.retain(|(name, _)| name != "mode");
            }
            Ok(Question { method, needs: Capabilities::FORMS, params })
        }
        Some("url") => {
            if !params.string("url").is_some_and(|url| url.starts_with("https://") || is_loopback(&url)) {
                return Err("An elicitation in mode \"url\" needs a `url` that begins with https://.".into());
            }
            if revision.is_modern() {
                params.0.retain(|(name, _)| name != "elicitationId");
            } else if params.string("elicitationId").is_none() {
                return Err("An elicitation in mode \"url\" needs an `elicitationId`.".into());
            }
            Ok(Question { method, needs: Capabilities::URLS, params })
        }
        Some(_) => Err("The `mode` of an elicitation is \"form\" or \"url\".".into()),
    }
}

fn is_loopback(url: &str) -> bool {
    let rest = ["http://localhost", "http://127.0.0.1", "http://[::1]"].iter().find_map(|host| url.strip_prefix(host));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/', '?', '#']))
}

/// A message of the client's language model. `tools` and `toolChoice` are for clients that say so only.
fn sampling(params: Object<'_>) -> Result<Question<'_>, Wrong> {
    let whole = params.get("messages").is_some_and(Value::is_array)
        && params.get("maxTokens").is_some_and(|most| most.is_number() && most.is_integer());
    if !whole {
        return Err("Sampling needs `messages`, an array, and `maxTokens`, an integer.".into());
    }
    let with_tools = params.get("tools").is_some() || params.get("toolChoice").is_some();
    let needs = if with_tools { Capabilities::SAMPLING_TOOLS } else { Capabilities::SAMPLING };
    Ok(Question { method: "sampling/createMessage", needs, params })
}
