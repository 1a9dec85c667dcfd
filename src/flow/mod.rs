//! Flows: straight-line code over effects, replayed from the start at each step.
//!
//! A flow is an `async fn` over [`Flow::obtain`] and a pure function of its input, its [`Context`] and the outcomes so far.
//! JavaScript stores the list of outcomes. Each step runs the flow from the start, feeds the recorded outcomes to its awaits
//! in order, and returns either the answer or the effects it waits for. Nothing is stored between two steps: no table, no
//! ID, nothing to leak when a client disconnects, nothing to mix up after a trap.
//!
//! **Threat.** An outcome that reaches the wrong await would be taken for something else: another key, another user.
//! **Guarantee.** Each outcome carries the mark of its effect, and a replay in which a mark differs, or in which outcomes
//! are left over, ends as [`FlowError`], without an answer and without commits.
//! **Not guaranteed.** That an outcome is true. A flow treats outcomes as untrusted input.
//!
//! Batches need no combinator: `obtain` requests the effect immediately, and only the await waits.
//!
//! ```text
//! let client = flow.obtain(...);   // both leave in one batch
//! let grant = flow.obtain(...);
//! let (client, grant) = (client.await, grant.await);
//! ```

mod call;
mod context;
mod effect;
mod listen;
mod objects;
#[cfg(feature = "provider")]
mod query;
mod registry;
mod signature;
mod stencil;
mod tally;
mod wire;

use core::cell::{Cell, RefCell};
use core::future::Future;
use core::pin::{Pin, pin};
use core::task::{self, Poll, Waker};

use crate::json::Json;
pub use call::{
    Call, CallOutcome, EarlierRounds, HandlerError, InputRequests, InputResponse, MirroredHeaders, Target, Template,
    TemplateMatch, Variable,
};
pub use context::Context;
pub use effect::{Commit, Failure, Fetch, Fetched, Listening, Load, Obtain, Reach, RootKey};
pub use listen::{Listen, MessageSource, ResumedStream};
pub use objects::{Ask, FoundRows, Rows, Writes};
#[cfg(feature = "provider")]
pub use query::{Bound, Query, Statement};
pub use registry::{Complete, Completed, Completing, Describe, Described, List, Listed};
pub use signature::{
    Document, NewKey, Param, Params, Published, Sign, SigningKeySet, StoreKeySet, StoredKeySet, Verify, VerifyFromInput,
};
pub use stencil::{PlainResult, Shortcut, Stencil};
pub use tally::Tally;
#[cfg(feature = "ts")]
pub use wire::Crossing;
pub use wire::{PendingEffect, Step};
use wire::{Recorded, read_outcomes};

/// One run of a flow from its start: the outcomes recorded so far, and what this run adds to them.
#[derive(Debug)]
pub struct Flow<'a> {
    context: &'a Context,
    recorded: Vec<Recorded<'a>>,
    next: Cell<usize>,
    asked: RefCell<Vec<PendingEffect>>,
    commits: RefCell<Vec<Commit>>,
    broken: Cell<Option<FlowError>>,
}

/// Why a flow cannot continue. Each of these is a defect of the package or of its caller, never of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowError {
    /// The list of outcomes is malformed.
    Outcomes,
    /// An outcome belongs to another effect than the one requested in its place.
    Diverged,
    /// An outcome does not have the shape that its effect promises.
    Shape,
    /// The flow ended while outcomes were left over.
    Leftover,
    /// The flow awaits something that is not an effect.
    Stuck,
    /// The input that JavaScript handed over cannot be read.
    Input,
}

impl FlowError {
    /// The name under which JavaScript logs it.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Outcomes => "the recorded outcomes cannot be read",
            Self::Diverged => "a replay differs from the run before it",
            Self::Shape => "an outcome does not have its effect's shape",
            Self::Leftover => "outcomes are left over",
            Self::Stuck => "the flow waits for nothing",
            Self::Input => "the input cannot be read",
        }
    }
}

