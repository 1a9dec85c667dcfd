//! Flows: straight-line code over effects, replayed from its top at each step.
//!
//! A flow is an `async fn` over [`Flow::obtain`] and a pure function of its input, its [`Context`] and the outcomes so
//! far. JavaScript keeps the list of outcomes. Each step runs the flow from its top, feeds the recorded outcomes to its
//! awaits in order, and answers either that it is done or which effects it waits for. Nothing is held between two steps:
//! no table, no id, nothing to leak when a client goes away, nothing to mix up after a trap.
//!
//! **Threat.** An outcome that reaches the wrong await would be read as something it is not: another key, another user.
//! **Guarantee.** Each outcome carries the mark of the effect it answers, and a replay in which any mark differs, or in
//! which outcomes are left over, ends as [`Broken`]; no answer and no commit of it gets out.
//! **Not guaranteed.** That an outcome is true. A flow treats what it obtains as input.
//!
//! Batches need no combinator: `obtain` asks at once and only the await waits.
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
mod registry;
mod signature;
mod stencil;
mod tally;
mod wire;

use core::cell::{Cell, RefCell};
use core::future::Future;
use core::pin::{Pin, pin};
use core::task::{self, Poll, Waker};

pub use call::{Call, Called, Mirrored, Target, Template, Through, Thrown, Variable};
pub use context::Context;
pub use effect::{Brief, Commit, Failure, Fetch, Fetched, Listening, Load, Obtain, Reach, RootKey};
pub use listen::{Listen, Resumed, Source};
pub use objects::{Ask, Found, Rows, Writes};
pub use registry::{Complete, Completed, Describe, Described, List, Listed, Plain, Splice};
pub use signature::{Document, NewKey, Published, Recent, Remember, Ring, Sign, Verify, VerifyShown};
pub use stencil::Stencil;
pub use tally::Tally;
pub use wire::{Asked, Step};
use wire::{Recorded, read_outcomes};

/// One run of a flow from its top: the outcomes recorded so far, and what this run adds to them.
#[derive(Debug)]
pub struct Flow<'a> {
    context: &'a Context,
    recorded: Vec<Recorded<'a>>,
    next: Cell<usize>,
    asked: RefCell<Vec<Asked>>,
    commits: RefCell<Vec<Commit>>,
    broken: Cell<Option<Broken>>,
}

/// Why a flow cannot go on. Each of these is a defect of the package or of its caller, never of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The list of outcomes is not what the shim writes.
    Outcomes,
    /// An outcome answers another effect than the one asked in its place.
    Diverged,
    /// An outcome does not have the shape that its effect promises.
    Shape,
    /// The flow ended while outcomes were left over.
    Leftover,
    /// The flow waits for something that is no effect.
    Stuck,
    /// The input that JavaScript handed over cannot be read.
    Input,
}

impl Broken {
    /// The name under which the shim logs it.
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
    /// A run over `outcomes`, the JSON array that the shim keeps (empty text: none yet).
    pub fn new(context: &'a Context, outcomes: &'a str) -> Result<Self, Broken> {
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

    /// Asks for `effect` at once; awaiting gives its outcome.
    pub fn obtain<E: Obtain>(&self, effect: &E) -> Obtaining<E::Outcome> {
        let recorded = self.ask(effect.json(), effect.head(), effect.stencil());
        Obtaining(recorded.and_then(|recorded| recorded.outcome::<E>().or_else(|| self.breaks(Broken::Shape))))
    }

    /// What is recorded in the place of the next effect. If there is nothing yet, the effect is asked for.
    fn ask(&self, effect: String, head: Option<&str>, stencil: Option<Stencil>) -> Option<&Recorded<'a>> {
        let place = self.next.replace(self.next.get() + 1);
        let asked = Asked::new(place, effect, head, stencil);
        match self.recorded.get(place) {
            None => {
                self.asked.borrow_mut().push(asked);
                None
            }
            Some(recorded) if recorded.mark != asked.mark => self.breaks(Broken::Diverged),
            recorded => recorded,
        }
    }

    /// Lets `commit` travel with the answer: it is performed before the answer leaves, and if it fails there is none.
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
            Poll::Ready(_) if self.next.get() < self.recorded.len() => Step::Broken(Broken::Leftover),
            Poll::Ready(answer) => Step::Done { answer, commits: self.commits.take() },
            Poll::Pending if self.asked.borrow().is_empty() => Step::Broken(Broken::Stuck),
            Poll::Pending => {
                let mut asked = self.asked.take();
                let holds = self.context.holds_until().filter(|_| asked.len() == 1 && self.recorded.is_empty());
                for asked in &mut asked {
                    asked.holds_until = holds;
                }
                Step::Wait(asked)
            }
        }
    }

    fn breaks<T>(&self, why: Broken) -> Option<T> {
        self.broken.set(self.broken.get().or(Some(why)));
        None
    }
}

/// An effect that has been asked for.
#[derive(Debug)]
pub struct Obtaining<O>(Option<Result<O, Failure>>);

impl<O> Unpin for Obtaining<O> {}

impl<O> Future for Obtaining<O> {
    type Output = Result<O, Failure>;

    fn poll(mut self: Pin<&mut Self>, _: &mut task::Context<'_>) -> Poll<Self::Output> {
        self.0.take().map_or(Poll::Pending, Poll::Ready)
    }
}
