//! The head of a request, as JavaScript passes it.

use core::cell::Cell;

use serde::Deserialize;

use super::header;
use super::media_type::{EVENTS, JSON, names};
use super::revision::Revision;
use super::sealing::Sealing;
use crate::json::{self, Text, Value};

/// The head of a request to the MCP endpoint, as JavaScript passes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[serde(bound(deserialize = "'de: 'a"))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "McpInput"))]
pub struct Request<'a> {
    /// HTTP method.
    pub method: Text<'a>,
    /// The endpoint's path, as in the request; may be empty.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<String>"))]
    pub endpoint: Text<'a>,
    /// The server's `Implementation` (name, version, …), a JSON object.
    #[cfg_attr(feature = "ts", ts(type = "object"))]
    pub server: Value<'a>,
    principal: Option<Text<'a>>,
    client: Option<Text<'a>>,
    /// True once either of them has been read.
    #[serde(skip)]
    pub(super) asked_who: Cell<bool>,
    /// The server's keys, or where they are.
    #[serde(skip)]
    pub sealing: Sealing<'a>,
    /// The transport of the request.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<Transport>"))]
    pub transport: Transport,
    /// Why there is no body, if there is none.
    pub unread: Option<UnreadableBody>,
    /// The name of the object that answers, if one does ([`super::place`]).
    pub place: Option<Text<'a>>,
    /// The class of an agent that runs in objects: the Worker may not know its server's name.
    pub agent: Option<Text<'a>>,
    /// True if there are objects through which streams can be reached; only set for requests other than POST.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>"))]
    pub streams: bool,
    /// True if sessions are stored in objects, so that they can be ended.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>"))]
    pub kept: bool,
    /// `Last-Event-ID`.
    pub last_event_id: Option<Text<'a>>,
    /// `Content-Type`; an empty one counts as absent.
    pub content_type: Option<Text<'a>>,
    /// True if there is an `Origin`; only set for requests without `Content-Type`.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>"))]
    pub page: bool,
    /// `Accept`.
    pub accept: Option<Text<'a>>,
    /// `MCP-Protocol-Version`.
    pub protocol_version: Option<Text<'a>>,
    /// `Mcp-Session-Id`, or `sessionId` of the message endpoint of HTTP+SSE.
    pub session_id: Option<Text<'a>>,
    /// `Mcp-Method`.
    pub mcp_method: Option<Text<'a>>,
    /// `Mcp-Name`.
    pub mcp_name: Option<Text<'a>>,
}

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum UnreadableBody {
    /// It is longer than 4 MiB.
    Oversize,
    /// It is not UTF-8.
    Encoding,
    /// Other requests in progress use so much memory that there is none left for it.
    NoRoom,
}

/// How messages travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Transport {
    /// Streamable HTTP: the answer is the response to the POST.
    #[default]
    Http,
    /// HTTP+SSE (2024-11-05): the endpoint that opens a stream.
    SseStream,
    /// HTTP+SSE: the endpoint that takes messages; responses are sent on the stream.
    SseMessages,
}

impl<'a> Request<'a> {
    /// Reads what JavaScript passes.
    #[must_use]
    pub fn read(head: &'a str) -> Option<Self> {
        json::read(head).ok().filter(|request: &Self| request.server.is_object())
    }

    /// The caller's principal, as the guard found it; `None` without authentication. A step that has read it holds for
    /// this caller only ([`crate::flow::Stencil`]).
    #[must_use]
    pub fn principal(&self) -> Option<&str> {
        self.asked_who.set(true);
        self.principal.as_deref()
    }

    /// The caller's OAuth client, as the guard found it. A step that has read it holds for this client only.
    #[must_use]
    pub fn client(&self) -> Option<&str> {
        self.asked_who.set(true);
        self.client.as_deref()
    }

    /// The same with the server's keys.
    #[must_use]
    pub fn with_keys(self, sealing: Sealing<'a>) -> Self {
        Self { sealing, ..self }
    }

    /// The revision in the request's header, if it is a known one.
    pub(super) fn stated_revision(&self) -> Option<Revision> {
        Revision::parse(header::trim(self.protocol_version.as_deref()?))
    }

    /// True if the response may be an event stream. MCP clients name that media type; `*/*` is sent by tools for
    /// people, who want to read the response.
    pub(super) fn takes_events(&self) -> bool {
        self.transport != Transport::Http || self.accept.as_deref().is_some_and(|accept| names(accept, &EVENTS))
    }

    /// True if the response must be an event stream.
    pub(super) fn takes_events_only(&self) -> bool {
        self.transport == Transport::Http
            && self.accept.as_deref().is_some_and(|accept| !names(accept, &JSON) && names(accept, &EVENTS))
    }

    /// True if the response may be an event stream when it cannot be anything else.
    pub(super) fn takes_a_stream(&self) -> bool {
        self.accept.as_deref().is_none_or(|accept| names(accept, &EVENTS) || names(accept, &["*/*"]))
    }
}
