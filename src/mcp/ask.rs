//! What a handler may ask its client for, and what counts as an answer (MCP client/elicitation, client/sampling,
//! client/roots).
//!
//! The questions are the same on both wires: before 2026-07-28 each is a request on the call's own stream, since then they
//! travel in an `input_required` result ([`super::mrtr`]).

use core::cmp::Ordering;
use std::borrow::Cow;

use super::capabilities::Capabilities;
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
        let params = params.map_err(|_| Wrong::from("The parameters of a request must be an object."))?;
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

    /// The question as a request with this id.
    #[must_use]
    pub fn request(&self, id: &str) -> String {
        let request = Members::new().text("jsonrpc", "2.0").text("id", id).text("method", self.method);
        if self.params.0.is_empty() { request.end() } else { request.raw("params", &self.params_text()).end() }
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

    fn check_elicited(&self, answer: &Object<'_>) -> Result<(), Wrong> {
        match answer.string("action").as_deref() {
            Some("decline" | "cancel") => Ok(()),
            Some("accept") if self.needs == Capabilities::URLS => Ok(()),
            Some("accept") => {
                let content = answer.get("content").and_then(|content| content.object().ok());
                let Some(content) = content else { return Err("`content` must be an object".into()) };
                self.check_form(&content)
            }
            _ => Err("`action` must be \"accept\", \"decline\" or \"cancel\"".into()),
        }
    }

    fn check_form(&self, content: &Object<'_>) -> Result<(), Wrong> {
        let Some(schema) = self.params.get("requestedSchema").and_then(|schema| schema.object().ok()) else {
            return Ok(());
        };
        let required = schema.get("required").and_then(|required| required.array().ok()).unwrap_or_default();
        if let Some(name) = required.into_iter().filter_map(Value::string).find(|name| content.get(name).is_none()) {
            return Err([&quoted(&name), " is missing"].concat().into());
        }
        for (name, property) in properties(&schema) {
            let (Some(value), Ok(property)) = (content.get(&name), property.object()) else { continue };
            if !fits(&property, value) {
                return Err([&quoted(&name), " does not fit its schema"].concat().into());
            }
        }
        Ok(())
    }
}

fn properties<'a>(schema: &Object<'a>) -> Vec<(Cow<'a, str>, Value<'a>)> {
    schema.get("properties").and_then(|properties| properties.object().ok()).map(|Object(all)| all).unwrap_or_default()
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
            if let Some((name, _)) = properties(&schema).into_iter().find(|(_, property)| !is_primitive(*property)) {
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

fn is_primitive(property: Value<'_>) -> bool {
    let Ok(property) = property.object() else { return false };
    match property.string("type").as_deref() {
        Some("string" | "number" | "integer" | "boolean") => true,
        Some("array") => property.get("items").is_some_and(Value::is_object),
        _ => false,
    }
}

fn fits(schema: &Object<'_>, value: Value<'_>) -> bool {
    match schema.string("type").as_deref() {
        Some("string") => value.string().is_some_and(|text| {
            let length = || text.chars().count();
            choices(schema).is_none_or(|all| all.contains(&text)) && is_within(schema, "minLength", "maxLength", length)
        }),
        Some("number") => value.is_number() && is_in_range(schema, value),
        Some("integer") => value.is_number() && value.is_integer() && is_in_range(schema, value),
        Some("boolean") => matches!(value.text(), "true" | "false"),
        Some("array") => {
            let choices = schema.get("items").and_then(|items| choices(&items.object().ok()?));
            let fits = |value: Value<'_>| {
                value.string().is_some_and(|text| choices.as_ref().is_none_or(|all| all.contains(&text)))
            };
            value.array().is_ok_and(|values| {
                is_within(schema, "minItems", "maxItems", || values.len()) && values.into_iter().all(fits)
            })
        }
        _ => true,
    }
}

/// True if a length keeps to the limits of these names, if there are any.
fn is_within(schema: &Object<'_>, least: &str, most: &str, length: impl Fn() -> usize) -> bool {
    let limit = |name| schema.get(name).and_then(|limit: Value<'_>| limit.text().parse::<usize>().ok());
    limit(least).is_none_or(|least| least <= length()) && limit(most).is_none_or(|most| length() <= most)
}

/// True if a number keeps to `minimum` and `maximum`, if there are any.
fn is_in_range(schema: &Object<'_>, value: Value<'_>) -> bool {
    let against = |name| {
        let limit = schema.get(name).filter(|limit| limit.is_number())?;
        Some(Decimal::read(value.text())?.cmp(&Decimal::read(limit.text())?))
    };
    against("minimum") != Some(Ordering::Less) && against("maximum") != Some(Ordering::Greater)
}

/// A number as people write it in a form, to be compared digit by digit.
struct Decimal<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
}

impl<'a> Decimal<'a> {
    /// Reads a JSON number; nothing of one with an exponent.
    fn read(text: &'a str) -> Option<Self> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let is_zero = whole.is_empty() && fraction.is_empty();
        (!text.contains(['e', 'E'])).then_some(Self { negative: negative && !is_zero, whole, fraction })
    }

    fn cmp(&self, other: &Self) -> Ordering {
        let amount =
            (self.whole.len(), self.whole, self.fraction).cmp(&(other.whole.len(), other.whole, other.fraction));
        match (self.negative, other.negative) {
            (false, false) => amount,
            (true, true) => amount.reverse(),
            (negative, _) => {
                if negative {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
        }
    }
}

/// What a choice may be: `enum`, or the `const`s of `oneOf` or `anyOf`.
fn choices<'a>(schema: &Object<'a>) -> Option<Vec<Cow<'a, str>>> {
    let list = |name| schema.get(name).and_then(|list: Value<'a>| list.array().ok());
    let titled = |list: Vec<Value<'a>>| list.into_iter().filter_map(|one| one.object().ok()?.string("const")).collect();
    let plain = list("enum").map(|list| list.into_iter().filter_map(Value::string).collect());
    plain.or_else(|| list("oneOf").or_else(|| list("anyOf")).map(titled))
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
