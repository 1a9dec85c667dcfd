//! The server's keys, for flows of the endpoint that need them: for session IDs and for `requestState`.

use super::Request;
use crate::crypto::Keys;
use crate::flow::{Flow, RootKey};
use crate::jsonrpc::{Code, Fault};

/// Where the keys are.
#[derive(Clone, Copy, Debug, Default)]
pub enum Sealing<'a> {
    /// In the configuration.
    Keys(&'a Keys),
    /// In the keyring, which can be read.
    Ask,
    /// There are none: neither a secret nor an object.
    #[default]
    Nowhere,
}

/// The keys of a server, if it has any.
#[derive(Debug)]
pub enum ServerKeys<'a> {
    /// From the configuration.
    Ours(&'a Keys),
    /// From the keyring.
    Asked(Box<Keys>),
    /// None.
    None,
}

impl ServerKeys<'_> {
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
    /// The keys for this request. Waits: one if the keyring has to be read, which happens once per isolate.
    pub(super) async fn keys(&self, flow: &Flow<'_>) -> Result<ServerKeys<'a>, Fault> {
        match self.sealing {
            Sealing::Keys(keys) => Ok(ServerKeys::Ours(keys)),
            Sealing::Nowhere => Ok(ServerKeys::None),
            Sealing::Ask => match flow.obtain(&RootKey {}).await {
                Ok(None) => Ok(ServerKeys::None),
                Ok(Some(root)) => match Keys::parse(&root) {
                    Ok(keys) => Ok(ServerKeys::Asked(Box::new(keys))),
                    Err(weak) => Err(Fault::new(500, Code::InternalError, weak.message())),
                },
                Err(_) => Err(Fault::new(503, Code::InternalError, "The server's keys are unavailable. Try again.")),
            },
        }
    }
}
