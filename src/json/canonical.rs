//! One text for all ways to write a JSON value.

use super::reader::Reader;
use super::{MAX_DEPTH, Malformed, Value, push_quoted};

/// An object whose canonical text is longer than this stands in the text around it by its hash: so each byte is put in order
/// and hashed once, however deep it stands.
const LONG: usize = 64;

impl Value<'_> {
    /// A text that does not depend on white space, on the order of members, or on how strings are escaped. In it `hash` stands
    /// for long objects. Takes time in proportion to the text's length, but for the order of members.
    #[must_use]
    pub fn canonical(self, hash: &mut dyn FnMut(&str) -> String) -> String {
        let mut out = String::with_capacity(self.text().len());
        let mut reader = Reader { text: self.text(), at: 0 };
        // The text has been checked: what cannot be read is taken as it is.
        if write(&mut reader, MAX_DEPTH, &mut out, hash).is_err() {
            return self.text().into();
        }
        out
    }
}

/// Writes the value that is next, and passes over it.
fn write<'a>(
    reader: &mut Reader<'a>,
    depth: usize,
    out: &mut String,
    hash: &mut dyn FnMut(&str) -> String,
) -> Result<(), Malformed> {
    match reader.peek() {
        Some(b'{') if depth > 0 => write_object(reader, depth - 1, out, hash),
        Some(b'[') if depth > 0 => {
            let mut comma = '[';
            each(reader, b']', |reader| {
                out.push(comma);
                comma = ',';
                write(reader, depth - 1, out, hash)
            })?;
            if comma == '[' {
                out.push(comma);
            }
            out.push(']');
            Ok(())
        }
        _ => {
            let value = reader.slice(Reader::pass)?;
            match value.string() {
                Some(text) => push_quoted(out, &text),
                // Numbers as they are written.
                None => out.push_str(value.text()),
            }
            Ok(())
        }
    }
}

fn write_object<'a>(
    reader: &mut Reader<'a>,
    depth: usize,
    out: &mut String,
    hash: &mut dyn FnMut(&str) -> String,
) -> Result<(), Malformed> {
    let start = out.len();
    let mut members = Vec::new();
    each(reader, b'}', |reader| {
        let name = reader.slice(Reader::pass)?;
        reader.space();
        reader.at += 1;
        reader.space();
        let begins = out.len();
        push_quoted(out, &name.string().unwrap_or(name.text().into()));
        let ends = out.len();
        out.push(':');
        write(reader, depth, out, hash)?;
        members.push((begins..ends, begins..out.len()));
        Ok(())
    })?;
    let text = |range: &core::ops::Range<usize>| out.get(range.clone()).unwrap_or_default();
    // Members of one name stay in their order, which tells which of them counts.
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
    Ok(())
}

/// Goes through what is between the bracket that is next and the one that ends it.
pub(super) fn each<'a>(
    reader: &mut Reader<'a>,
    end: u8,
    mut one: impl FnMut(&mut Reader<'a>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    reader.at += 1;
    reader.space();
    while reader.peek().is_some_and(|byte| byte != end) {
        one(reader)?;
        reader.space();
        if reader.peek() == Some(b',') {
            reader.at += 1;
            reader.space();
        }
    }
    reader.at += 1;
    Ok(())
}
