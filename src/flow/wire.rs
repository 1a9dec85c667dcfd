//! How effects and outcomes cross to JavaScript: JSON text, both ways.

use serde::{Deserialize, Serialize};

use super::{Commit, Failure, FlowError, Obtain, Shortcut};
use crate::json::{self, Json, Value};

/// The result of one step of a flow.
#[derive(Debug)]
pub enum Step<T> {
    /// The answer, and the writes to perform before it is sent.
    Done {
        /// The answer.
        answer: T,
        /// The writes, in order.
        commits: Vec<Commit>,
    },
    /// The effects to perform, in parallel, before the next step.
    Wait(Vec<PendingEffect>),
    /// The step needs randomness and had none ([`Context`](super::Context)): it is discarded.
    Entropy,
    /// The flow cannot continue.
    Broken(FlowError),
}

/// An effect that waits for its outcome.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PendingEffect {
    /// What its outcome must carry: a mark of the effect's position and content.
    pub mark: String,
    /// The effect as JSON.
    #[cfg_attr(feature = "ts", ts(type = "Effect"))]
    pub effect: Json,
    /// The shortcut, if there is one.
    #[serde(skip)]
    pub shortcut: Option<Shortcut>,
}

impl PendingEffect {
    /// Marks `effect` with its position and content (FNV-1a over words of 64 bits). The mark protects against our own
    /// mistakes, not against an attacker: outcomes come from our JavaScript only.
    pub(super) fn new(place: usize, effect: Json, shortcut: Option<Shortcut>) -> Self {
        let seed = 0xcbf2_9ce4_8422_2325_u64 ^ place as u64;
        let (words, rest) = effect.as_bytes().as_chunks::<8>();
        let words = words.iter().map(|word| u64::from_le_bytes(*word)).chain(rest.iter().map(|byte| u64::from(*byte)));
        let hash = words.fold(seed, |hash, word| (hash ^ word).wrapping_mul(0x0100_0000_01b3).rotate_left(23));
        let nibbles = hash.to_be_bytes().into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
        Self { mark: nibbles.filter_map(|nibble| char::from_digit(nibble.into(), 16)).collect(), effect, shortcut }
    }
}

/// An outcome as JavaScript records it: `{"mark":"…","ok":…}` or `{"mark":"…","failed":"timeout"}`.
#[derive(Debug, Deserialize)]
pub(super) struct Recorded<'a> {
    pub(super) mark: String,
    #[serde(borrow, default, deserialize_with = "json::present")]
    ok: Option<Value<'a>>,
    #[serde(default, deserialize_with = "json::present")]
    failed: Option<Failure>,
}

impl Recorded<'_> {
    /// The outcome, if it has the shape that the effect promises.
    pub(super) fn outcome<E: Obtain>(&self) -> Option<Result<E::Outcome, Failure>> {
        match (self.ok, self.failed) {
            (Some(ok), None) => ok.parse().ok().map(Ok),
            (None, Some(failure)) => Some(Err(failure)),
            _ => None,
        }
    }
}

pub(super) fn read_outcomes(text: &str) -> Result<Vec<Recorded<'_>>, FlowError> {
    if text.is_empty() { Ok(Vec::new()) } else { json::read(text).map_err(|_| FlowError::Outcomes) }
}

/// A step as JSON: one of `done`, `wait`, `entropy` and `broken`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(not(feature = "ts"), expect(unreachable_pub, reason = "its TypeScript twin is made of it"))]
pub struct Crossing<'a, T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    done: Option<&'a T>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[cfg_attr(feature = "ts", ts(as = "Option<Vec<Commit>>"))]
    commits: &'a [Commit],
    #[serde(skip_serializing_if = "Option::is_none")]
    wait: Option<&'a [PendingEffect]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shortcut: Option<&'a Shortcut>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>"))]
    entropy: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    broken: Option<&'static str>,
}

impl<T> Step<T> {
    /// The same with another answer.
    pub fn map<U>(self, answer: impl FnOnce(T) -> U) -> Step<U> {
        match self {
            Self::Done { answer: done, commits } => Step::Done { answer: answer(done), commits },
            Self::Wait(asked) => Step::Wait(asked),
            Self::Entropy => Step::Entropy,
            Self::Broken(broken) => Step::Broken(broken),
        }
    }
}

impl<T: Serialize> Step<T> {
    /// `{"done":…,"commits":[…]}`, `{"wait":[…]}`, `{"entropy":true}` or `{"broken":"…"}`. A `wait` may have a
    /// `shortcut`; a line break and its head follow it.
    pub fn json(&self) -> String {
        let nothing = Crossing { done: None, commits: &[], wait: None, shortcut: None, entropy: false, broken: None };
        match self {
            Self::Done { answer, commits } => json::write(&Crossing { done: Some(answer), commits, ..nothing }),
            Self::Entropy => json::write(&Crossing { entropy: true, ..nothing }),
            Self::Broken(broken) => json::write(&Crossing { broken: Some(broken.reason()), ..nothing }),
            Self::Wait(asked) => {
                let shortcut = asked.first().and_then(|asked| asked.shortcut.as_ref());
                let step = json::write(&Crossing { wait: Some(asked), shortcut, ..nothing });
                [step.as_str(), "\n", shortcut.map_or("", Shortcut::head)].concat()
            }
        }
    }
}
