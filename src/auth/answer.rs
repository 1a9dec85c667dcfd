//! What functions of the operator's answer, where the answer decides who may do what.
//!
//! **Threat.** An answer that is understood in part lets somebody in: another server's `{"active":false}` (RFC 7662 §2.2), the
//! row of somebody who is locked out, a claim `exp` under a name that nobody reads, a date where seconds are due
//! (CVE-2026-44459).
//! **Guarantee.** An answer counts as a whole: it has a member at least, and each is known and of its kind. Otherwise the
//! operator reads which is not, and what to do.
//! **Not guaranteed.** That it is true.

use crate::auth::jwt::number::thousandths;
use crate::json::{Object, Value, shown};

/// The last second that a date may have: the end of the year 9999. What is later is in milliseconds.
const LAST: u64 = 253_402_300_799;

/// An object that a function has answered with.
#[derive(Debug)]
pub struct Answer<'a> {
    function: &'static str,
    members: Object<'a>,
}

impl<'a> Answer<'a> {
    /// Reads it. The error says what is wrong, for the operator; it has no value of the answer's in it.
    pub fn read(function: &'static str, json: Value<'a>, known: &[&str]) -> Result<Self, String> {
        let Ok(members) = json.object() else { return Err(format!("`{function}` answers with {}", kind(json))) };
        let answer = Self { function, members };
        if answer.members.0.is_empty() {
            return Err(format!("`{function}` answers with an object that has none of {}", names(known)));
        }
        match unknown(&answer.members, known) {
            Some(wrong) => Err(format!("`{function}` answers with an object that {wrong}")),
            None => Ok(answer),
        }
    }

    fn wrong(&self, name: &str, wanted: &str) -> String {
        format!("`{}` answers with a `{name}` that is no {wanted}", self.function)
    }

    /// A member that is there; any other value than `wanted` is an error.
    fn member<T>(
        &self,
        name: &str,
        wanted: &str,
        read: impl FnOnce(Value<'a>) -> Option<T>,
    ) -> Result<Option<T>, String> {
        self.members.get(name).map(|value| read(value).ok_or_else(|| self.wrong(name, wanted))).transpose()
    }

    /// A text that says something.
    pub fn text(&self, name: &str) -> Result<Option<String>, String> {
        self.member(name, "text", |value| value.string().filter(|text| !text.is_empty()).map(Into::into))
    }

    /// What people read: `null` is as if it was left out, since nothing depends on it.
    pub fn label(&self, name: &str) -> Result<Option<String>, String> {
        let text =
            |value: Value<'a>| if value.is_null() { Some(None) } else { value.string().map(|it| Some(it.into())) };
        self.member(name, "text", text).map(Option::flatten)
    }

    /// An object, as its text.
    pub fn object(&self, name: &str) -> Result<Option<String>, String> {
        self.member(name, "object", |value| value.is_object().then(|| value.text().into()))
    }

    /// A list of scopes.
    pub fn scopes(&self, name: &str) -> Result<Option<Vec<String>>, String> {
        let is_scope = |scope: &String| !scope.is_empty() && !scope.contains(char::is_whitespace);
        self.member(name, "list of texts without spaces", |value| {
            value.strings().filter(|scopes| scopes.iter().all(is_scope))
        })
    }

    /// A text, or a list of texts.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>, String> {
        self.member(name, "text and no list of texts", |value| match value.string() {
            Some(text) => Some(vec![text.into()]),
            None => value.strings(),
        })
    }

    /// A point in time, in seconds since 1970; in milliseconds.
    pub fn seconds(&self, name: &str) -> Result<Option<u64>, String> {
        self.member(name, "number of seconds since 1970", |value| {
            thousandths(value.text()).filter(|thousandths| thousandths / 1000 <= LAST)
        })
    }
}

/// What is wrong with an object that has a member of another name than `known`: `has …`.
#[must_use]
pub fn unknown(members: &Object<'_>, known: &[&str]) -> Option<String> {
    let (name, _) = members.0.iter().find(|(name, _)| !known.contains(&name.as_ref()))?;
    let (name, known) = (shown(name), names(known));
    Some(format!("has a member {name}, which is not known: let your code judge it, and leave only {known}"))
}

fn names(known: &[&str]) -> String {
    known.iter().map(|name| ["`", name, "`"].concat()).collect::<Vec<_>>().join(", ")
}

fn kind(json: Value<'_>) -> &'static str {
    match json.text().as_bytes().first() {
        Some(b'"') => "what is no object, but a text",
        Some(b'[') => "what is no object, but a list",
        Some(b't') => "`true`, which says nothing here",
        Some(b'{') => "an object that cannot be read",
        Some(b'n') => "what is no object",
        _ => "what is no object, but a number",
    }
}
