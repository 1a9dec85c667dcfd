//! Counting requests, in the memory of the isolate.

use super::effect::Obtain;
use crate::json::{Value, array, object, quoted};

/// Counts this request under each of the keys in turn, within the minute, and no further once one is beyond its limit. The
/// counts are the isolate's own, so a limit by them is a coarse one; where the operator has bound a rate limiter of the
/// runtime's, it is asked about the first key, and if it says no, the first count is beyond all limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// What is counted, each key at most 100 bytes, and how many there may be.
    pub limits: Vec<(String, u64)>,
}

impl Obtain for Tally {
    /// The counts so far, this request included: of as many keys as were counted.
    type Outcome = Vec<u64>;
    fn json(&self) -> String {
        let keys = array(self.limits.iter().map(|(key, _)| quoted(key)));
        let most = array(self.limits.iter().map(|(_, most)| most.to_string()));
        object(&[("kind", r#""tally""#), ("keys", &keys), ("most", &most)])
    }
    fn outcome(json: Value<'_>) -> Option<Vec<u64>> {
        json.array().ok()?.into_iter().map(|count| count.text().parse().ok()).collect()
    }
}
