//! The time and the randomness of one flow.

use core::cell::Cell;

use hkdf::Hkdf;
use sha2::Sha256;

/// What a flow may know of the world without asking: fixed when its request arrives, equal at each of its steps.
#[derive(Debug)]
pub struct Context {
    now: u64,
    entropy: [u8; 32],
    uses: Cell<u32>,
}

impl Context {
    /// `now` in milliseconds since 1970, `entropy` from the system's generator; no other flow may ever see the same.
    #[must_use]
    pub fn new(now: u64, entropy: [u8; 32]) -> Self {
        Self { now, entropy, uses: Cell::new(0) }
    }

    /// When the request arrived, in milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Fresh random bytes for the use named by `label` (HKDF-SHA-256, RFC 5869): two uses never get the same, a replay
    /// always does.
    #[must_use]
    pub fn random<const N: usize>(&self, label: &str) -> [u8; N] {
        const { assert!(N <= 32, "one block of the hash is enough for every use") };
        let count = self.uses.replace(self.uses.get() + 1).to_be_bytes();
        let mut bytes = [0; N];
        // Fails only above 255 blocks; the assertion above keeps it at one.
        let expanded =
            Hkdf::<Sha256>::new(None, &self.entropy).expand_multi_info(&[label.as_bytes(), &count], &mut bytes);
        debug_assert!(expanded.is_ok(), "one block always fits");
        bytes
    }
}
