//! What a step says about requests that differ from its own in two places only.
//!
//! A client that calls a tool again sends the same text with another id and other arguments. What is decided about such
//! a request does not depend on either: they are passed on. So a step that only passes them on says where they stand in
//! the body, and the shim may take the same step for a request with the same head and the same text around other ones.
//!
//! **Threat.** A request is taken for one like it that is not.
//! **Guarantee.** All but an integer and the text of one object is compared byte by byte. Valid JSON with one value
//! replaced by another is valid JSON that differs in that value alone, so whatever was read and checked in the one request
//! would be read and found in the other. A step that has looked at the clock says until when it holds, one that has used
//! randomness or outcomes says nothing.

use core::iter;
use core::ops::Range;

use crate::json::{Value, array, number};
use crate::jsonrpc::BEFORE_ID;

/// The longest body with a stencil, in bytes.
const MAX_LENGTH: usize = 8192;
/// As many digits as a JavaScript number holds exactly.
const MAX_DIGITS: usize = 15;

/// Where the request's id and its arguments stand in the body, and the id in the head of the shortcut, in bytes, which are
/// characters too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stencil {
    id: Range<usize>,
    arguments: Range<usize>,
    answered: usize,
}

impl Stencil {
    /// Where `id` and `arguments` stand in `body`, which they have been read from, and the id in `head`, which begins with
    /// [`BEFORE_ID`]; nothing where the body is long or holds more than ASCII, or the id is no short number.
    #[must_use]
    pub fn of(body: &str, id: Value<'_>, arguments: Value<'_>, head: &str) -> Option<Self> {
        let number = id.text().len() <= MAX_DIGITS && id.text().bytes().all(|byte| byte.is_ascii_digit());
        if !number || body.len() > MAX_LENGTH || !body.is_ascii() {
            return None;
        }
        let place = |text: &str| {
            let start = text.as_ptr().addr().checked_sub(body.as_ptr().addr())?;
            let place = start..start.checked_add(text.len())?;
            (body.get(place.clone()) == Some(text)).then_some(place)
        };
        let answered = BEFORE_ID.len();
        head.strip_prefix(BEFORE_ID)?.strip_prefix(id.text())?;
        Some(Self { id: place(id.text())?, arguments: place(arguments.text())?, answered })
    }

    /// `[until, start, end, start, end, start]`: until when it holds, in milliseconds since 1970, and where the id, the
    /// arguments and the answer's id stand.
    pub(super) fn json(&self, until: u64) -> String {
        let Self { id, arguments, answered } = self;
        let places = [id.start, id.end, arguments.start, arguments.end, *answered];
        array(iter::once(until.to_string()).chain(places.into_iter().map(number)))
    }
}
