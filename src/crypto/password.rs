//! Password hashes: Argon2id (RFC 9106) as PHC strings, `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`.
//!
//! **Threat.** Somebody reads the database, and guesses passwords at the speed of their own hardware. Or a stored hash asks
//! for more memory or time than an isolate has.
//! **Guarantee.** Each guess costs at least the configured memory and passes. A hash with parameters outside of the bounds of
//! [`Cost`] is never computed.
//! **Not guaranteed.** That a weak password holds.

use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use base64ct::{Base64Unpadded, Encoding as _};
use serde::{Deserialize, Serialize};

use super::same;

/// Bytes of a hash (RFC 9106 §4).
const LENGTH: usize = 32;

/// What one hash costs. One lane, since an isolate has one thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// KiB of memory.
    memory: u32,
    /// How often the memory is passed over.
    passes: u32,
}

impl Cost {
    /// What OWASP's Password Storage Cheat Sheet recommends for Argon2id.
    pub const DEFAULT: Self = Self { memory: 19_456, passes: 2 };

    /// A cost within the bounds: 7 to 64 MiB, 1 to 10 passes. An isolate has 128 MB.
    #[must_use]
    pub fn new(memory: u32, passes: u32) -> Option<Self> {
        let is_bounded = (7 * 1024..=64 * 1024).contains(&memory) && (1..=10).contains(&passes);
        is_bounded.then_some(Self { memory, passes })
    }

    fn compute(self, password: &str, salt: &[u8]) -> Option<[u8; LENGTH]> {
        let params = Params::new(self.memory, self.passes, 1, Some(LENGTH)).ok()?;
        let mut hash = [0; LENGTH];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password_into(password.as_bytes(), salt, &mut hash).ok()?;
        Some(hash)
    }

    /// The cost of a stored hash; `None` if it is not Argon2id, or costs more than it may.
    fn of(hash: &PasswordHash<'_>) -> Option<Self> {
        let params = Params::try_from(hash).ok()?;
        let is_ours = hash.algorithm.as_str() == "argon2id" && hash.version == Some(0x13) && params.p_cost() == 1;
        Self::new(params.m_cost(), params.t_cost()).filter(|_| is_ours)
    }
}

/// Whether a password matches a stored hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordCheck {
    /// It matches.
    Match,
    /// It matches a hash of another cost than the current one, which should be replaced.
    Outdated,
    /// It does not.
    Mismatch,
    /// The stored hash cannot be used.
    Unusable,
}

/// The hash of a password. `None` only if the parameters are refused, which [`Cost::new`] prevents.
#[must_use]
pub fn hash(password: &str, salt: &[u8; 16], cost: Cost) -> Option<String> {
    let hash = cost.compute(password, salt)?;
    let Cost { memory, passes } = cost;
    let [salt, hash] = [&salt[..], &hash].map(Base64Unpadded::encode_string);
    Some(format!("$argon2id$v=19$m={memory},t={passes},p=1${salt}${hash}"))
}

/// Compares a password with a stored hash, in time that does not depend on the difference.
#[must_use]
pub fn check(password: &str, stored: &str, cost: Cost) -> PasswordCheck {
    let computed = || {
        let stored = PasswordHash::new(stored).ok()?;
        let own = Cost::of(&stored)?;
        let salt = Base64Unpadded::decode_vec(stored.salt?.as_str()).ok()?;
        let expected = stored.hash.filter(|hash| hash.len() == LENGTH)?;
        Some((own, same(&own.compute(password, &salt)?, expected.as_bytes())))
    };
    match computed() {
        None => PasswordCheck::Unusable,
        Some((_, false)) => PasswordCheck::Mismatch,
        Some((own, true)) if own == cost => PasswordCheck::Match,
        Some((_, true)) => PasswordCheck::Outdated,
    }
}