impl<'a> Flow<'a> {
    /// A run over `outcomes`, the JSON array that JavaScript stores (empty text: none yet).
    pub fn new(context: &'a Context, outcomes: &'a str) -> Result<Self, FlowError> {
        Ok(Self {
            context,
            recorded: read_outcomes(outcomes)?,
            next: Cell::new(0),
            asked: RefCell::default(),
            commits: RefCell::default(),
            broken: Cell::new(None),
        })
    }

    /// The time and the randomness of this flow, the same at each step.
    #[must_use]
    pub fn context(&self) -> &Context {
        self.context
    }

    /// Requests `effect` immediately; awaiting returns its outcome.
    pub fn obtain<E: Obtain>(&self, effect: &E) -> Obtaining<E::Outcome> {
        self.obtain_by(effect, None)
    }

    /// The same; JavaScript may take the shortcut if this is the only effect of the first step.
    pub fn obtain_by<E: Obtain>(&self, effect: &E, shortcut: Option<Shortcut>) -> Obtaining<E::Outcome> {
        let recorded = self.ask(Json::of(effect), shortcut);
        Obtaining(recorded.and_then(|recorded| recorded.outcome::<E>().or_else(|| self.breaks(FlowError::Shape))))
    }

    /// What is recorded in the place of the next effect. If there is nothing yet, the effect is requested.
    fn ask(&self, effect: Json, shortcut: Option<Shortcut>) -> Option<&Recorded<'a>> {
        let place = self.next.replace(self.next.get() + 1);
        let asked = PendingEffect::new(place, effect, shortcut);
        match self.recorded.get(place) {
            None => {
                self.asked.borrow_mut().push(asked);
                None
            }
            Some(recorded) if recorded.mark != asked.mark => self.breaks(FlowError::Diverged),
            recorded => recorded,
        }
    }

    /// Sends `commit` along with the answer: it is performed before the response is sent; if it fails, the request
    /// fails.
    pub fn commit(&self, commit: Commit) {
        self.commits.borrow_mut().push(commit);
    }

    /// Runs `flow` as far as the recorded outcomes carry it.
    pub fn step<T>(&self, flow: impl Future<Output = T>) -> Step<T> {
        self.ended(pin!(flow).poll(&mut task::Context::from_waker(Waker::noop())))
    }

    fn ended<T>(&self, polled: Poll<T>) -> Step<T> {
        if self.context.lacks_entropy() {
            return Step::Entropy;
        }
        if let Some(broken) = self.broken.get() {
            return Step::Broken(broken);
        }
        match polled {
            Poll::Ready(_) if self.next.get() < self.recorded.len() => Step::Broken(FlowError::Leftover),
            Poll::Ready(answer) => Step::Done { answer, commits: self.commits.take() },
            Poll::Pending if self.asked.borrow().is_empty() => Step::Broken(FlowError::Stuck),
            Poll::Pending => {
                let mut asked = self.asked.take();
                let alone = asked.len() == 1 && self.recorded.is_empty();
                for asked in &mut asked {
                    asked.shortcut =
                        asked.shortcut.take().filter(|_| alone).map(|way| way.settled(self.context.holds_until()));
                }
                Step::Wait(asked)
            }
        }
    }

    fn breaks<T>(&self, why: FlowError) -> Option<T> {
        self.broken.set(self.broken.get().or(Some(why)));
        None
    }
}

/// An effect that has been requested.
#[derive(Debug)]
pub struct Obtaining<O>(Option<Result<O, Failure>>);

impl<O> Unpin for Obtaining<O> {}

impl<O> Future for Obtaining<O> {
    type Output = Result<O, Failure>;

    fn poll(mut self: Pin<&mut Self>, _: &mut task::Context<'_>) -> Poll<Self::Output> {
        self.0.take().map_or(Poll::Pending, Poll::Ready)
    }
}
