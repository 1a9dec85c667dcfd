//! JSON (RFC 8259) with `serde` and `serde_json`, as strict as decisions need it.
//!
//! - [`read`] and [`write`]: everything that has a type.
//! - [`Value`]: what only passes through (a tool's arguments, its result, an ID). It is kept as text, so numbers keep
//!   their digits and members their order.
//! - [`Object`]: an untrusted object whose members are looked up by name. A repeated member is refused.

mod canonical;
mod reader;
mod text;
mod unique;

use core::fmt;
use core::ops::Deref;
use std::borrow::Cow;

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{SerializeMap as _, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
pub use text::{Json, ListText, ObjectText, map};

use self::reader::Reader;
use crate::unique::repeated;

/// Maximum nesting of arrays and objects.
pub const MAX_DEPTH: usize = 128;

/// Maximum number of members of an object that is read.
pub const MAX_MEMBERS: usize = 256;

/// How much of a text an error message shows, in characters.
const MAX_SHOWN: usize = 100;

/// Reads a `T`. Its types refuse a repeated member; a [`Value`] or [`Json`] in it is not read further.
pub fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Malformed> {
    Value::read(text)?.parse()
}

/// The JSON text of `value`.
#[must_use]
pub fn write(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// For `deserialize_with`: a member that is present, even if it is `null`.
pub fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// For `deserialize_with`: a member of another type counts as absent.
pub fn fitting<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    <Value<'_>>::deserialize(deserializer).map(|value| value.parse().ok())
}

/// One JSON value as it was written, without white space around it.
#[derive(Clone, Copy, Debug)]
pub struct Value<'a>(&'a RawValue);

impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Value<'_> {}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(Self)
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// Why a text cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// It is not JSON; the number is the byte at which that shows.
    Syntax(usize),
    /// It is nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// An object that is read has more than [`MAX_MEMBERS`] members.
    TooWide,
    /// An object has this member more than once.
    Duplicate(String),
    /// It is a JSON value of the wrong type.
    Kind,
}

impl Malformed {
    /// The reason in words.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Syntax(at) => format!("not valid JSON at byte {at}"),
            Self::TooDeep => format!("nested deeper than {MAX_DEPTH} levels"),
            Self::TooWide => format!("an object of more than {MAX_MEMBERS} members"),
            Self::Duplicate(name) => String::from("the member ") + &shown(name) + " is duplicated",
            Self::Kind => String::from("a JSON value of the wrong type"),
        }
    }
}

impl<'a> Value<'a> {
    /// Checks that `text` is one JSON value.
    pub fn read(text: &'a str) -> Result<Self, Malformed> {
        check_depth(text)?;
        checked(text).map(Self)
    }

    /// A `T`, as [`read`] gives it.
    pub fn parse<T: Deserialize<'a>>(self) -> Result<T, Malformed> {
        T::deserialize(&mut Reader::new(self.text()))
    }

    /// `{}`.
    #[must_use]
    pub fn empty_object() -> Value<'static> {
        Value(serde_json::from_str("{}").unwrap_or(RawValue::NULL))
    }

    /// `0`.
    #[must_use]
    pub fn zero() -> Value<'static> {
        Value(serde_json::from_str("0").unwrap_or(RawValue::NULL))
    }

    /// The text.
    #[must_use]
    pub fn text(self) -> &'a str {
        self.0.get()
    }

    /// True for an object.
    #[must_use]
    pub fn is_object(self) -> bool {
        self.text().starts_with('{')
    }

    /// True for an array.
    #[must_use]
    pub fn is_array(self) -> bool {
        self.text().starts_with('[')
    }

    /// True for `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.text() == "null"
    }

    /// True for `true`.
    #[must_use]
    pub fn is_true(self) -> bool {
        self.text() == "true"
    }

    /// True for a number.
    #[must_use]
    pub fn is_number(self) -> bool {
        self.text().starts_with(|first: char| first == '-' || first.is_ascii_digit())
    }

    /// True for a number without fraction and exponent.
    #[must_use]
    pub fn is_integer(self) -> bool {
        self.text().trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit())
    }

    /// The string, if it is one and valid Unicode (JSON can contain lone surrogates).
    #[must_use]
    pub fn string(self) -> Option<Cow<'a, str>> {
        canonical::unescaped(self.text())
    }

    /// The members of an object.
    pub fn object(self) -> Result<Object<'a>, Malformed> {
        if !self.is_object() {
            return Err(Malformed::Kind);
        }
        Object::checked(self.parse()?)
    }

    /// The elements of an array of strings.
    #[must_use]
    pub fn strings(self) -> Option<Vec<String>> {
        self.array().ok()?.into_iter().map(|text| text.string().map(Into::into)).collect()
    }

    /// The elements of an array.
    pub fn array(self) -> Result<Vec<Self>, Malformed> {
        if !self.is_array() {
            return Err(Malformed::Kind);
        }
        self.parse()
    }
}

