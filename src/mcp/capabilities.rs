//! What a client can be asked for (MCP `ClientCapabilities`): sent with `initialize`, or with each 2026-07-28 request.

use serde::Deserialize;

use super::revision::Revision;
use crate::json::Value;

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
    /// Roots (`roots`).
    pub const ROOTS: Self = Self(16);

    const ALL: [(Self, &str); 5] = [
        (Self::FORMS, r#"{"elicitation":{"form":{}}}"#),
        (Self::URLS, r#"{"elicitation":{"url":{}}}"#),
        (Self::SAMPLING, r#"{"sampling":{}}"#),
        (Self::SAMPLING_TOOLS, r#"{"sampling":{"tools":{}}}"#),
        (Self::ROOTS, r#"{"roots":{}}"#),
    ];

    /// Reads a `ClientCapabilities` object; anything else declares nothing.
    #[must_use]
    pub fn of(declared: Option<Value<'_>>) -> Self {
        let declared: Declared<'_> = members(declared).unwrap_or_default();
        let mut found = Self::default();
        if let Some(Modes { form, url, .. }) = members(declared.elicitation) {
            let (form, url) = (form.is_some_and(Value::is_object), url.is_some_and(Value::is_object));
            // An empty object means forms (2025-11-25 client/elicitation §Capabilities).
            found.0 |= if form || !url { Self::FORMS.0 } else { 0 } | if url { Self::URLS.0 } else { 0 };
        }
        if let Some(Modes { tools, .. }) = members(declared.sampling) {
            let tools = tools.is_some_and(Value::is_object);
            found.0 |= if tools { Self::SAMPLING_TOOLS.0 } else { Self::SAMPLING.0 };
        }
        if declared.roots.is_some_and(Value::is_object) {
            found.0 |= Self::ROOTS.0;
        }
        found
    }

    /// The bits, for a session ID.
    #[must_use]
    pub fn bits(self) -> u16 {
        self.0
    }

    /// The capabilities with these bits.
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

    /// True if all of `needed` are present.
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

fn members<'a, T: Deserialize<'a>>(value: Option<Value<'a>>) -> Option<T> {
    value?.parse().ok()
}

/// `ClientCapabilities`.
#[derive(Default, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Declared<'a> {
    elicitation: Option<Value<'a>>,
    sampling: Option<Value<'a>>,
    roots: Option<Value<'a>>,
}

/// The members of one capability.
#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Modes<'a> {
    form: Option<Value<'a>>,
    url: Option<Value<'a>>,
    tools: Option<Value<'a>>,
}
