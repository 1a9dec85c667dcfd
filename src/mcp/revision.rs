//! Protocol revisions (MCP basic/versioning).

/// A published revision of the protocol, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Revision {
    /// HTTP+SSE, `initialize`.
    V2024_11_05 = 1,
    /// Streamable HTTP; the only one with batches.
    V2025_03_26 = 2,
    /// No batches; structured output; `MCP-Protocol-Version`.
    V2025_06_18 = 3,
    /// The latest with `initialize`.
    V2025_11_25 = 4,
    /// Stateless: metadata with each request, no sessions.
    V2026_07_28 = 5,
}

use Revision::{V2024_11_05, V2025_03_26, V2025_06_18, V2025_11_25, V2026_07_28};

impl Revision {
    /// All of them.
    pub const ALL: [Self; 5] = [V2024_11_05, V2025_03_26, V2025_06_18, V2025_11_25, V2026_07_28];
    /// Those without `initialize`: listed by `server/discover` and in the error about an unsupported version.
    pub const MODERN: [Self; 1] = [V2026_07_28];
    /// The revision of a client without `MCP-Protocol-Version` (2025-06-18 transports §Protocol Version Header).
    pub const ASSUMED: Self = V2025_03_26;
    /// What `initialize` offers to a client that requests an unknown revision.
    pub const LATEST_WITH_INITIALIZE: Self = V2025_11_25;

    /// The revision with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|revision| revision.name() == name)
    }

    /// The revision with this number in a session ID.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|revision| *revision as u8 == number)
    }

    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            V2024_11_05 => "2024-11-05",
            V2025_03_26 => "2025-03-26",
            V2025_06_18 => "2025-06-18",
            V2025_11_25 => "2025-11-25",
            V2026_07_28 => "2026-07-28",
        }
    }

    /// True if each request has its own metadata, and there is no `initialize`.
    #[must_use]
    pub fn is_modern(self) -> bool {
        Self::MODERN.contains(&self)
    }

    /// True if progress may have a message besides its numbers.
    #[must_use]
    pub fn has_progress_messages(self) -> bool {
        self >= V2025_03_26
    }

    /// True if a stream begins with an event that names it, so that it can be resumed after an interruption.
    #[must_use]
    pub fn has_resumable_streams(self) -> bool {
        self == V2025_11_25
    }

    /// True if an elicitation says whether it is a form or a page.
    #[must_use]
    pub fn has_elicitation_modes(self) -> bool {
        self >= V2025_11_25
    }

    /// True if a body may be a batch.
    #[must_use]
    pub fn has_batches(self) -> bool {
        self == V2025_03_26
    }
}
