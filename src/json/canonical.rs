//! One canonical text for all notations of a JSON value.

use std::borrow::Cow;

use super::reader::Reader;
use super::{Value, quoted};

/// An object with a longer canonical text is replaced by its hash in the text around it, so that each byte is sorted
/// and hashed once, at any depth.
const LONG: usize = 64;

impl Value<'_> {
    /// A text that does not depend on white space, on the order of members, or on how strings are escaped. `hash`
    /// replaces long objects in it. Takes time in proportion to the text's length, except for sorting members.
    #[must_use]
    pub fn canonical(self, hash: &mut dyn FnMut(&str) -> String) -> String {
        let mut out = String::with_capacity(self.text().len());
        let mut reader = Reader::new(self.text());
        write(&mut reader, &mut out, hash);
        out
    }
}

/// The string of this JSON text, which has been checked, if it is one and valid Unicode.
pub(super) fn unescaped(text: &str) -> Option<Cow<'_, str>> {
    let written = text.strip_prefix('"')?.strip_suffix('"')?;
    if !written.contains('\\') {
        return Some(written.into());
    }
    serde_json::from_str::<String>(text).ok().map(Cow::Owned)
}

/// Writes the next value, and skips it.
fn write(reader: &mut Reader<'_>, out: &mut String, hash: &mut dyn FnMut(&str) -> String) {
    match reader.peek() {
        Some(b'{') => write_object(reader, out, hash),
        Some(b'[') => {
            let mut comma = '[';
            reader.each(b']', |reader| {
                out.push(comma);
                comma = ',';
                write(reader, out, hash);
            });
            if comma == '[' {
                out.push(comma);
            }
            out.push(']');
        }
        _ => push_scalar(out, reader.scalar()),
    }
}

/// Numbers, and strings that are not valid Unicode, stay as written.
fn push_scalar(out: &mut String, text: &str) {
    match unescaped(text) {
        Some(text) => out.push_str(&quoted(&text)),
        None => out.push_str(text),
    }
}

fn write_object(reader: &mut Reader<'_>, out: &mut String, hash: &mut dyn FnMut(&str) -> String) {
    let start = out.len();
    let mut members = Vec::new();
    reader.each(b'}', |reader| {
        let name = reader.name();
        let begins = out.len();
        push_scalar(out, name);
        let ends = out.len();
        out.push(':');
        write(reader, out, hash);
        members.push((begins..ends, begins..out.len()));
    });
    let text = |range: &core::ops::Range<usize>| out.get(range.clone()).unwrap_or_default();
    // Repeated members keep their order, which decides which of them counts.
    members.sort_by(|(one, _), (other, _)| text(one).cmp(text(other)));
    let mut object = String::with_capacity(out.len() - start + members.len() + 2);
    object.push('{');
    for (place, (_, member)) in members.iter().enumerate() {
        if place > 0 {
            object.push(',');
        }
        object.push_str(text(member));
    }
    object.push('}');
    out.truncate(start);
    if object.len() > LONG {
        out.push('#');
        object = hash(&object);
    }
    out.push_str(&object);
}
