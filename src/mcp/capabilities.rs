//! What a client can be asked for (MCP `ClientCapabilities`): told with `initialize`, or with each 2026-07-28 request.

use super::revision::Revision;
use crate::json::{Object, Value};

/// The capabilities that matter to a server, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(u16);

impl Capabilities {
    /// Forms (`elicitation`, mode `form`).
    pub const FORMS: Self = Self(1);
    /// Pages (`elicitation`, mode `url`).
    pub const URLS: Self = Self(2);
    /// A language model (`sampling`).
    pub const SAMPLING: Self = Self(4);
    /// A language model that calls tools (`sampling.tools`).
    pub const SAMPLING_TOOLS: Self = Self(8 | 4);
    /// Folders (`roots`).
    pub const ROOTS: Self = Self(16);

    const ALL: [(Self, &str); 5] = [
        (Self::FORMS, r#"{"elicitation":{"form":{}}}"#),
        (Self::URLS, r#"{"elicitation":{"url":{}}}"#),
        (Self::SAMPLING, r#"{"sampling":{}}"#),
        (Self::SAMPLING_TOOLS, r#"{"sampling":{"tools":{}}}"#),
        (Self::ROOTS, r#"{"roots":{}}"#),
    ];

    /// Reads a `ClientCapabilities` object; what is no object declares nothing.
    #[must_use]
    pub fn of(declared: Option<Value<'_>>) -> Self {
        let mut found = Self::default();
        let Object(members) = declared.and_then(|declared| declared.object().ok()).unwrap_or_default();
        for (name, value) in members {
            let Ok(inner) = value.object() else { continue };
            let has = |name: &str| inner.get(name).is_some_and(Value::is_object);
            match name.as_ref() {
                "elicitation" => {
                    // An empty object is the form of old (2025-11-25 client/elicitation §Capabilities).
                    let forms = has("form") || !has("url");
                    found.0 |= if forms { Self::FORMS.0 } else { 0 } | if has("url") { Self::URLS.0 } else { 0 };
                }
                "sampling" => found.0 |= if has("tools") { Self::SAMPLING_TOOLS.0 } else { Self::SAMPLING.0 },
                "roots" => found.0 |= Self::ROOTS.0,
                _ => {}
            }
        }
        found
    }

    /// The bits, for a session's id.
    #[must_use]
    pub fn bits(self) -> u16 {
        self.0
    }

    /// What those bits say.
    #[must_use]
    pub fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// The first revision that has these.
    #[must_use]
    pub fn since(self) -> Revision {
        if self.have(Self::URLS) || self.have(Self::SAMPLING_TOOLS) {
            Revision::V2025_11_25
        } else if self.have(Self::FORMS) {
            Revision::V2025_06_18
        } else {
            Revision::V2024_11_05
        }
    }

    /// True if all of `needed` are there.
    #[must_use]
    pub fn have(self, needed: Self) -> bool {
        self.0 & needed.0 == needed.0
    }

    /// The first of these that `have` lacks.
    #[must_use]
    pub fn missing_in(self, have: Self) -> Option<Self> {
        Self::ALL.iter().map(|(one, _)| *one).find(|one| self.have(*one) && !have.have(*one))
    }

    /// One of the constants as a `ClientCapabilities` object, for an error's `requiredCapabilities`.
    #[must_use]
    pub fn json(self) -> &'static str {
        Self::ALL.iter().find(|(known, _)| *known == self).map_or("{}", |(_, json)| *json)
    }
}
