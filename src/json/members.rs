//! Writing objects member by member.

use super::{array, push_quoted, quoted};

/// An object that is being written.
#[derive(Clone, Debug)]
#[must_use]
pub struct Members(String);

impl Default for Members {
    fn default() -> Self {
        Self::new()
    }
}

impl Members {
    /// Without members.
    pub fn new() -> Self {
        let mut members = String::with_capacity(128);
        members.push('{');
        Self(members)
    }

    /// An effect or a commit of this kind.
    pub fn kind(kind: &str) -> Self {
        Self::new().text("kind", kind)
    }

    /// A record of this version.
    pub fn version(version: u64) -> Self {
        Self::new().number("v", version)
    }

    /// A member whose value is JSON text.
    pub fn raw(mut self, name: &str, json: &str) -> Self {
        self.name(name);
        self.0.push_str(json);
        self
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        push_quoted(&mut self.0, name);
        self.0.push(':');
    }

    /// A text.
    pub fn text(mut self, name: &str, text: &str) -> Self {
        self.name(name);
        push_quoted(&mut self.0, text);
        self
    }

    /// A text, if there is one.
    pub fn maybe(self, name: &str, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(name, text),
            None => self,
        }
    }

    /// A member whose value is JSON text, if there is one.
    pub fn maybe_raw(self, name: &str, json: Option<&str>) -> Self {
        match json {
            Some(json) => self.raw(name, json),
            None => self,
        }
    }

    /// A whole number.
    pub fn number(self, name: &str, number: u64) -> Self {
        self.raw(name, &number.to_string())
    }

    /// `true`; absent otherwise.
    pub fn flag(self, name: &str, set: bool) -> Self {
        if set { self.raw(name, "true") } else { self }
    }

    /// A list of texts.
    pub fn texts<'a>(self, name: &str, texts: impl IntoIterator<Item = &'a str>) -> Self {
        self.raw(name, &list(texts))
    }

    /// The same.
    pub fn strings(self, name: &str, texts: &[String]) -> Self {
        self.texts(name, texts.iter().map(String::as_str))
    }

    /// An object.
    pub fn object(self, name: &str, members: Self) -> Self {
        self.raw(name, &members.end())
    }

    /// The JSON text.
    #[must_use]
    pub fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// A list of texts.
#[must_use]
pub fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    array(texts.into_iter().map(quoted))
}
