//! An attempt to sign in with a password, which the object `login:` of the address decides.

use serde::{Deserialize, Serialize};

use crate::crypto::password::Cost;
use crate::crypto::{encode, hash};
use crate::flow::{Ask, Failure, Flow};
use crate::json;

/// The object that decides about attempts for this address, in its folded form, at the server with this callback.
fn object(callback: &str, email: &str) -> String {
    ["login:", &encode(&hash("login", &[callback.as_bytes(), email.as_bytes()]))].concat()
}

/// An attempt with a password.
#[derive(Serialize, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) password: String,
    /// The stored hash; `None` if there is no account with this address, or it has no password.
    pub(crate) hash: Option<String>,
    pub(crate) cost: Cost,
}

impl Attempt {
    /// The name of the call.
    pub(crate) const CALL: &'static str = "attempt";
}

/// The result of an attempt.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AttemptOutcome {
    /// The password is right. `rehashed` replaces a hash of another cost.
    Right { rehashed: Option<String> },
    /// It is wrong, or there is no such account.
    Wrong,
    /// Too many attempts have failed: seconds to wait.
    Wait(u64),
    /// The stored hash cannot be used.
    Unusable,
}

/// Makes the attempt for this address, in its folded form, at the server with this callback. Waits: one.
pub(super) async fn attempt(
    flow: &Flow<'_>,
    (callback, email): (&str, &str),
    attempt: &Attempt,
) -> Result<AttemptOutcome, Failure> {
    let answer = flow.obtain(&Ask::new(object(callback, email), Attempt::CALL, attempt)).await?;
    json::read(&answer).map_err(|_| Failure::Failed)
}
