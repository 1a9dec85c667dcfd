//! Effects on Durable Objects: calling one from outside, and, inside one, reading and writing its rows.
//!
//! An object decides alone: each call runs as a flow inside it, which reads rows, decides, and writes in one transaction.
//! The transaction fails if anything was written since the rows were read, and the flow then runs again from the start. So
//! of several concurrent calls for the same thing exactly one succeeds, however long anything takes.

use serde::{Deserialize, Serialize};

use super::effect::Obtain;
use crate::json::Json;

/// One call of an object. What it decides is committed there before it answers. So such a call is the last thing that a
/// flow does before its answer, or whatever follows may be lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename = "ask")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Ask {
    /// The object's name; what comes before `:` is its role.
    pub object: String,
    /// The name of the call, one of the role's.
    pub call: &'static str,
    /// Its input.
    pub input: Json,
}

impl Ask {
    /// The call `call` of `object` with this `input`.
    #[must_use]
    pub fn new(object: impl Into<String>, call: &'static str, input: &(impl Serialize + ?Sized)) -> Self {
        Self { object: object.into(), call, input: Json::of(input) }
    }
}

impl Obtain for Ask {
    /// The role's answer.
    type Outcome = Json;
}

/// Inside an object: reads some of its rows.
#[derive(Debug, Default, Serialize)]
#[serde(tag = "kind", rename = "rows")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Rows {
    /// The rows with these keys, as far as they exist.
    pub keys: Vec<String>,
    /// All rows whose keys begin with one of these, at most 1,000 for each.
    pub prefixes: Vec<String>,
}

/// Outcome of [`Rows`].
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FoundRows {
    /// How often the object has been written to.
    pub version: u64,
    /// Keys and bodies (JSON text), in the order of the request.
    pub rows: Vec<(String, String)>,
}

impl FoundRows {
    /// The body of the row `key`.
    #[must_use]
    pub fn row(&self, key: &str) -> Option<&str> {
        self.rows.iter().find(|(name, _)| name == key).map(|(_, body)| body.as_str())
    }

    /// The rows whose keys begin with `prefix`.
    pub fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.rows.iter().filter_map(move |(key, body)| Some((key.strip_prefix(prefix)?, body.as_str())))
    }
}

impl Obtain for Rows {
    type Outcome = FoundRows;
}

/// Inside an object: a transaction over its rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Writes {
    /// The version that was read; the transaction fails if the object has another. `None` for counting only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guard: Option<u64>,
    /// Rows to write: key, body, and when the row expires (milliseconds since 1970), after which it is deleted.
    pub put: Vec<(String, String, Option<u64>)>,
    /// Rows to delete.
    pub remove: Vec<String>,
    /// Counters to increase by one, each with its expiry.
    pub bump: Vec<(String, u64)>,
}
