//! The log entry of a refused request: JavaScript writes one line of JSON for each (`js/common/refusals.ts`). It is separate
//! from the response to the caller. `docs/guides/refusals.md` lists the codes.

use std::borrow::Cow;

use serde::Serialize;

/// One log entry; see the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct LoggedRefusal {
    /// The code: of [`super::origin::OriginRejection`], `guard::bearer::Refusal`, `oauth::error::Code` or
    /// `oauth::browser::error_page::ErrorReason`.
    pub code: &'static str,
    /// What is wrong, as far as the code does not say it.
    pub reason: Cow<'static, str>,
    /// The client's own name for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
}

impl LoggedRefusal {
    /// Without a client.
    #[must_use]
    pub fn new(code: &'static str, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { code, reason: reason.into(), client: None }
    }
}

/// Untrusted text made safe for the log: one line, at most 200 characters, none of which changes the direction of text
/// (Unicode `Bidi_Control`) or is invisible.
#[must_use]
pub fn plain(text: &str) -> String {
    let is_unfit = |char: char| {
        char.is_control()
            || matches!(char, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    text.chars().take(200).map(|char| if is_unfit(char) { ' ' } else { char }).collect()
}
