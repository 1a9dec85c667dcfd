//! Effects on Durable Objects: asking one from outside, and, inside one, reading its rows and writing them back.
//!
//! An object decides alone: whatever is asked of it runs as a flow inside, which reads rows, decides, and writes in one
//! transaction. The transaction fails if anything was written since the rows were read, and the flow then runs again from
//! nothing. So of many that want the same thing at once exactly one gets it, however long anything takes.

use super::effect::Obtain;
use crate::json::{Members, Value, array, quoted};

/// One call of an object. What it decides is committed there before it answers; asking is therefore the last thing that a
/// flow does before its answer, or the next step is one that may be lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The object's name; what comes before `:` is its role.
    pub object: String,
    /// What is asked of the role.
    pub call: &'static str,
    /// What it needs to know, JSON text.
    pub input: String,
}

impl Obtain for Ask {
    /// What the role answered, JSON text.
    type Outcome = String;
    fn json(&self) -> String {
        Members::kind("ask").text("object", &self.object).text("call", self.call).raw("input", &self.input).end()
    }
    fn outcome(json: Value<'_>) -> Option<String> {
        Some(json.text().into())
    }
}

/// Inside an object: reads rows of it.
#[derive(Debug, Default)]
pub struct Rows {
    /// The rows with these keys, as far as there are such.
    pub keys: Vec<String>,
    /// All rows whose keys begin like this, at most 1,000 each.
    pub prefixes: Vec<String>,
}

/// Outcome of [`Rows`].
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// How often the object has been written.
    pub version: u64,
    /// Keys and bodies (JSON text), in the order asked.
    pub rows: Vec<(String, String)>,
}

impl Found {
    /// The body of the row `key`.
    #[must_use]
    pub fn row(&self, key: &str) -> Option<&str> {
        self.rows.iter().find(|(name, _)| name == key).map(|(_, body)| body.as_str())
    }

    /// The rows whose keys begin like this.
    pub fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.rows.iter().filter_map(move |(key, body)| Some((key.strip_prefix(prefix)?, body.as_str())))
    }
}

impl Obtain for Rows {
    type Outcome = Found;
    fn json(&self) -> String {
        Members::kind("rows").strings("keys", &self.keys).strings("prefixes", &self.prefixes).end()
    }
    fn outcome(json: Value<'_>) -> Option<Found> {
        let found = json.object().ok()?;
        let rows = found.get("rows")?.array().ok()?;
        Some(Found {
            version: found.get("version")?.text().parse().ok()?,
            rows: rows.into_iter().map(row).collect::<Option<_>>()?,
        })
    }
}

fn row(row: Value<'_>) -> Option<(String, String)> {
    let [key, body] = row.array().ok()?.try_into().ok()?;
    Some((Value::string(key)?.into(), Value::string(body)?.into()))
}

/// Inside an object: a transaction over its rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Writes {
    /// The version that was read; the transaction fails if the object is at another. None for counting only.
    pub guard: Option<u64>,
    /// Rows to write: key, body, and when it is over (milliseconds since 1970), after which it is deleted.
    pub put: Vec<(String, String, Option<u64>)>,
    /// Rows to delete.
    pub remove: Vec<String>,
    /// Counters to raise by one, each with the time at which it is over.
    pub bump: Vec<(String, u64)>,
}

impl Writes {
    pub(super) fn json(&self) -> String {
        let guard = self.guard.map(|version| version.to_string());
        let put = array(self.put.iter().map(|(key, body, expires)| {
            let expires = expires.map_or_else(|| "null".into(), |expires| expires.to_string());
            array([quoted(key), quoted(body), expires])
        }));
        let bump = array(self.bump.iter().map(|(key, expires)| array([quoted(key), expires.to_string()])));
        Members::kind("rows")
            .maybe_raw("guard", guard.as_deref())
            .raw("put", &put)
            .strings("remove", &self.remove)
            .raw("bump", &bump)
            .end()
    }
}
