//! The parameters of a request, and the metadata that each 2026-07-28 request carries in `_meta` (basic/index §_meta).

use std::borrow::Cow;

use serde::Deserialize;

use super::level::Level;
use crate::bounds;
use crate::json::{Malformed, Value, quoted};
use crate::jsonrpc::{Code, Fault};

const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";

/// The parameters of all methods, as they were written. Null counts as absent, because many clients send it for what
/// they do not have. Each method says what is wrong with those that it needs.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
#[expect(missing_docs, reason = "the specification's names")]
pub struct Params<'a> {
    #[serde(rename = "_meta")]
    pub meta: Option<Value<'a>>,
    pub argument: Option<Value<'a>>,
    pub arguments: Option<Value<'a>>,
    pub capabilities: Option<Value<'a>>,
    pub context: Option<Value<'a>>,
    pub cursor: Option<Value<'a>>,
    pub input_responses: Option<Value<'a>>,
    pub level: Option<Value<'a>>,
    pub name: Option<Value<'a>>,
    pub notifications: Option<Value<'a>>,
    pub protocol_version: Option<Value<'a>>,
    #[serde(rename = "ref")]
    pub reference: Option<Value<'a>>,
    pub request_id: Option<Value<'a>>,
    pub request_state: Option<Value<'a>>,
    pub uri: Option<Value<'a>>,
}

/// The protocol's own part of a request's metadata. Null counts as absent.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct Meta<'a> {
    /// The request's protocol version.
    #[serde(rename = "io.modelcontextprotocol/protocolVersion")]
    pub version: Option<Value<'a>>,
    /// What the client can be asked for.
    #[serde(rename = "io.modelcontextprotocol/clientCapabilities")]
    pub capabilities: Option<Value<'a>>,
    /// The lowest level of log messages that the client wants.
    #[serde(rename = "io.modelcontextprotocol/logLevel")]
    pub log_level: Option<Value<'a>>,
    /// The token under which the client wants progress notifications.
    #[serde(rename = "progressToken")]
    pub progress_token: Option<Value<'a>>,
}

/// The members of the object `name`; none if it is absent.
fn members<'a, T: Deserialize<'a> + Default>(name: &str, value: Option<Value<'a>>) -> Result<T, Fault> {
    value.map_or_else(|| Ok(T::default()), Value::parse).map_err(|malformed: Malformed| {
        let message = ["Invalid params: `", name, "` must be an object: ", &malformed.reason(), "."].concat();
        Fault::new(400, Code::InvalidParams, message)
    })
}

/// A message's parameters, and its metadata, not yet checked.
#[derive(Debug)]
pub struct Envelope<'a> {
    /// The members of `params`.
    pub params: Params<'a>,
    /// The members of `params._meta`.
    pub meta: Meta<'a>,
}

impl<'a> Envelope<'a> {
    /// Reads `params` and their metadata.
    pub fn of(params: Option<Value<'a>>) -> Result<Self, Fault> {
        let params: Params<'a> = members("params", params)?;
        let meta: Meta<'a> = members("params._meta", params.meta)?;
        let is_longer = |value: Option<Value<'_>>, bound| value.is_some_and(|value| value.text().len() > bound);
        if is_longer(params.meta, bounds::META) {
            return Err(Fault::new(400, Code::InvalidParams, "`params._meta` is longer than 64 KiB."));
        }
        if is_longer(meta.progress_token, bounds::ID) {
            let message = "`params._meta.progressToken` is longer than 256 bytes.";
            return Err(Fault::new(400, Code::InvalidParams, message));
        }
        Ok(Self { params, meta })
    }

    /// True if the message says that it belongs to a revision with metadata in each request.
    #[must_use]
    pub fn claims_version(&self) -> bool {
        self.meta.version.is_some()
    }

    /// Checks that the metadata is complete, and returns its protocol version.
    pub fn check(&self) -> Result<Cow<'a, str>, Fault> {
        let version = self.meta.version.and_then(Value::string).ok_or_else(|| self.missing())?;
        if !self.meta.capabilities.is_some_and(Value::is_object) {
            return Err(self.missing());
        }
        let known = |level: Value<'_>| level.string().as_deref().and_then(Level::parse).is_some();
        if self.meta.log_level.is_some_and(|level| !known(level)) {
            let message =
                ["Invalid params: `params._meta[", &quoted(LOG_LEVEL), "]` must be one of ", &Level::names(), "."];
            return Err(Fault::new(400, Code::InvalidParams, message.concat()));
        }
        Ok(version)
    }

    /// The fault of incomplete metadata: names the first invalid member.
    #[must_use]
    pub fn missing(&self) -> Fault {
        let (member, kind) = match (self.params.meta, self.meta.version.and_then(Value::string)) {
            (None, _) => (String::new(), "an object with the request's metadata"),
            (Some(_), None) => (["[", &quoted(VERSION), "]"].concat(), "a string"),
            (Some(_), Some(_)) => (["[", &quoted(CAPABILITIES), "]"].concat(), "an object"),
        };
        let message = ["Invalid params: `params._meta", &member, "` is required: ", kind, "."].concat();
        Fault::new(400, Code::InvalidParams, message)
    }

    /// The value that `Mcp-Name` must mirror for `method`, if any.
    #[must_use]
    pub fn name_of(&self, method: &str) -> Option<Cow<'a, str>> {
        match method {
            "tools/call" | "prompts/get" => self.params.name.and_then(Value::string),
            "resources/read" => self.params.uri.and_then(Value::string),
            _ => None,
        }
    }
}
