//! How effects and outcomes cross to JavaScript: JSON text, both ways.

use super::{Broken, Commit, Failure, Obtain, Stencil};
use crate::json::{Members, Value, array};

/// What one step of a flow comes to.
#[derive(Debug)]
pub enum Step<T> {
    /// The answer, and the writes to perform before it leaves.
    Done {
        /// The answer.
        answer: T,
        /// The writes, in order.
        commits: Vec<Commit>,
    },
    /// The effects to perform, in parallel, before the next step.
    Wait(Vec<Asked>),
    /// The step needs randomness and had none ([`Context`](super::Context)): nothing of it counts.
    Entropy,
    /// The flow cannot go on.
    Broken(Broken),
}

/// An effect that waits for its outcome.
#[derive(Debug)]
pub struct Asked {
    /// What its outcome must carry: the place and the content of the effect.
    pub mark: String,
    /// The effect, written out.
    pub effect: String,
    /// The head of its shortcut, if it has one.
    pub head: Option<String>,
    /// Where it has the request's id and arguments from, if it only passes them on.
    pub stencil: Option<Stencil>,
    /// Until when requests that differ in those alone would ask for the same, if any would.
    pub holds_until: Option<u64>,
}

impl Asked {
    /// Marks `effect` with its place and content (FNV-1a over words of 64 bits). The mark guards against
    /// our own mistakes, not against an attacker: outcomes come from the shim alone.
    pub(super) fn new(place: usize, effect: String, head: Option<&str>, stencil: Option<Stencil>) -> Self {
        let seed = 0xcbf2_9ce4_8422_2325_u64 ^ place as u64;
        let (words, rest) = effect.as_bytes().as_chunks::<8>();
        let words = words.iter().map(|word| u64::from_le_bytes(*word)).chain(rest.iter().map(|byte| u64::from(*byte)));
        let hash = words.fold(seed, |hash, word| (hash ^ word).wrapping_mul(0x0100_0000_01b3).rotate_left(23));
        let nibbles = hash.to_be_bytes().into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
        Self {
            mark: nibbles.filter_map(|nibble| char::from_digit(nibble.into(), 16)).collect(),
            effect,
            head: head.map(Into::into),
            stencil,
            holds_until: None,
        }
    }
}

/// An outcome as the shim keeps it: `{"mark":"…","ok":…}` or `{"mark":"…","failed":"timeout"}`.
#[derive(Debug)]
pub(super) struct Recorded<'a> {
    pub(super) mark: String,
    ok: Option<Value<'a>>,
    failed: Option<Failure>,
}

impl<'a> Recorded<'a> {
    fn read(record: Value<'a>) -> Option<Self> {
        let record = record.object().ok()?;
        let failed = match record.get("failed") {
            Some(name) => Some(Failure::parse(&name.string()?)?),
            None => None,
        };
        Some(Self { mark: record.string("mark")?.into(), ok: record.get("ok"), failed })
    }

    /// The outcome, if it has the shape that the effect promises.
    pub(super) fn outcome<E: Obtain>(&self) -> Option<Result<E::Outcome, Failure>> {
        match (self.ok, self.failed) {
            (Some(ok), None) => E::outcome(ok).map(Ok),
            (None, Some(failure)) => Some(Err(failure)),
            _ => None,
        }
    }
}

pub(super) fn read_outcomes(text: &str) -> Result<Vec<Recorded<'_>>, Broken> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let records = Value::read(text).and_then(Value::array).map_err(|_| Broken::Outcomes)?;
    records.into_iter().map(|record| Recorded::read(record).ok_or(Broken::Outcomes)).collect()
}

impl<T> Step<T> {
    /// `{"done":…,"commits":[…]}`, `{"wait":[…]}`, `{"entropy":true}` or `{"broken":"…"}`; `write` writes the answer. A
    /// `wait` may go with a `stencil`; behind it follow a line break and the head of the shortcut.
    pub fn json(&self, write: impl FnOnce(&T) -> String) -> String {
        match self {
            Self::Done { answer, commits } => done(&write(answer), commits),
            Self::Wait(asked) => wait(asked),
            Self::Entropy => Members::new().flag("entropy", true).end(),
            Self::Broken(broken) => Members::new().text("broken", broken.reason()).end(),
        }
    }
}

impl Step<String> {
    /// The same where the answer is JSON text already.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Done { answer, commits } => done(answer, commits),
            _ => self.json(Clone::clone),
        }
    }
}

fn done(answer: &str, commits: &[Commit]) -> String {
    let done = Members::new().raw("done", answer);
    if commits.is_empty() { done.end() } else { done.raw("commits", &array(commits.iter().map(Commit::json))).end() }
}

fn wait(asked: &[Asked]) -> String {
    let length = asked.iter().map(|asked| asked.effect.len() + 128).sum::<usize>();
    let head = asked.first().and_then(|asked| asked.head.as_deref()).unwrap_or_default();
    let mut step = String::with_capacity(length + head.len() + 16);
    step.push_str(r#"{"wait":["#);
    for (place, Asked { mark, effect, .. }) in asked.iter().enumerate() {
        for part in [if place == 0 { "" } else { "," }, r#"{"mark":""#, mark, r#"","effect":"#, effect, "}"] {
            step.push_str(part);
        }
    }
    step.push(']');
    if let [Asked { stencil: Some(stencil), holds_until: Some(until), .. }] = asked {
        step.push_str(r#","stencil":"#);
        step.push_str(&stencil.json(*until));
    }
    step.push_str("}\n");
    step + head
}
