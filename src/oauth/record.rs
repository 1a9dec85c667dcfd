//! Records: what is stored or sealed, with a version number.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::crypto::{Keys, SealContext};
use crate::flow::Context;
use crate::json;

/// A record, `{"v1":{…}}`. A later version is another variant.
#[derive(Serialize, Deserialize)]
enum Versioned<T> {
    #[serde(rename = "v1")]
    V1(T),
}

/// The text of a record.
pub(crate) fn write(record: &(impl Serialize + ?Sized)) -> String {
    json::write(&Versioned::V1(record))
}

/// Reads a record; `None` if it is malformed.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    let Versioned::V1(record) = json::read(text).ok()?;
    Some(record)
}

/// Seals a record.
pub(crate) fn seal(context: &Context, keys: &Keys, binding: &SealContext<'_>, record: &impl Serialize) -> String {
    keys.seal_text(context, binding, write(record).as_bytes())
}

/// Opens a sealed record.
pub(crate) fn open<T: DeserializeOwned>(keys: &Keys, binding: &SealContext<'_>, sealed: &str) -> Option<T> {
    read(core::str::from_utf8(&keys.open_text(binding, sealed)?).ok()?)
}
