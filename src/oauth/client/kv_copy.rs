//! Copies in the namespace (KV).
//!
//! **Threat.** Someone who may write to the namespace, such as another Worker or a person with an API token, gives a
//! client a redirect URI or a secret of their own, or passes off one client's copy as another's.
//! **Guarantee.** A copy is sealed for its key; if it does not open it is ignored, and the object or the document
//! itself is read.
//! **Not guaranteed.** That a copy is the latest: an older one can be put back as long as its sealing key exists.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::crypto::{Keys, Purpose, SealContext};
use crate::flow::{Commit, Flow, Load};
use crate::oauth::record;

fn binding(key: &str) -> SealContext<'_> {
    SealContext { purpose: Purpose::Copy, issuer: "", audience: key }
}

/// The copy under `key`. Waits: one.
pub(crate) async fn load<T: DeserializeOwned>(flow: &Flow<'_>, keys: &Keys, key: &str) -> Option<T> {
    let kept = flow.obtain(&Load { key: key.into() }).await.ok().flatten()?;
    record::open(keys, &binding(key), &kept)
}

/// Stores `record` under `key`.
pub(crate) fn keep(flow: &Flow<'_>, keys: &Keys, key: String, record: &impl Serialize, seconds: u32) -> Commit {
    let value = record::seal(flow.context(), keys, &binding(&key), record);
    Commit::Keep { key, value, seconds }
}
