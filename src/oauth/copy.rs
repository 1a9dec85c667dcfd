//! Copies in the namespace (KV).
//!
//! **Threat.** Whoever may write to the namespace, another Worker or a person with a token for it, gives a client a redirect URI
//! or a secret of their own, or takes one client's copy for another's.
//! **Guarantee.** A copy is sealed for its key; what does not open is none, and the object or the document itself is asked.
//! **Not guaranteed.** That a copy is the latest: an older one that was kept elsewhere can be put back for as long as its key
//! lives.

use crate::crypto::{Binding, Keys, Purpose};
use crate::flow::{Commit, Flow, Load};

fn binding(key: &str) -> Binding<'_> {
    Binding { purpose: Purpose::Copy, issuer: "", audience: key }
}

/// What is kept under `key`. Waits: one.
pub(super) async fn load(flow: &Flow<'_>, keys: &Keys, key: &str) -> Option<String> {
    let kept = flow.obtain(&Load { key: key.into() }).await.ok().flatten()?;
    String::from_utf8(keys.open_text(&binding(key), &kept)?).ok()
}

/// Keeps `text` under `key`.
pub(super) fn keep(flow: &Flow<'_>, keys: &Keys, key: String, text: &str, seconds: u32) -> Commit {
    let value = keys.seal_text(flow.context(), &binding(&key), text.as_bytes());
    Commit::Keep { key, value, seconds }
}
