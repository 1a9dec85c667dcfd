//! Whether a member is there twice, at any depth.

use super::canonical::each;
use super::reader::{Reader, once};
use super::{MAX_MEMBERS, Malformed, Value};

impl Value<'_> {
    /// Checks that no object, however deep, has a member twice, or more than [`MAX_MEMBERS`]. Takes time in proportion to the
    /// text's length, but for a logarithm.
    pub fn unique(self) -> Result<(), Malformed> {
        // Depth is bounded by the reader that has let the text through.
        unique(&mut Reader { text: self.text(), at: 0 })
    }
}

/// Checks the value that is next, and passes over it.
fn unique(reader: &mut Reader<'_>) -> Result<(), Malformed> {
    match reader.peek() {
        Some(b'{') => {
            let mut names = Vec::new();
            each(reader, b'}', |reader| {
                if names.len() == MAX_MEMBERS {
                    return Err(Malformed::TooWide);
                }
                let name = reader.slice(Reader::pass)?;
                names.push(name.string().unwrap_or(name.text().into()));
                reader.space();
                reader.at += 1;
                reader.space();
                unique(reader)
            })?;
            once(names.iter().map(AsRef::as_ref))
        }
        Some(b'[') => each(reader, b']', unique),
        _ => reader.pass(),
    }
}
