//! The flow of the tests: asks for what its script says, and misbehaves where its script says so.

use core::pin::Pin;

use crate::flow::{Commit, Failure, Fetch, Flow, Load};
use crate::json::{Object, Value, array, object, quoted};

/// What a probe does: each round is one batch, and the next begins when all of it is there.
#[derive(Debug, Default)]
pub struct Script {
    /// Whose probe this is; the answer repeats it.
    pub name: String,
    /// The batches.
    pub rounds: Vec<Vec<Ask>>,
    /// What to write with the answer, under the probe's name.
    pub store: Option<String>,
    /// Traps, as a defect in the package would, in the step that has this many outcomes.
    pub trap_at: Option<usize>,
}

/// One effect.
#[derive(Debug)]
pub enum Ask {
    /// Fetches a URL.
    Fetch(String),
    /// Reads a key.
    Load(String),
}

/// What a probe comes to.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// The script's name.
    pub name: String,
    /// What came of each effect, in order: its text, or why there is none.
    pub outcomes: Vec<Result<String, Failure>>,
}

impl Script {
    /// Reads `{"name":"…","rounds":[[{"fetch":"…"},{"load":"…"}],…],"store":"…","trapAt":0}`.
    #[must_use]
    pub fn read(input: &str) -> Option<Self> {
        let input = Object::read(input).ok()?;
        let rounds = input.get("rounds").map_or(Ok(Vec::new()), Value::array).ok()?;
        Some(Self {
            name: input.string("name")?.into(),
            rounds: rounds.into_iter().map(Ask::batch).collect::<Option<_>>()?,
            store: input.string("store").map(Into::into),
            trap_at: input.get("trapAt").and_then(|at| at.text().parse().ok()),
        })
    }
}

impl Ask {
    fn batch(batch: Value<'_>) -> Option<Vec<Self>> {
        batch.array().ok()?.into_iter().map(Self::read).collect()
    }

    fn read(ask: Value<'_>) -> Option<Self> {
        let ask = ask.object().ok()?;
        let fetch = ask.string("fetch").map(|url| Self::Fetch(url.into()));
        fetch.or_else(|| ask.string("load").map(|key| Self::Load(key.into())))
    }
}

impl Found {
    /// `{"name":"…","outcomes":[{"ok":"…"},{"failed":"…"}]}`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let outcomes = array(self.outcomes.iter().map(|outcome| match outcome {
            Ok(text) => object(&[("ok", &quoted(text))]),
            Err(failure) => object(&[("failed", &quoted(failure.name()))]),
        }));
        object(&[("name", &quoted(&self.name)), ("outcomes", &outcomes)])
    }
}

type Waiting = Pin<Box<dyn Future<Output = Result<String, Failure>>>>;

/// Waits: one a round.
pub async fn probe(flow: &Flow<'_>, script: &Script) -> Found {
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
    Found { name: script.name.clone(), outcomes }
}

impl Ask {
    fn begin(&self, flow: &Flow<'_>) -> Waiting {
        match self {
            Self::Fetch(url) => {
                let fetched = flow.obtain(&Fetch { url: url.clone(), method: "GET", headers: Vec::new(), body: None });
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
