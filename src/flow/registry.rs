//! The effects on the server's registry: listing what is registered. Their interpreters are in `js/boundary/effects/`.

use serde::{Deserialize, Serialize};

use super::effect::Obtain;
use crate::json::{Json, ListText, Object, ObjectText, Value};

/// What the server is: requested once per `initialize` and `server/discover`.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename = "describe")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Describe {}

/// Outcome of [`Describe`].
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Described {
    /// What is registered: any of `tools`, `resources`, `prompts` and `completions`.
    pub registered: Vec<String>,
    /// Further capabilities that the server's options declare, an object.
    pub declared: Option<ObjectText>,
    /// Its `instructions` for the model.
    pub instructions: Option<String>,
    /// True if clients can be notified of changes.
    #[serde(default)]
    pub listens: bool,
}

impl Obtain for Describe {
    type Outcome = Described;
}

/// What the server has registered and this caller may see.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename = "list")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct List<'a> {
    /// Which list: `tools`, `resources`, `templates` or `prompts`.
    #[cfg_attr(feature = "ts", ts(type = "\"tools\" | \"resources\" | \"templates\" | \"prompts\""))]
    pub of: &'static str,
    /// Members that do not exist in this revision.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[cfg_attr(feature = "ts", ts(as = "Option<Vec<String>>"))]
    pub omit: &'static [&'static str],
    /// Schemas that this revision allows only if they describe an object.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[cfg_attr(feature = "ts", ts(as = "Option<Vec<String>>"))]
    pub rooted: &'static [&'static str],
    /// The key (name or URI) of the last item of the previous page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<&'a str>,
    /// The request, for the context of the handlers that list.
    #[cfg_attr(feature = "ts", ts(type = "string | number"))]
    pub request: Value<'a>,
}

/// Outcome of [`List`]: `{"all":[…]}`, or one of the other variants.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Listed {
    /// All items, a list: the request has no cursor, and they fit on one page.
    All(ListText),
    /// All items, from which one page is to be selected.
    Some {
        /// Their keys.
        keys: Vec<String>,
        /// The items; null for one that cannot be serialized.
        items: Vec<Option<Json>>,
        /// The size of a page; without it, everything that remains.
        size: Option<usize>,
    },
    /// Nothing of this kind has ever been registered: the server does not support it.
    Absent,
}

impl Obtain for List<'_> {
    type Outcome = Listed;
}

/// Completes an argument of a prompt or a variable of a template.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename = "complete")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Complete<'a> {
    /// The prompt or the template.
    #[serde(flatten)]
    pub of: Completing<'a>,
    /// The argument or variable.
    pub argument: &'a str,
    /// What has been typed so far.
    pub value: &'a str,
    /// The maximum number of values to return.
    pub most: usize,
    /// Arguments that have values already, strings.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "Strings | null"))]
    pub known: Option<Object<'a>>,
}

/// What an argument or a variable belongs to.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Completing<'a> {
    /// The prompt of this name.
    Prompt(&'a str),
    /// This template.
    Template(&'a str),
}

/// Outcome of [`Complete`]: `{"values":{"values":[…],"total":…}}`, or one of the other variants.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Completed {
    /// Some values.
    Values {
        /// The first ones, a list.
        values: ListText,
        /// How many there are in all.
        total: usize,
    },
    /// There is no such prompt or template.
    Unknown,
    /// The server has no completions at all.
    Absent,
    /// The app's function threw; the ID under which the log has it.
    Threw(String),
}

impl Obtain for Complete<'_> {
    type Outcome = Completed;
}
