//! JSON (RFC 8259), as much of it as decisions need: the members of an object, each as the text it was written as.
//!
//! What passes through (a tool's arguments, its result, an id) is never taken apart here, so nothing of it can change on
//! the way: no number loses digits, no member its place. A reader that only validates and slices is also a quarter of the
//! bytes of a general one (`docs/decisions/0003-json.md`); the tests hold it against `serde_json`.

mod canonical;
mod members;
mod reader;
mod unique;

use std::borrow::Cow;

pub use members::{Members, list};
use reader::Reader;

/// Arrays and objects may be nested this deep.
pub const MAX_DEPTH: usize = 128;

/// An object that is taken apart may have this many members.
pub const MAX_MEMBERS: usize = 256;

/// How much of a text a message shows, in characters.
const MAX_SHOWN: usize = 100;

/// The text of one valid JSON value, without white space around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a>(&'a str);

/// Why a text is not what was wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// It is no JSON; the place is the byte at which that shows.
    Syntax(usize),
    /// It is nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// An object that is to be taken apart has more than [`MAX_MEMBERS`] members.
    TooWide,
    /// An object has this member twice.
    Duplicate(String),
    /// It is JSON of another kind than asked for.
    Kind,
}

impl Malformed {
    /// The reason in words.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Syntax(at) => String::from("not JSON, as byte ") + &number(*at) + " shows",
            Self::TooDeep => String::from("nested deeper than ") + &number(MAX_DEPTH) + " levels",
            Self::TooWide => String::from("an object of more than ") + &number(MAX_MEMBERS) + " members",
            Self::Duplicate(name) => String::from("the member ") + &shown(name) + " is there twice",
            Self::Kind => String::from("another kind of JSON value is wanted"),
        }
    }
}

impl<'a> Value<'a> {
    /// Checks that `text` is one JSON value.
    pub fn read(text: &'a str) -> Result<Self, Malformed> {
        let mut reader = Reader { text, at: 0 };
        reader.space();
        let value = reader.slice(|reader| reader.value(0))?;
        reader.space();
        if reader.at == text.len() { Ok(value) } else { Err(Malformed::Syntax(reader.at)) }
    }

    /// `{}`.
    #[must_use]
    pub fn empty_object() -> Self {
        Self("{}")
    }

    /// The text.
    #[must_use]
    pub fn text(self) -> &'a str {
        self.0
    }

    /// True for an object.
    #[must_use]
    pub fn is_object(self) -> bool {
        self.0.starts_with('{')
    }

    /// True for an array.
    #[must_use]
    pub fn is_array(self) -> bool {
        self.0.starts_with('[')
    }

    /// True for `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// True for `true`.
    #[must_use]
    pub fn is_true(self) -> bool {
        self.0 == "true"
    }

    /// True for a number.
    #[must_use]
    pub fn is_number(self) -> bool {
        self.0.starts_with(|first: char| first == '-' || first.is_ascii_digit())
    }

    /// True for a number without fraction and exponent.
    #[must_use]
    pub fn is_integer(self) -> bool {
        self.0.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit())
    }

    /// The string, if it is one and is Unicode (JSON can write lone surrogates).
    #[must_use]
    pub fn string(self) -> Option<Cow<'a, str>> {
        if !self.0.starts_with('"') {
            return None;
        }
        let inner = self.0.get(1..self.0.len().checked_sub(1)?)?;
        if inner.contains('\\') { unescape(inner).map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
    }

    /// The members of an object.
    pub fn object(self) -> Result<Object<'a>, Malformed> {
        if self.is_object() {
            Reader { text: self.0, at: 0 }.object(|reader, _| reader.pass())
        } else {
            Err(Malformed::Kind)
        }
    }

    /// The elements of an array of strings.
    #[must_use]
    pub fn strings(self) -> Option<Vec<String>> {
        self.array().ok()?.into_iter().map(|text| text.string().map(Into::into)).collect()
    }

    /// The elements of an array.
    pub fn array(self) -> Result<Vec<Self>, Malformed> {
        if self.is_array() { Reader { text: self.0, at: 0 }.array() } else { Err(Malformed::Kind) }
    }
}

/// An object, and one that is inside it.
#[derive(Clone, Debug)]
pub struct Nest<'a> {
    /// The outer object.
    pub object: Object<'a>,
    /// The inner one; none if it is no object, or one that cannot be taken apart.
    pub inner: Option<Box<Nest<'a>>>,
}

impl<'a> Nest<'a> {
    /// Reads `text`, which must be one object, and in the same pass the object under the first of `path`, and so on.
    pub fn read(text: &'a str, path: &[&str]) -> Result<Self, Malformed> {
        let mut reader = Reader { text, at: 0 };
        reader.space();
        if reader.peek() != Some(b'{') {
            return Value::read(text).and(Err(Malformed::Kind));
        }
        let nest = reader.nest(0, path)?;
        reader.space();
        if reader.at == text.len() { Ok(nest) } else { Err(Malformed::Syntax(reader.at)) }
    }
}

