//! The effect that keeps a client's stream open and sends it messages from other requests.

use serde::Serialize;

use super::effect::Obtain;
use crate::json;

/// Where messages for a stream come from.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct MessageSource {
    /// The object.
    pub object: String,
    /// The tags under which the stream waits there.
    pub tags: Vec<String>,
    /// True if all streams of an isolate may share one connection: each gets only the messages with its tags.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>"))]
    pub shared: bool,
}

/// One open stream. What arrives from its sources is a key of `says`, a change to `says`, or a message for the client.
/// Outcome: `true`, once the stream has ended.
#[derive(Debug, Default, Serialize)]
#[serde(tag = "kind", rename = "listen")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Listen {
    /// Where messages come from; without any, the stream stays open and silent.
    pub sources: Vec<MessageSource>,
    /// The messages that are sent when something happens: the name of the event, and the message.
    #[serde(serialize_with = "json::map")]
    #[cfg_attr(feature = "ts", ts(type = "Record<string, string>"))]
    pub says: Vec<(String, String)>,
    /// The first message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// The first message if the sources cannot be reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
    /// A stream that was interrupted, and continues after the event with this number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resumes: Option<ResumedStream>,
    /// On HTTP+SSE: the session's ID, which the first event sends to the client with the URL that takes its messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
}

/// The stream, and the number of the last event that its client has received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ResumedStream {
    /// The stream.
    pub stream: String,
    /// The last event's number.
    pub after: u32,
}

impl Obtain for Listen {
    type Outcome = bool;
}
