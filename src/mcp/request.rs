//! The head of a request, as the shim hands it over.

use core::cell::Cell;
use std::borrow::Cow;

use super::revision::Revision;
use super::sealing::Sealing;
use super::{EVENTS, JSON, header, names};
use crate::json::Value;

/// The head of a request to the MCP endpoint.
#[derive(Debug)]
pub struct Request<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// The endpoint's path, as the request has it; empty where the shim does not say it.
    pub endpoint: &'a str,
    /// The server's `Implementation` (name, version, …), a JSON object.
    pub server: Value<'a>,
    principal: Option<Cow<'a, str>>,
    client: Option<Cow<'a, str>>,
    /// True once somebody has asked for either.
    pub(super) asked_who: Cell<bool>,
    /// Where the server's keys are.
    pub sealing: Sealing<'a>,
    /// Which transport the request came by.
    pub transport: Transport,
    /// Why the body is not handed over, where it is not.
    pub unread: Option<Unread>,
    /// The name of the object that answers, where it is one ([`super::place`]).
    pub place: Option<Cow<'a, str>>,
    /// The class of an agent that lives in objects: the Worker may not know what its server calls itself.
    pub agent: Option<Cow<'a, str>>,
    /// True if there are objects through which streams can be reached; said of requests that are no POST.
    pub streams: bool,
    /// True if sessions are kept in their objects, so that they can be ended.
    pub kept: bool,
    /// `Last-Event-ID`.
    pub last_event_id: Option<&'a str>,
    /// `Content-Type`; an empty one is none.
    pub content_type: Option<&'a str>,
    /// True if there is an `Origin`; said of requests without `Content-Type`.
    pub page: bool,
    /// `Accept`.
    pub accept: Option<&'a str>,
    /// `MCP-Protocol-Version`.
    pub protocol_version: Option<&'a str>,
    /// The revision that the header names, if it is one.
    spoken: Option<Revision>,
    /// `Mcp-Session-Id`, or `sessionId` of the message endpoint of HTTP+SSE.
    pub session_id: Option<Cow<'a, str>>,
    /// `Mcp-Method`.
    pub mcp_method: Option<&'a str>,
    /// `Mcp-Name`.
    pub mcp_name: Option<&'a str>,
}

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It is longer than 4 MiB.
    Oversize,
    /// It is not UTF-8.
    Encoding,
    /// The requests under way hold so much that there is no room for it.
    NoRoom,
}

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Streamable HTTP: the answer is the response to the POST.
    Http,
    /// HTTP+SSE (2024-11-05), the endpoint that opens a stream.
    SseStream,
    /// HTTP+SSE, the endpoint that takes messages; the answer goes out on the stream.
    SseMessages,
}

impl<'a> Request<'a> {
    /// Reads what the shim hands over: the method, and lines that begin with a letter for what they say. What a header says
    /// stands there as it is, since no header has a line break; all else is JSON.
    #[must_use]
    pub fn read(head: &'a str) -> Option<Self> {
        let mut lines = head.split('\n');
        let mut request = Self {
            method: lines.next()?,
            endpoint: "",
            server: Value::empty_object(),
            principal: None,
            client: None,
            asked_who: Cell::new(false),
            sealing: Sealing::default(),
            transport: Transport::Http,
            unread: None,
            place: None,
            agent: None,
            streams: false,
            kept: false,
            last_event_id: None,
            content_type: None,
            page: false,
            accept: None,
            protocol_version: None,
            spoken: None,
            session_id: None,
            mcp_method: None,
            mcp_name: None,
        };
        for line in lines {
            let (letter, value) = line.split_at_checked(1)?;
            let text = || Value::read(value).ok().and_then(Value::string);
            match letter {
                "s" => request.server = Value::read(value).ok().filter(|server| server.is_object())?,
                "h" => request.endpoint = value,
                "c" => request.content_type = Some(value),
                "w" => request.page = true,
                "a" => request.accept = Some(value),
                "v" => {
                    request.protocol_version = Some(value);
                    request.spoken = Revision::parse(header::trim(value));
                }
                "m" => request.mcp_method = Some(value),
                "n" => request.mcp_name = Some(value),
                "e" => request.last_event_id = Some(value),
                "i" => request.session_id = Some(text()?),
                "p" => request.principal = Some(text()?),
                "k" => request.client = Some(text()?),
                "l" => request.place = Some(text()?),
                "g" => request.agent = Some(text()?),
                "f" => request.streams = true,
                "o" => request.kept = true,
                "t" => {
                    request.transport = match text()?.as_ref() {
                        "sse-stream" => Transport::SseStream,
                        "sse-messages" => Transport::SseMessages,
                        _ => return None,
                    }
                }
                "u" => {
                    request.unread = match text()?.as_ref() {
                        "oversize" => Some(Unread::Oversize),
                        "encoding" => Some(Unread::Encoding),
                        "no_room" => Some(Unread::NoRoom),
                        _ => return None,
                    }
                }
                _ => return None,
            }
        }
        Some(request)
    }

    /// Who is calling, as the guard found it; none where there is no authentication. A step that has asked holds for nobody
    /// else ([`crate::flow::Stencil`]).
    #[must_use]
    pub fn principal(&self) -> Option<&str> {
        self.asked_who.set(true);
        self.principal.as_deref()
    }

    /// Which OAuth client is calling, as the guard found it. A step that has asked holds for no other.
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

    /// The revision that the request's header names, if it is one.
    pub(super) fn spoken(&self) -> Option<Revision> {
        self.spoken
    }

    /// True if the answer may be an event stream. Clients name that media type; `*/*` is what people's tools say, who want
    /// to read the answer.
    pub(super) fn takes_events(&self) -> bool {
        self.transport != Transport::Http || self.accept.is_some_and(|accept| names(accept, &EVENTS))
    }

    /// True if the answer must be an event stream.
    pub(super) fn takes_events_only(&self) -> bool {
        self.transport == Transport::Http
            && self.accept.is_some_and(|accept| !names(accept, &JSON) && names(accept, &EVENTS))
    }

    /// True if the answer may be an event stream where it can be nothing else.
    pub(super) fn takes_a_stream(&self) -> bool {
        self.accept.is_none_or(|accept| names(accept, &EVENTS) || names(accept, &["*/*"]))
    }
}
