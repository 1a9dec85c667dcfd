//! Owned JSON text.

use core::fmt;
use core::ops::Deref;

use serde::de::{Deserializer, Error as _};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Value;

/// The text of one JSON value, owned.
#[derive(Clone, Debug)]
pub struct Json(Box<RawValue>);

impl Json {
    /// The text of `value`.
    #[must_use]
    pub fn of(value: &(impl Serialize + ?Sized)) -> Self {
        Self(serde_json::value::to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }

    /// `text`, which must be JSON.
    #[must_use]
    pub fn from_text(text: String) -> Self {
        Self(RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }

    /// The same, borrowed.
    #[must_use]
    pub fn value(&self) -> Value<'_> {
        Value(&self.0)
    }
}

impl Deref for Json {
    type Target = str;
    fn deref(&self) -> &str {
        self.0.get()
    }
}

impl<T: AsRef<str> + ?Sized> PartialEq<T> for Json {
    fn eq(&self, other: &T) -> bool {
        self.0.get() == other.as_ref()
    }
}

impl Deref for ObjectText {
    type Target = Json;
    fn deref(&self) -> &Json {
        &self.0
    }
}

impl Deref for ListText {
    type Target = Json;
    fn deref(&self) -> &Json {
        &self.0
    }
}

impl fmt::Display for Json {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self)
    }
}

impl AsRef<str> for Json {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Eq for Json {}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Deserialize::deserialize(deserializer).map(Self)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// For `serialize_with`: entries as the members of an object, in their order.
pub fn map<S: Serializer>(entries: &[(impl Serialize, impl Serialize)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(entries.iter().map(|(name, value)| (name, value)))
}

/// An object as JSON text.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ObjectText(#[serde(deserialize_with = "object_text")] pub Json);

fn object_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
    beginning(deserializer, '{', "an object is wanted")
}

/// A list as JSON text.
#[derive(Clone, Debug, Deserialize)]
pub struct ListText(#[serde(deserialize_with = "list_text")] pub Json);

fn list_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
    beginning(deserializer, '[', "a list is wanted")
}

fn beginning<'de, D: Deserializer<'de>>(deserializer: D, bracket: char, wanted: &str) -> Result<Json, D::Error> {
    let json = Json::deserialize(deserializer)?;
    if json.starts_with(bracket) { Ok(json) } else { Err(D::Error::custom(wanted)) }
}

#[cfg(feature = "ts")]
macro_rules! twins {
    ($($type:ty => $name:literal),*) => { $(
        impl ts_rs::TS for $type {
            type WithoutGenerics = Self;
            type OptionInnerType = Self;
            fn name(_: &ts_rs::Config) -> String {
                $name.into()
            }
            fn inline(config: &ts_rs::Config) -> String {
                Self::name(config)
            }
        }
    )* };
}

#[cfg(feature = "ts")]
twins!(
    Json => "unknown",
    ObjectText => "Record<string, unknown>",
    ListText => "unknown[]",
    Value<'_> => "unknown",
    super::Text<'_> => "string",
    super::Object<'_> => "Record<string, unknown>"
);
