//! The time and the randomness of one flow.

use core::cell::Cell;

use hkdf::Hkdf;
use sha2::Sha256;

/// The last moment of a JavaScript `Date`.
const END_OF_TIME: u64 = 8_640_000_000_000_000;

/// What a flow may know of the world without asking: fixed when its request arrives, equal at each of its steps.
///
/// Most flows need no randomness, so the first step has none. Where one turns out to need some, that step comes to nothing
/// ([`Step::Entropy`](super::Step::Entropy)) and is made once more.
#[derive(Debug)]
pub struct Context {
    now: u64,
    entropy: Option<[u8; 32]>,
    uses: Cell<u32>,
    /// Until when the flow would see the same time, as far as it has looked.
    until: Cell<u64>,
}

impl Context {
    /// `now` in milliseconds since 1970, `entropy` from the system's generator; no other flow may ever see the same.
    #[must_use]
    pub fn new(now: u64, entropy: [u8; 32]) -> Self {
        Self { entropy: Some(entropy), ..Self::without_entropy(now) }
    }

    /// The same without randomness.
    #[must_use]
    pub fn without_entropy(now: u64) -> Self {
        Self { now, entropy: None, uses: Cell::new(0), until: Cell::new(END_OF_TIME) }
    }

    /// What the shim hands over with a step behind the first: randomness in hexadecimal, if it was asked for, and the
    /// outcomes so far, a JSON array, which are handed back.
    #[must_use]
    pub fn read(now: u64, later: &str) -> Option<(Self, &str)> {
        if later.is_empty() || later.starts_with('[') {
            return Some((Self::without_entropy(now), later));
        }
        let (digits, outcomes) = later.split_at_checked(64)?;
        let mut entropy = [0; 32];
        let mut digits = digits.chars().map(|digit| digit.to_digit(16));
        for byte in &mut entropy {
            *byte = u8::try_from(digits.next()?? << 4 | digits.next()??).ok()?;
        }
        Some((Self::new(now, entropy), outcomes))
    }

    /// True if randomness was asked for and there is none: what has been made of it must not get out.
    pub(super) fn lacks_entropy(&self) -> bool {
        self.entropy.is_none() && self.uses.get() > 0
    }

    /// When the request arrived, in milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.until.set(0);
        self.now
    }

    /// True if the request arrived between these two moments or at one of them. Unlike what follows from [`Self::now`], what
    /// follows from this holds for other requests too, until the second moment.
    #[must_use]
    pub fn is_between(&self, from: u64, until: u64) -> bool {
        let is = (from..=until).contains(&self.now);
        self.until.set(if is { self.until.get().min(until) } else { 0 });
        is
    }

    /// Until when a flow that has come so far would come so far again, in milliseconds since 1970; nothing where it has used
    /// randomness or the very time.
    pub(super) fn holds_until(&self) -> Option<u64> {
        Some(self.until.get()).filter(|until| *until > 0 && self.uses.get() == 0)
    }

    /// Fresh random bytes for the use named by `label` (HKDF-SHA-256, RFC 5869): two uses never get the same, a replay
    /// always does.
    #[must_use]
    pub fn random<const N: usize>(&self, label: &str) -> [u8; N] {
        const { assert!(N <= 32, "one block of the hash is enough for every use") };
        let count = self.uses.replace(self.uses.get() + 1).to_be_bytes();
        let mut bytes = [0; N];
        let Some(entropy) = &self.entropy else { return bytes };
        // Fails only above 255 blocks; the assertion above keeps it at one.
        let expanded = Hkdf::<Sha256>::new(None, entropy).expand_multi_info(&[label.as_bytes(), &count], &mut bytes);
        debug_assert!(expanded.is_ok(), "one block always fits");
        bytes
    }
}
