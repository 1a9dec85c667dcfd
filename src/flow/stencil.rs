//! What a step says about requests that differ from its own in two or three places only.
//!
//! A client that calls a tool again sends the same text with another id and other arguments, and maybe another number as
//! its progress token. What is decided about such a request does not depend on them: they are passed on. So a step that
//! only passes them on says where they stand in the body, and the shim may take the same step for a request with the same
//! head and the same text around other ones.
//!
//! **Threat.** A request is taken for one like it that is not.
//! **Guarantee.** All but these integers and the text of one object is compared byte by byte. Valid JSON with one value
//! replaced by another is valid JSON that differs in that value alone, so whatever was read and checked in the one request
//! would be read and found in the other. A step that has looked at the clock says until when it holds; one that has asked
//! who is calling holds for this caller alone; one that has used randomness or outcomes says nothing.

use core::iter;
use core::ops::Range;

use crate::bounds;
use crate::json::{Value, array, number};

/// As many digits as a JavaScript number holds exactly.
const MAX_DIGITS: usize = 15;

/// Where the request's id and its arguments stand in the body, its progress token if that is a number too, and the id in the
/// head of the shortcut: in bytes, which are characters too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stencil {
    id: Range<usize>,
    arguments: Range<usize>,
    token: Option<Range<usize>>,
    answered: usize,
    personal: bool,
}

impl Stencil {
    /// Where `id`, `arguments` and `token` stand in `body`, which they have been read from; the id stands at `answered` in the
    /// head of the shortcut. Nothing where the body is long or holds more than ASCII, or the id is no short number.
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
        Some(Self { id: place(id)?, arguments: place(arguments)?, token, answered, personal: false })
    }

    /// The same, and whether it holds for this caller alone.
    #[must_use]
    pub fn personal(self, personal: bool) -> Self {
        Self { personal, ..self }
    }

    /// `[until, personal, start, start, end, …]`: until when it holds, in milliseconds since 1970; 1 if it holds for this
    /// caller alone; where the answer's id stands; and where the id, the arguments and the token stand.
    pub(super) fn json(&self, until: u64) -> String {
        let holes = [&self.id, &self.arguments].into_iter().chain(&self.token).flat_map(|hole| [hole.start, hole.end]);
        let before = [usize::from(self.personal), self.answered];
        array(iter::once(until.to_string()).chain(before.into_iter().chain(holes).map(number)))
    }
}

fn is_short_number(value: Value<'_>) -> bool {
    value.text().len() <= MAX_DIGITS && value.text().bytes().all(|byte| byte.is_ascii_digit())
}
