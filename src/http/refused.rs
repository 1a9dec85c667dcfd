//! Why a request was refused, for the operator's log: the shim writes one line of JSON for each (`js/refusals.ts`). What the
//! caller reads is in the answer itself. `docs/guides/refusals.md` lists the codes.

use std::borrow::Cow;

use crate::json::Members;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// One of a list: the codes of [`super::origin::Foreign`], `auth::bearer::Refusal`, `oauth::error::Code` and
    /// `oauth::page::Trouble`.
    pub code: &'static str,
    /// What is wrong, as far as the code does not say so.
    pub reason: Cow<'static, str>,
    /// Who the client says that it is.
    pub client: Option<String>,
}

impl Refused {
    /// Without a client.
    #[must_use]
    pub fn new(code: &'static str, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { code, reason: reason.into(), client: None }
    }

    /// `{"code":"…","reason":"…","client":"…"}`.
    #[must_use]
    pub fn to_json(&self) -> String {
        Members::new()
            .text("code", self.code)
            .text("reason", &self.reason)
            .maybe("client", self.client.as_deref())
            .end()
    }
}

/// Somebody else's words as they may stand in a log: one line, at most 200 characters, none of which turns the direction of
/// text (Unicode `Bidi_Control`) or is invisible.
#[must_use]
pub fn plain(text: &str) -> String {
    let is_unfit = |char: char| {
        char.is_control()
            || matches!(char, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    text.chars().take(200).map(|char| if is_unfit(char) { ' ' } else { char }).collect()
}
