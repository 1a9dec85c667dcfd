//! The effect on the database of the directory (D1).

use serde::Serialize;

use super::effect::Obtain;
use crate::json::Json;

/// Runs statements in one transaction. Outcome: the rows of each, as objects with the names of the columns. A missing table
/// fails as [`Failure::Absent`](super::Failure::Absent).
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename = "query")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Query {
    /// In this order.
    pub statements: Vec<Statement>,
}

/// One statement.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Statement {
    /// Its text, which never contains a value.
    pub sql: &'static str,
    /// The values of `?1`, `?2` and so on.
    pub values: Vec<Bound>,
}

/// A value that is bound to a statement.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Bound {
    /// A text.
    Text(String),
    /// An integer.
    Number(u64),
    /// `NULL`.
    Null,
}

impl From<&str> for Bound {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl Obtain for Query {
    type Outcome = Vec<Vec<Json>>;
}
