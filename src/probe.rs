//! The flow of the tests: requests the effects in its script, and misbehaves where the script says so.

use core::pin::Pin;

use serde::{Deserialize, Serialize, Serializer};

use crate::flow::{Commit, Failure, Fetch, Flow, Load};
use crate::json;

/// A script: each round is one batch, and the next one begins when all its outcomes are there.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Script {
    /// The name of this probe; the answer repeats it.
    pub name: String,
    /// The batches.
    #[serde(default)]
    pub rounds: Vec<Vec<Ask>>,
    /// What to write with the answer, under the probe's name.
    pub store: Option<String>,
    /// Traps, as a defect in the package would, in the step that has this many outcomes.
    pub trap_at: Option<usize>,
}

/// One effect.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ask {
    /// Fetches a URL.
    Fetch(String),
    /// Reads a key.
    Load(String),
}

/// The answer of a probe.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ProbeResult {
    /// The script's name.
    pub name: String,
    /// The outcome of each effect, in order: its text, or why there is none.
    #[serde(serialize_with = "outcomes")]
    pub outcomes: Vec<Result<String, Failure>>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome<'a> {
    Ok(&'a str),
    Failed(Failure),
}

fn outcomes<S: Serializer>(outcomes: &[Result<String, Failure>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(outcomes.iter().map(|outcome| match outcome {
        Ok(text) => Outcome::Ok(text),
        Err(failure) => Outcome::Failed(*failure),
    }))
}

impl Script {
    /// Reads a script.
    #[must_use]
    pub fn read(input: &str) -> Option<Self> {
        json::read(input).ok()
    }
}

type Waiting = Pin<Box<dyn Future<Output = Result<String, Failure>>>>;

/// Waits: one a round.
pub async fn probe(flow: &Flow<'_>, script: &Script) -> ProbeResult {
    let mut outcomes = Vec::new();
    trap_if(script, 0);
    for round in &script.rounds {
        let waiting: Vec<Waiting> = round.iter().map(|ask| ask.begin(flow)).collect();
        for outcome in waiting {
            outcomes.push(outcome.await);
        }
        trap_if(script, outcomes.len());
    }
    if let Some(value) = &script.store {
        flow.commit(Commit::Store { key: script.name.clone(), value: value.clone() });
    }
    ProbeResult { name: script.name.clone(), outcomes }
}

impl Ask {
    fn begin(&self, flow: &Flow<'_>) -> Waiting {
        match self {
            Self::Fetch(url) => {
                let fetched = flow.obtain(&Fetch {
                    url: url.clone(),
                    method: "GET",
                    headers: Vec::new(),
                    body: None,
                    brief: false,
                });
                Box::pin(async { fetched.await.map(|fetched| fetched.body) })
            }
            Self::Load(key) => {
                let loaded = flow.obtain(&Load { key: key.clone() });
                Box::pin(async { loaded.await.map(Option::unwrap_or_default) })
            }
        }
    }
}

fn trap_if(script: &Script, outcomes: usize) {
    assert_ne!(script.trap_at, Some(outcomes), "the script says so");
}
