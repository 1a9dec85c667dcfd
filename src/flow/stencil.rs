//! Shortcuts of the hot path: what JavaScript may do without a step.
//!
//! If a first step waits for one effect only, it may say what the answer is if the effect's outcome needs no decision (a
//! list; a result with content and without `_meta` or `resultType`; a valid signature): the text before and after the
//! outcome. JavaScript then answers 200 with that, and does not step again ([`Shortcut`]). Otherwise the flow continues
//! as if there were no shortcut.
//!
//! Such a step may also hold for requests that differ from its own in two or three places only ([`Stencil`]).
//! A client that calls a tool again sends the same text with another ID and other arguments, and perhaps another number
//! as its progress token. What is decided about such a request does not depend on these, which are only passed on. So a
//! step that only passes them on says where they stand in the body, and JavaScript may reuse the step for a request
//! with the same head and the same text around other values.
//!
//! **Threat.** A request is wrongly taken for one of the same form.
//! **Guarantee.** Everything but these integers and the text of one object is compared byte by byte. Valid JSON with
//! one value replaced by another is valid JSON that differs in that value only, so whatever was read and checked in the
//! first request is the same in the second. A step that has used the clock says until when it holds; one that has used
//! the caller holds for this caller only; one that has used randomness or outcomes has no stencil.

use core::iter;
use core::ops::Range;

use serde::{Serialize, Serializer};

use crate::bounds;
use crate::json::Value;

/// As many digits as a JavaScript number holds exactly.
const MAX_DIGITS: usize = 15;

/// What JavaScript may do with the outcome of the only effect of a first step, and with similar requests.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Shortcut {
    /// The response up to the outcome, on one line. It crosses as plain text after the step.
    #[serde(skip)]
    head: String,
    /// The response after the outcome: closing braces.
    tail: &'static str,
    /// True if `head` ends inside the result object, so that the outcome is inserted without its opening brace.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>"))]
    open: bool,
    /// Which results may take the shortcut.
    #[serde(skip_serializing_if = "PlainResult::is_all")]
    #[cfg_attr(feature = "ts", ts(as = "Option<PlainResult>"))]
    plain: PlainResult,
    /// The requests for which it also holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "Places | null"))]
    stencil: Option<Stencil>,
}

/// What a result may contain without needing a decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PlainResult {
    /// The kinds of content that the revision has; empty if it has all.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[cfg_attr(feature = "ts", ts(as = "Option<Vec<String>>"))]
    pub kinds: &'static [&'static str],
    /// Which structured content the revision has: `object` or `none`; `None` if it has all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "\"object\" | \"none\" | null"))]
    pub structured: Option<&'static str>,
}

impl PlainResult {
    fn is_all(&self) -> bool {
        *self == Self::default()
    }
}

impl Shortcut {
    /// The response around an outcome: `head` before it, `tail` after it. If `open`, `head` ends inside the result object.
    #[must_use]
    pub fn around(head: String, tail: &'static str, open: bool) -> Self {
        Self { head, tail, open, plain: PlainResult::default(), stencil: None }
    }

    /// The shortcut of a signature that decides everything: `answer` is the answer if it is valid. `None` if `answer` contains a
    /// line break.
    #[must_use]
    pub fn settling(answer: String) -> Option<Self> {
        (!answer.contains('\n')).then(|| Self::around(answer, "", false))
    }

    /// The same, for results that fit `plain`, and for the requests of `stencil`.
    #[must_use]
    pub fn of_results(self, plain: PlainResult, stencil: Option<Stencil>) -> Self {
        Self { plain, stencil, ..self }
    }

    /// The same; its stencil holds until `until`, in milliseconds since 1970, or there is none.
    pub(super) fn settled(self, until: Option<u64>) -> Self {
        let stencil = self.stencil.zip(until).map(|(stencil, until)| Stencil { until, ..stencil });
        Self { stencil, ..self }
    }

    /// The response up to the outcome.
    #[must_use]
    pub fn head(&self) -> &str {
        &self.head
    }

    /// The response with `outcome`, as JavaScript makes it.
    #[must_use]
    pub fn filled(&self, outcome: &str) -> String {
        let inside = if self.open { outcome.strip_prefix('{').unwrap_or(outcome) } else { outcome };
        // Nothing follows the revision's own members.
        let head =
            if self.open && inside == "}" { self.head.strip_suffix(',').unwrap_or(&self.head) } else { &self.head };
        [head, inside, self.tail].concat()
    }
}

/// Where in the body the request's ID and arguments stand, and its progress token if that is a number, too; and where
/// the ID stands in the head of the shortcut. In bytes, which are characters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stencil {
    id: Range<usize>,
    arguments: Range<usize>,
    token: Option<Range<usize>>,
    answered: usize,
    personal: bool,
    /// In milliseconds since 1970.
    until: u64,
}

impl Stencil {
    /// Where `id`, `arguments` and `token` stand in `body`, of which they are slices; `answered` is where the ID stands
    /// in the head of the shortcut. `None` if the body is too long or not ASCII, or if the ID is not a short number.
    #[must_use]
    pub fn of(
        body: &str,
        answered: usize,
        id: Value<'_>,
        arguments: Value<'_>,
        token: Option<Value<'_>>,
    ) -> Option<Self> {
        if !is_short_number(id) || body.len() > bounds::STENCIL || !body.is_ascii() {
            return None;
        }
        let place = |value: Value<'_>| {
            let start = value.text().as_ptr().addr().checked_sub(body.as_ptr().addr())?;
            let place = start..start.checked_add(value.text().len())?;
            (body.get(place.clone()) == Some(value.text())).then_some(place)
        };
        let token = token.filter(|token| is_short_number(*token)).and_then(place);
        Some(Self { id: place(id)?, arguments: place(arguments)?, token, answered, personal: false, until: 0 })
    }

    /// The same; `personal` says whether it holds for this caller only.
    #[must_use]
    pub fn personal(self, personal: bool) -> Self {
        Self { personal, ..self }
    }
}

/// `[until, personal, answered, start, end, …]`: until when it holds, in milliseconds since 1970; 1 if it holds for
/// this caller only; where the response's ID stands; and where the ID, the arguments and the token stand.
impl Serialize for Stencil {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let holes = [&self.id, &self.arguments].into_iter().chain(&self.token).flat_map(|hole| [hole.start, hole.end]);
        let places = iter::once(self.answered).chain(holes).map(|place| place as u64);
        serializer.collect_seq([self.until, self.personal.into()].into_iter().chain(places))
    }
}

fn is_short_number(value: Value<'_>) -> bool {
    value.text().len() <= MAX_DIGITS && value.text().bytes().all(|byte| byte.is_ascii_digit())
}
