//! Several verifiers in front of one endpoint: whose refusal is returned.

use serde::Deserialize;

use super::bearer::Refusal;

/// A verifier's refusal.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct VerifierRefusal {
    refused: Refusal,
    /// The token belongs to another kind or issuer than the verifier's.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>"))]
    foreign: bool,
}

impl VerifierRefusal {
    fn weight(&self) -> u8 {
        match self.refused {
            Refusal::Absent => 0,
            _ if self.foreign => 1,
            _ => 2,
        }
    }
}

/// The index of the most informative refusal: the first verifier that is unavailable, because the request may succeed
/// later; else the last one whose kind and issuer match the token; else the last one that has seen a token.
#[must_use]
pub fn most_informative(said: &[VerifierRefusal]) -> Option<usize> {
    let unavailable = said.iter().position(|one| one.refused == Refusal::Unavailable);
    unavailable.or_else(|| (0..said.len()).max_by_key(|at| said.get(*at).map(VerifierRefusal::weight)))
}
