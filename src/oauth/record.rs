//! Writing and reading the JSON of records and messages.

pub(crate) use crate::json::{Members, list};
use crate::json::{Object, Value};

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
        self.get(name)?.strings()
    }
}
