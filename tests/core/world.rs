//! Drives flows as the shim does (`js/run.ts`): keeps the list of outcomes, and answers effects from a script.

use mcp_wicket::flow::{Broken, Commit, Context, Flow, Step};
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
    pub(crate) answer: Result<T, Broken>,
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
                        // The head of a shortcut crosses behind the step; here it stands where people look for it.
                        if let Some(head) = &asked.head {
                            effect["splice"]["head"] = head.as_str().into();
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

/// The head of a request as the shim writes it (`headOf` in `js/endpoint.ts`), by the names of its parts.
pub(crate) fn head(parts: &Json) -> String {
    const PARTS: [(&str, char); 15] = [
        ("server", 's'),
        ("contentType", 'c'),
        ("accept", 'a'),
        ("protocolVersion", 'v'),
        ("mcpMethod", 'm'),
        ("mcpName", 'n'),
        ("lastEventId", 'e'),
        ("sessionId", 'i'),
        ("principal", 'p'),
        ("client", 'k'),
        ("transport", 't'),
        ("place", 'l'),
        ("agent", 'g'),
        ("unread", 'u'),
        ("endpoint", 'h'),
    ];
    let mut head = parts["method"].as_str().unwrap_or_default().to_owned();
    for (name, part) in parts.as_object().unwrap().iter().filter(|(_, part)| !part.is_null()) {
        let Some((_, letter)) = PARTS.iter().find(|(known, _)| known == name) else {
            match name.as_str() {
                "method" => {}
                "streams" => head.push_str(if part == true { "\nf" } else { "" }),
                "page" => head.push_str(if part == true { "\nw" } else { "" }),
                "sessions" => head.push_str(if part == "object" { "\no" } else { "" }),
                _ => panic!("a head has no part {name}"),
            }
            continue;
        };
        let value = match (letter, part) {
            ('c' | 'a' | 'v' | 'm' | 'n' | 'e' | 'h', Json::String(header)) => header.clone(),
            _ => part.to_string(),
        };
        head.extend([format!("\n{letter}"), value]);
    }
    head
}
