//! Counting requests, in the memory of the isolate.

use super::effect::Obtain;
use crate::json::{Value, array, object, quoted};

/// Counts this request under each of the keys, within the minute. The counts are the isolate's own, so a limit by them is a
/// coarse one; where the operator has bound a rate limiter of the runtime's, and it says no, every count is beyond all
/// limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// What is counted, each at most 100 bytes.
    pub keys: Vec<String>,
}

impl Obtain for Tally {
    /// The count of each key, this request included.
    type Outcome = Vec<u64>;
    fn json(&self) -> String {
        object(&[("kind", r#""tally""#), ("keys", &array(self.keys.iter().map(|key| quoted(key))))])
    }
    fn outcome(json: Value<'_>) -> Option<Vec<u64>> {
        json.array().ok()?.into_iter().map(|count| count.text().parse().ok()).collect()
    }
}
