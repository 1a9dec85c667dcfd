//! Results of the operator's functions that decide about access.
//!
//! **Threat.** A result that is only partly understood grants access: another server's `{"active":false}` (RFC 7662 §2.2),
//! the database row of a blocked user, a claim `exp` under an unknown name, a date instead of seconds (CVE-2026-44459).
//! **Guarantee.** A result is validated strictly: it has at least one member, and each is known and has the right type.
//! Otherwise the log names the member and the fix.
//! **Not guaranteed.** That the result is true.

use crate::jose::numeric_date::thousandths;
use crate::json::{Object, Value, shown};

/// The last second that a date may have: the end of the year 9999. A larger number is in milliseconds.
const LAST: u64 = 253_402_300_799;

/// An object that a function has returned.
#[derive(Debug)]
pub struct CallbackResult<'a> {
    function: &'static str,
    members: Object<'a>,
}

impl<'a> CallbackResult<'a> {
    /// Reads it. The error says what is wrong, for the operator; it contains no value of the result.
    pub fn read(function: &'static str, json: Value<'a>, known: &[&str]) -> Result<Self, String> {
        let Ok(members) = json.object() else { return Err(format!("`{function}` returned {}", kind(json))) };
        let answer = Self { function, members };
        if answer.members.0.is_empty() {
            return Err(format!("`{function}` returned an object without any of {}", names(known)));
        }
        match unknown(&answer.members, known) {
            Some(wrong) => Err(format!("`{function}` returned an object that {wrong}")),
            None => Ok(answer),
        }
    }

    fn wrong(&self, name: &str, wanted: &str) -> String {
        format!("`{}` returned a `{name}` that is not {wanted}", self.function)
    }

    /// A member that is present; any other value than `wanted` is an error.
    fn member<T>(
        &self,
        name: &str,
        wanted: &str,
        read: impl FnOnce(Value<'a>) -> Option<T>,
    ) -> Result<Option<T>, String> {
        self.members.get(name).map(|value| read(value).ok_or_else(|| self.wrong(name, wanted))).transpose()
    }

    /// A string that is not empty.
    pub fn text(&self, name: &str) -> Result<Option<String>, String> {
        self.member(name, "a string", |value| value.string().filter(|text| !text.is_empty()).map(Into::into))
    }

    /// A string for people to read: `null` counts as absent, since nothing depends on it.
    pub fn label(&self, name: &str) -> Result<Option<String>, String> {
        let text =
            |value: Value<'a>| if value.is_null() { Some(None) } else { value.string().map(|it| Some(it.into())) };
        self.member(name, "a string", text).map(Option::flatten)
    }

    /// An object, as JSON text.
    pub fn object(&self, name: &str) -> Result<Option<String>, String> {
        self.member(name, "an object", |value| value.is_object().then(|| value.text().into()))
    }

    /// A list of scopes.
    pub fn scopes(&self, name: &str) -> Result<Option<Vec<String>>, String> {
        let is_scope = |scope: &String| !scope.is_empty() && !scope.contains(char::is_whitespace);
        self.member(name, "a list of strings without spaces", |value| {
            value.strings().filter(|scopes| scopes.iter().all(is_scope))
        })
    }

    /// A string, or a list of strings.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>, String> {
        self.member(name, "a string or a list of strings", |value| match value.string() {
            Some(text) => Some(vec![text.into()]),
            None => value.strings(),
        })
    }

    /// A point in time, given in seconds since 1970 and returned in milliseconds.
    pub fn seconds(&self, name: &str) -> Result<Option<u64>, String> {
        self.member(name, "a number of seconds since 1970", |value| {
            thousandths(value.text()).filter(|thousandths| thousandths / 1000 <= LAST)
        })
    }
}

/// What is wrong with an object that has a member other than those in `known`: `has …`.
#[must_use]
pub fn unknown(members: &Object<'_>, known: &[&str]) -> Option<String> {
    let (name, _) = members.0.iter().find(|(name, _)| !known.contains(&name.as_ref()))?;
    let (name, known) = (shown(name), names(known));
    Some(format!("has an unknown member {name}: check it in your code, and return only {known}"))
}

fn names(known: &[&str]) -> String {
    known.iter().map(|name| ["`", name, "`"].concat()).collect::<Vec<_>>().join(", ")
}

fn kind(json: Value<'_>) -> &'static str {
    match json.text().as_bytes().first() {
        Some(b'"') => "a string instead of an object",
        Some(b'[') => "a list instead of an object",
        Some(b't') => "`true`, which has no meaning here",
        Some(b'{') => "an object that cannot be parsed",
        Some(b'n') => "no object",
        _ => "a number or a boolean instead of an object",
    }
}
