//! Rate limits: counts requests in the memory of the isolate.

use serde::Serialize;

use super::effect::Obtain;

/// Counts this request under each of the keys in turn, per minute, until one limit is exceeded. The counts are those of
/// the isolate, so such a limit is a coarse one. If the operator has bound a rate limiter of the runtime, it is asked
/// about the first key; if it says no, the first count exceeds all limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename = "tally")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Tally {
    /// The keys, each at most 100 bytes, and the limit of each.
    pub limits: Vec<(String, u64)>,
}

impl Obtain for Tally {
    /// The counts so far, including this request: of as many keys as were counted.
    type Outcome = Vec<u64>;
}