/// The members of an object in their order.
#[derive(Clone, Debug, Default)]
pub struct Object<'a>(pub Vec<(Cow<'a, str>, Value<'a>)>);

impl<'a> Object<'a> {
    /// Reads `text`, which must be one object.
    pub fn read(text: &'a str) -> Result<Self, Malformed> {
        Nest::read(text, &[]).map(|nest| nest.object)
    }

    /// The member `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value<'a>> {
        self.0.iter().find(|(member, _)| member == name).map(|(_, value)| *value)
    }

    /// The member `name`, where `null` is as good as absent: many a client writes it for what it does not have.
    #[must_use]
    pub fn given(&self, name: &str) -> Option<Value<'a>> {
        self.get(name).filter(|value| !value.is_null())
    }

    /// The same without members that are `null`.
    #[must_use]
    pub fn without_nulls(mut self) -> Self {
        self.0.retain(|(_, value)| !value.is_null());
        self
    }

    /// The JSON text.
    #[must_use]
    pub fn json(&self) -> String {
        ["{", &self.inner(), "}"].concat()
    }

    /// The member `name`, if it is a string.
    #[must_use]
    pub fn string(&self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name)?.string()
    }

    /// The members as they stand between the braces.
    #[must_use]
    pub fn inner(&self) -> String {
        let mut inner = String::new();
        for (name, value) in &self.0 {
            if !inner.is_empty() {
                inner.push(',');
            }
            inner.push_str(&quoted(name));
            inner.push(':');
            inner.push_str(value.0);
        }
        inner
    }
}

/// `text` as a JSON string.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + text.len() / 4 + 2);
    push_quoted(&mut quoted, text);
    quoted
}

/// `text` as a message quotes it: a long one is cut, so that no error grows with what was sent.
#[must_use]
pub fn shown(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN).and_then(|(end, _)| text.get(..end)) {
        None => quoted(text),
        Some(beginning) => quoted(&[beginning, "…"].concat()),
    }
}

/// Appends `text` as a JSON string.
pub fn push_quoted(to: &mut String, text: &str) {
    to.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        to.push_str(rest.get(..at).unwrap_or_default());
        let byte = rest.as_bytes().get(at).copied().unwrap_or_default();
        match byte {
            b'"' => to.push_str("\\\""),
            b'\\' => to.push_str("\\\\"),
            b'\n' => to.push_str("\\n"),
            b'\r' => to.push_str("\\r"),
            b'\t' => to.push_str("\\t"),
            _ => {
                to.push_str("\\u00");
                to.extend([byte >> 4, byte & 15].into_iter().filter_map(|nibble| char::from_digit(nibble.into(), 16)));
            }
        }
        rest = rest.get(at + 1..).unwrap_or_default();
    }
    to.push_str(rest);
    to.push('"');
}

/// `number` in decimal.
#[must_use]
pub fn number(number: usize) -> String {
    number.to_string()
}

/// An object of these members, of which each value is JSON text.
#[must_use]
pub fn object(members: &[(&str, &str)]) -> String {
    let length = members.iter().map(|(name, value)| name.len() + value.len() + 4).sum::<usize>();
    let mut object = String::with_capacity(length + 2);
    object.push('{');
    for (name, value) in members {
        if object.len() > 1 {
            object.push(',');
        }
        push_quoted(&mut object, name);
        object.push(':');
        object.push_str(value);
    }
    object.push('}');
    object
}

/// An array of these elements, each JSON text.
pub fn array(elements: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut array = String::from("[");
    for element in elements {
        if array.len() > 1 {
            array.push(',');
        }
        array.push_str(element.as_ref());
    }
    array.push(']');
    array
}

/// Resolves the escapes of a string that the reader has let through.
fn unescape(inner: &str) -> Option<String> {
    let mut unescaped = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        unescaped.push_str(rest.get(..at)?);
        let escape = *rest.as_bytes().get(at + 1)?;
        let mut used = 2;
        unescaped.push(match escape {
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                used = 6;
                let unit = code_unit(rest, at)?;
                if (0xd800..0xdc00).contains(&unit) {
                    used = 12;
                    let low = code_unit(rest, at + 6).filter(|low| (0xdc00..0xe000).contains(low))?;
                    char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00))?
                } else {
                    char::from_u32(unit)?
                }
            }
            other => char::from(other),
        });
        rest = rest.get(at + used..)?;
    }
    unescaped.push_str(rest);
    Some(unescaped)
}

/// The four digits of the `\u` at `at`.
fn code_unit(text: &str, at: usize) -> Option<u32> {
    let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
    u32::from_str_radix(digits, 16).ok()
}