/// The members of an object, in their order.
#[derive(Clone, Debug, Default)]
pub struct Object<'a>(pub Vec<(Cow<'a, str>, Value<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::checked(Unchecked::deserialize(deserializer)?).map_err(|malformed| D::Error::custom(malformed.reason()))
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'a> Object<'a> {
    fn checked(Unchecked(members): Unchecked<'a>) -> Result<Self, Malformed> {
        if members.len() > MAX_MEMBERS {
            return Err(Malformed::TooWide);
        }
        match repeated(members.iter().map(|(name, _)| name.as_ref())) {
            Some(name) => Err(Malformed::Duplicate(name.to_owned())),
            None => Ok(Self(members)),
        }
    }

    /// Reads `text`, which must be one object.
    pub fn read(text: &'a str) -> Result<Self, Malformed> {
        Self::checked(read(text)?)
    }

    /// The member `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value<'a>> {
        self.0.iter().find(|(member, _)| member == name).map(|(_, value)| *value)
    }

    /// The member `name`, where `null` counts as absent, because many clients send it for what they do not have.
    #[must_use]
    pub fn given(&self, name: &str) -> Option<Value<'a>> {
        self.get(name).filter(|value| !value.is_null())
    }

    /// Replaces the value of the member `name` in its place, or adds it at the end.
    pub fn set(&mut self, name: &'a str, value: Value<'a>) {
        match self.0.iter_mut().find(|(member, _)| member == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.into(), value)),
        }
    }

    /// The same without members that are `null`.
    #[must_use]
    pub fn without_nulls(mut self) -> Self {
        self.0.retain(|(_, value)| !value.is_null());
        self
    }

    /// The member `name`, if it is a string.
    #[must_use]
    pub fn string(&self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name)?.string()
    }
}

/// `text` as a JSON string.
#[must_use]
pub fn quoted(text: &str) -> String {
    write(text)
}

/// `text` as a message quotes it: a long one is truncated, so that no error grows with its input.
#[must_use]
pub fn shown(text: &str) -> String {
    quoted(&cut(text))
}

/// The same without quotes.
#[must_use]
pub fn cut(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MAX_SHOWN).and_then(|(end, _)| text.get(..end)) {
        None => text.into(),
        Some(beginning) => [beginning, "…"].concat().into(),
    }
}

/// A string, not copied unless it contains escapes.
#[derive(Clone, Debug, Default)]
pub struct Text<'a>(Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Text<'de>;
            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
            fn visit_string<E>(self, text: String) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text)))
            }
        }
        deserializer.deserialize_str(Read)
    }
}

/// The members of an object, which may be repeated; if there are too many, not all of them.
struct Unchecked<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Unchecked<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Unchecked<'de>;
            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unchecked<'de>, A::Error> {
                let mut members = Vec::with_capacity(8);
                while let Some((Text(name), value)) = map.next_entry::<Text<'_>, Value<'_>>()? {
                    if members.len() <= MAX_MEMBERS {
                        members.push((name, value));
                    }
                }
                Ok(Unchecked(members))
            }
        }
        deserializer.deserialize_map(Read)
    }
}

/// The value that `text` is, without white space around it.
fn checked(text: &str) -> Result<&RawValue, Malformed> {
    serde_json::from_str(text).map_err(|error| {
        let before = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
        Malformed::Syntax((before + error.column().saturating_sub(1)).min(text.len()))
    })
}

/// `serde_json` skips values of any depth.
fn check_depth(text: &str) -> Result<(), Malformed> {
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        if in_string {
            in_string = is_escaped || byte != b'"';
            is_escaped = !is_escaped && byte == b'\\';
        } else {
            match byte {
                b'"' => in_string = true,
                b'{' | b'[' if depth == MAX_DEPTH => return Err(Malformed::TooDeep),
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
    }
    Ok(())
}
