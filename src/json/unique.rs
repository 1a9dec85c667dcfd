//! Whether a member is repeated, at any depth.

use super::reader::Reader;
use super::{MAX_MEMBERS, Malformed, Value};
use crate::unique::repeated;

impl Value<'_> {
    /// Checks that no object, at any depth, has a repeated member, or more than [`MAX_MEMBERS`]. Takes time in
    /// proportion to the text's length, whatever its depth.
    pub fn unique(self) -> Result<(), Malformed> {
        check(&mut Reader::new(self.text()))
    }
}

/// Checks the next value, and skips it.
fn check(reader: &mut Reader<'_>) -> Result<(), Malformed> {
    let mut inner = Ok(());
    match reader.peek() {
        Some(b'{') => {
            let mut names = Vec::new();
            reader.each(b'}', |reader| {
                let read = reader.member().map(|name| names.push(name));
                let checked = read.and(check(reader));
                if inner.is_ok() {
                    inner = checked;
                }
            });
            if names.len() > MAX_MEMBERS {
                return Err(Malformed::TooWide);
            }
            if let Some(name) = repeated(names.iter().map(AsRef::as_ref)) {
                return Err(Malformed::Duplicate(name.to_owned()));
            }
        }
        Some(b'[') => reader.each(b']', |reader| {
            let checked = check(reader);
            if inner.is_ok() {
                inner = checked;
            }
        }),
        _ => {
            reader.scalar();
        }
    }
    inner
}
