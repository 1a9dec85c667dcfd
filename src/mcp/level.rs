//! Severities of log messages (RFC 5424 §6.2.1; MCP server/utilities/logging).

/// Severity; a later one is more severe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level(u8);

const NAMES: [&str; 8] = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

impl Level {
    /// The level of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        NAMES.iter().zip(0..).find(|(known, _)| **known == name).map(|(_, number)| Self(number))
    }

    /// All names, for messages.
    #[must_use]
    pub fn names() -> String {
        NAMES.join(", ")
    }
}
