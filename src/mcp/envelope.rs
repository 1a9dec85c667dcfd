//! The parameters of a request, and the metadata that each 2026-07-28 request carries in `_meta` (basic/index §_meta).

use std::borrow::Cow;

use super::level::Level;
use crate::bounds;
use crate::json::{Malformed, Nest, Object, Value, quoted};
use crate::jsonrpc::{Code, Fault};

pub(super) const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
pub(super) const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
pub(super) const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";

fn object<'a>(name: &str, value: Option<Value<'a>>) -> Result<Object<'a>, Fault> {
    value.map_or_else(|| Ok(Object::default()), Value::object).map_err(|malformed: Malformed| {
        let message = ["Invalid params: `", name, "` must be an object: ", &malformed.reason(), "."].concat();
        Fault::new(400, Code::InvalidParams, message)
    })
}

/// A message's parameters, and its metadata, not yet checked.
#[derive(Debug)]
pub struct Envelope<'a> {
    /// The members of `params`; absent is empty.
    pub params: Object<'a>,
    meta: Object<'a>,
}

impl<'a> Envelope<'a> {
    /// Reads `params`; `nest` is the same, if they have been taken apart already, and inside it their metadata.
    pub fn of(params: Option<Value<'a>>, nest: Option<Nest<'a>>) -> Result<Self, Fault> {
        let (params, meta) = match nest {
            Some(Nest { object, inner }) => (object, inner.map(|meta| meta.object)),
            None => (object("params", params)?, None),
        };
        let given = params.given("_meta");
        let meta = meta.map_or_else(|| object("params._meta", given), Ok)?;
        let is_longer = |value: Option<Value<'_>>, bound| value.is_some_and(|value| value.text().len() > bound);
        if is_longer(given, bounds::ID) {
            let invalid = |message: &'static str| Err(Fault::new(400, Code::InvalidParams, message));
            if is_longer(given, bounds::META) {
                return invalid("`params._meta` is longer than 64 KiB.");
            }
            if is_longer(meta.given("progressToken"), bounds::ID) {
                return invalid("`params._meta.progressToken` is longer than 256 bytes.");
            }
        }
        Ok(Self { params, meta })
    }

    /// True if the message says that it belongs to a revision with metadata in each request.
    #[must_use]
    pub fn claims_version(&self) -> bool {
        self.meta.given(VERSION).is_some()
    }

    /// Checks that the metadata is whole, and gives the protocol version it claims.
    pub fn check(&self) -> Result<Cow<'a, str>, Fault> {
        let version = self.meta.string(VERSION).ok_or_else(|| self.missing())?;
        match self.meta.get(CAPABILITIES) {
            Some(capabilities) if capabilities.is_object() => {}
            _ => return Err(self.missing()),
        }
        let known = |level: Value<'_>| level.string().as_deref().and_then(Level::parse).is_some();
        if self.meta.given(LOG_LEVEL).is_some_and(|level| !known(level)) {
            let message =
                ["Invalid params: `params._meta[", &quoted(LOG_LEVEL), "]` must be one of ", &Level::names(), "."];
            return Err(Fault::new(400, Code::InvalidParams, message.concat()));
        }
        Ok(version)
    }

    /// The fault for metadata that is not whole: names the first member that is wrong.
    #[must_use]
    pub fn missing(&self) -> Fault {
        let (member, kind) = match (self.params.given("_meta"), self.meta.string(VERSION)) {
            (None, _) => (String::new(), "an object with the request's metadata"),
            (Some(_), None) => (["[", &quoted(VERSION), "]"].concat(), "a string"),
            (Some(_), Some(_)) => (["[", &quoted(CAPABILITIES), "]"].concat(), "an object"),
        };
        let message = ["Invalid params: `params._meta", &member, "` must be there, ", kind, "."].concat();
        Fault::new(400, Code::InvalidParams, message)
    }

    /// The token under which the client wants to hear of progress.
    #[must_use]
    pub fn progress_token(&self) -> Option<Value<'a>> {
        self.meta.given("progressToken")
    }

    /// What `Mcp-Name` must mirror for `method`, if anything.
    #[must_use]
    pub fn name_of(&self, method: &str) -> Option<Cow<'a, str>> {
        match method {
            "tools/call" | "prompts/get" => self.params.string("name"),
            "resources/read" => self.params.string("uri"),
            _ => None,
        }
    }
}
