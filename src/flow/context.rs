//! The time and the randomness of one flow.

use core::cell::Cell;

use hkdf::Hkdf;
use sha2::Sha256;

/// The last time that a JavaScript `Date` can hold.
const END_OF_TIME: u64 = 8_640_000_000_000_000;

/// The time and randomness of a flow: fixed when its request arrives, and the same in each of its steps.
///
/// Most flows need no randomness, so the first step has none. If a flow turns out to need some, that step is discarded
/// ([`Step::Entropy`](super::Step::Entropy)) and run again.
#[derive(Debug)]
pub struct Context {
    now: u64,
    entropy: Option<[u8; 32]>,
    uses: Cell<u32>,
    /// Until when the flow would read the same time, as far as it has read it.
    until: Cell<u64>,
}

impl Context {
    /// `now` in milliseconds since 1970; `entropy` from the system's generator, never the same for two flows.
    #[must_use]
    pub fn new(now: u64, entropy: [u8; 32]) -> Self {
        Self { entropy: Some(entropy), ..Self::without_entropy(now) }
    }

    /// The same without randomness.
    #[must_use]
    pub fn without_entropy(now: u64) -> Self {
        Self { now, entropy: None, uses: Cell::new(0), until: Cell::new(END_OF_TIME) }
    }

    /// Of a step with the randomness that JavaScript passes; `None` if that is not 32 bytes.
    #[must_use]
    pub fn of(now: u64, entropy: Option<&[u8]>) -> Option<Self> {
        Some(match entropy {
            None => Self::without_entropy(now),
            Some(entropy) => Self::new(now, entropy.try_into().ok()?),
        })
    }

    /// True if randomness was requested and there is none: this step's result must be discarded.
    pub(super) fn lacks_entropy(&self) -> bool {
        self.entropy.is_none() && self.uses.get() > 0
    }

    /// When the request arrived, in milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.until.set(0);
        self.now
    }

    /// True if the request arrived between these two times, inclusive. Unlike with [`Self::now`], the step then also
    /// holds for other requests, until the second time.
    #[must_use]
    pub fn is_between(&self, from: u64, until: u64) -> bool {
        let is = (from..=until).contains(&self.now);
        self.until.set(if is { self.until.get().min(until) } else { 0 });
        is
    }

    /// Until when a flow that has come this far would do the same again, in milliseconds since 1970; none if it has
    /// used randomness or the exact time.
    pub(super) fn holds_until(&self) -> Option<u64> {
        Some(self.until.get()).filter(|until| *until > 0 && self.uses.get() == 0)
    }

    /// Random bytes for the use that `label` names (HKDF-SHA-256, RFC 5869): two uses never get the same bytes, a
    /// replay always does.
    #[must_use]
    pub fn random<const N: usize>(&self, label: &str) -> [u8; N] {
        const { assert!(N <= 32, "one block of the hash is enough for every use") };
        let count = self.uses.replace(self.uses.get() + 1).to_be_bytes();
        let mut bytes = [0; N];
        let Some(entropy) = &self.entropy else { return bytes };
        // Fails only above 255 blocks; the assertion above limits it to one.
        let expanded = Hkdf::<Sha256>::new(None, entropy).expand_multi_info(&[label.as_bytes(), &count], &mut bytes);
        debug_assert!(expanded.is_ok(), "one block always fits");
        bytes
    }
}
