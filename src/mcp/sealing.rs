//! The server's keys, where a flow of the endpoint needs them: for session ids and for `requestState`.

use super::Request;
use crate::crypto::Keys;
use crate::flow::{Flow, RootKey};
use crate::jsonrpc::{Code, Fault};

/// Where the keys are.
#[derive(Clone, Copy, Debug, Default)]
pub enum Sealing<'a> {
    /// Here.
    Keys(&'a Keys),
    /// In the keyring, which can be asked.
    Ask,
    /// Nowhere: there is neither a secret nor an object.
    #[default]
    Nowhere,
}

/// The keys of a server, if it has any.
#[derive(Debug)]
pub enum Held<'a> {
    /// From the configuration.
    Ours(&'a Keys),
    /// From the keyring.
    Asked(Box<Keys>),
    /// None.
    None,
}

impl Held<'_> {
    /// The keys.
    #[must_use]
    pub fn keys(&self) -> Option<&Keys> {
        match self {
            Self::Ours(keys) => Some(keys),
            Self::Asked(keys) => Some(keys),
            Self::None => None,
        }
    }
}

impl<'a> Request<'a> {
    /// The keys for this request. Waits: one where the keyring has to be asked, which is once in an isolate's life.
    pub(super) async fn keys(&self, flow: &Flow<'_>) -> Result<Held<'a>, Fault> {
        match self.sealing {
            Sealing::Keys(keys) => Ok(Held::Ours(keys)),
            Sealing::Nowhere => Ok(Held::None),
            Sealing::Ask => match flow.obtain(&RootKey).await {
                Ok(None) => Ok(Held::None),
                Ok(Some(root)) => match Keys::parse(&root) {
                    Ok(keys) => Ok(Held::Asked(Box::new(keys))),
                    Err(weak) => Err(Fault::new(500, Code::InternalError, weak.message())),
                },
                Err(_) => Err(Fault::new(503, Code::InternalError, "The server's keys cannot be reached. Try again.")),
            },
        }
    }
}
