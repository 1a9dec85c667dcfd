//! Drives flows as the shim does (`js/boundary/interpreter.ts`): keeps the list of outcomes, and answers effects from a script.

use mcp_wicket::flow::{Commit, Context, Flow, FlowError, Step};
use serde_json::Value as Json;

/// Milliseconds since 1970 in every test that does not care.
pub(crate) const NOW: u64 = 1_790_000_000_000;
pub(crate) const ENTROPY: [u8; 32] = [7; 32];

/// What becomes of an effect.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    /// The outcome's JSON text.
    Ok(String),
    /// The failure's name.
    Failed(&'static str),
}

/// Where a flow ended, and what it asked for on its way: one list for each wait.
#[derive(Debug)]
pub(crate) struct Ended<T> {
    pub(crate) answer: Result<T, FlowError>,
    pub(crate) commits: Vec<Commit>,
    pub(crate) waits: Vec<Vec<Json>>,
}

/// What a flow runs in. Each of its steps gets a context of its own, as each call from JavaScript does.
pub(crate) struct World<'w> {
    now: u64,
    entropy: [u8; 32],
    say: Box<dyn FnMut(&Json) -> Said + 'w>,
}

impl<'w> World<'w> {
    /// A world in which `say` tells what becomes of each effect.
    pub(crate) fn new(say: impl FnMut(&Json) -> Said + 'w) -> Self {
        Self { now: NOW, entropy: ENTROPY, say: Box::new(say) }
    }

    /// A world for flows that must not ask for anything.
    pub(crate) fn silent() -> Self {
        Self::new(|effect| panic!("nothing may be asked for here: {effect}"))
    }

    /// The same at another time.
    pub(crate) fn at(self, now: u64) -> Self {
        Self { now, ..self }
    }

    /// The same with another entropy.
    pub(crate) fn with_entropy(self, entropy: [u8; 32]) -> Self {
        Self { entropy, ..self }
    }

    /// Steps `flow` until it ends.
    pub(crate) fn run<T>(mut self, flow: impl AsyncFn(&Flow<'_>) -> T) -> Ended<T> {
        let mut outcomes = Vec::new();
        let mut waits = Vec::new();
        let mut wants_entropy = false;
        loop {
            let context =
                if wants_entropy { Context::new(self.now, self.entropy) } else { Context::without_entropy(self.now) };
            match step_in(&context, &list(&outcomes), &flow) {
                Step::Done { answer, commits } => return Ended { answer: Ok(answer), commits, waits },
                Step::Entropy => {
                    assert!(!wants_entropy, "it has been given some");
                    wants_entropy = true;
                }
                Step::Broken(broken) => return Ended { answer: Err(broken), commits: Vec::new(), waits },
                Step::Wait(asked) => {
                    let effects = asked.iter().map(|asked| {
                        let mut effect: Json = serde_json::from_str(&asked.effect).unwrap();
                        // A shortcut crosses beside the effect, and its head behind the step; here they stand where people look.
                        if let Some(shortcut) = &asked.shortcut {
                            effect["shortcut"] = serde_json::to_value(shortcut).unwrap();
                            effect["shortcut"]["head"] = shortcut.head().into();
                        }
                        effect
                    });
                    let effects = effects.collect::<Vec<Json>>();
                    outcomes.extend(asked.iter().zip(&effects).map(|(asked, effect)| {
                        let said = (self.say)(effect);
                        record(&asked.mark, &said)
                    }));
                    waits.push(effects);
                    assert!(waits.len() < 64, "the flow does not end");
                }
            }
        }
    }
}

/// An outcome as the shim records it.
pub(crate) fn record(mark: &str, said: &Said) -> String {
    match said {
        Said::Ok(json) => format!(r#"{{"mark":"{mark}","ok":{json}}}"#),
        Said::Failed(name) => format!(r#"{{"mark":"{mark}","failed":"{name}"}}"#),
    }
}

/// The list of outcomes as the shim hands it over: nothing at all before the first.
pub(crate) fn list(records: &[String]) -> String {
    if records.is_empty() { String::new() } else { format!("[{}]", records.join(",")) }
}

/// One step of `flow` over the list `outcomes`.
pub(crate) fn step<T>(outcomes: &str, flow: impl AsyncFn(&Flow<'_>) -> T) -> Step<T> {
    step_in(&Context::new(NOW, ENTROPY), outcomes, flow)
}

/// The first step of `flow`, as the shim makes it.
pub(crate) fn first_step<T>(now: u64, flow: impl AsyncFn(&Flow<'_>) -> T) -> Step<T> {
    step_in(&Context::without_entropy(now), "", flow)
}

fn step_in<T>(context: &Context, outcomes: &str, flow: impl AsyncFn(&Flow<'_>) -> T) -> Step<T> {
    match Flow::new(context, outcomes) {
        Err(broken) => Step::Broken(broken),
        Ok(run) => run.step(flow(&run)),
    }
}

/// The head of a request as the shim writes it (`headOf` in `js/mcp/endpoint.ts`), by the names of its parts.
pub(crate) fn head(parts: &Json) -> String {
    let mut head = parts.clone();
    let members = head.as_object_mut().unwrap();
    members.retain(|_, part| !part.is_null());
    // Whatever the body names: a header is a text.
    if let Some(name) = members.get_mut("mcpName").filter(|name| !name.is_string()) {
        *name = name.to_string().into();
    }
    head.to_string()
}
