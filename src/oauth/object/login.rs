//! Inside the object `login:<hash of callback and e-mail address>`: attempts to sign in with a password.
//!
//! **Threat.** Somebody tries passwords, one account many times or fifty at once; or learns from the answer, or from its
//! time, whether an account exists.
//! **Guarantee.** Attempts for one address are decided one after the other. After five failures the next one has to wait,
//! from half a minute up to a quarter of an hour, and nothing is hashed meanwhile. An address without an account takes the
//! same way, with a hash of the same cost.
//! **Not guaranteed.** That many addresses with one guess each are noticed here: the limits of the callback count those.

use serde::{Deserialize, Serialize};

use super::{Call, InvalidCall, RowSet};
use crate::crypto::password::{self, PasswordCheck};
use crate::flow::Flow;
use crate::identity::directory::{Attempt, AttemptOutcome};

const ROW: &str = "failures";
/// Failures without a wait.
const FREE: u32 = 5;
/// The first wait, which doubles with each further failure, in milliseconds.
const FIRST_WAIT: u64 = 30 * 1000;
const LONGEST_WAIT: u64 = 15 * 60 * 1000;
/// Failures are forgotten after a day, in milliseconds.
const MEMORY: u64 = 24 * 3600 * 1000;

impl Call for Attempt {
    const NAME: &'static str = Self::CALL;
    type Answer = AttemptOutcome;
}

/// The row.
#[derive(Default, Serialize, Deserialize)]
struct Failures {
    count: u32,
    /// No attempt is made before this time, in milliseconds since 1970.
    until: u64,
}

/// How long nobody may try after so many failures, in milliseconds.
fn wait(failures: u32) -> u64 {
    match failures.checked_sub(FREE) {
        None => 0,
        Some(beyond) => FIRST_WAIT.checked_shl(beyond.min(16)).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT),
    }
}

/// Answers [`Attempt`].
pub(crate) async fn attempt(flow: &Flow<'_>, attempt: &Attempt) -> Result<AttemptOutcome, InvalidCall> {
    let held = RowSet::read(flow, vec![ROW.into()], vec![]).await?;
    let failures = held.record::<Failures>(ROW).unwrap_or_default();
    let now = flow.context().now();
    if failures.until > now {
        return Ok(AttemptOutcome::Wait((failures.until - now).div_ceil(1000)));
    }
    let Attempt { password, hash, cost } = attempt;
    let check = hash.as_ref().map(|hash| password::check(password, hash, *cost));
    if matches!(check, None | Some(PasswordCheck::Unusable)) {
        // For the time that it takes.
        password::hash(password, &[0; 16], *cost).ok_or(InvalidCall)?;
    }
    let rehashed = match check {
        Some(PasswordCheck::Match) => None,
        Some(PasswordCheck::Outdated) => password::hash(password, &flow.context().random::<16>("password salt"), *cost),
        check => {
            let count = failures.count.saturating_add(1);
            let failures = Failures { count, until: now + wait(count) };
            held.writes().put(ROW, &failures, Some(now + MEMORY)).commit(flow);
            let is_unusable = check == Some(PasswordCheck::Unusable);
            return Ok(if is_unusable { AttemptOutcome::Unusable } else { AttemptOutcome::Wrong });
        }
    };
    if failures.count > 0 {
        held.writes().remove(ROW).commit(flow);
    }
    Ok(AttemptOutcome::Right { rehashed })
}
