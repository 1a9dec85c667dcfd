//! Writing and reading the JSON of records and messages.

use crate::json::{Object, Value, array, push_quoted, quoted};

/// An object that is being written.
#[derive(Clone, Debug)]
pub(crate) struct Members(String);

impl Members {
    /// Without members.
    pub(crate) fn new() -> Self {
        Self("{".into())
    }

    /// A record of this version.
    pub(crate) fn version(version: u64) -> Self {
        Self::new().number("v", version)
    }

    /// A member whose value is JSON text.
    pub(crate) fn raw(mut self, name: &str, json: &str) -> Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        push_quoted(&mut self.0, name);
        self.0.push(':');
        self.0.push_str(json);
        self
    }

    /// A text.
    pub(crate) fn text(self, name: &str, text: &str) -> Self {
        self.raw(name, &quoted(text))
    }

    /// A text, if there is one.
    pub(crate) fn maybe(self, name: &str, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(name, text),
            None => self,
        }
    }

    /// A whole number.
    pub(crate) fn number(self, name: &str, number: u64) -> Self {
        self.raw(name, &number.to_string())
    }

    /// `true`; absent otherwise.
    pub(crate) fn flag(self, name: &str, set: bool) -> Self {
        if set { self.raw(name, "true") } else { self }
    }

    /// A list of texts.
    pub(crate) fn texts<'a>(self, name: &str, texts: impl IntoIterator<Item = &'a str>) -> Self {
        self.raw(name, &list(texts))
    }

    /// The JSON text.
    pub(crate) fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// A list of texts.
pub(crate) fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    array(texts.into_iter().map(quoted))
}

/// Reading an object's members by kind.
pub(crate) trait Reading {
    /// A text.
    fn text(&self, name: &str) -> Option<String>;
    /// A whole number that is not negative.
    fn number(&self, name: &str) -> Option<u64>;
    /// `true`.
    fn flag(&self, name: &str) -> bool;
    /// A list of texts, and nothing else.
    fn texts(&self, name: &str) -> Option<Vec<String>>;
}

impl Reading for Object<'_> {
    fn text(&self, name: &str) -> Option<String> {
        self.string(name).map(Into::into)
    }
    fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.text().parse().ok()
    }
    fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(Value::is_true)
    }
    fn texts(&self, name: &str) -> Option<Vec<String>> {
        let items = self.get(name)?.array().ok()?;
        items.into_iter().map(|item| item.string().map(Into::into)).collect()
    }
}
