//! Messages about a call that is running in any isolate: the response to its question, or its cancellation
//! (`notifications/cancelled`).

use serde::Serialize;

use super::envelope::Params;
use super::session::SessionLookup;
use crate::crypto;
use crate::flow::{Failure, Flow, Reach};
use crate::json::{self, Json, Value, quoted};
use crate::jsonrpc::Message;

/// Delivers a message to a running call: the response to its request, or its cancellation. Whether the call is still
/// running makes no difference to the sender. Waits: one.
pub(super) async fn reach(flow: &Flow<'_>, shown: SessionLookup, message: &Message<'_>, params: &Params<'_>) {
    let SessionLookup::Open(session) = shown else { return };
    let object = session.place.mailbox();
    let reached = match (message.id, message.method.as_deref()) {
        (Some(id), None) => id.string().map(|id| Reach {
            object,
            tag: answer_tag(&id),
            message: json::write(&Response { id: &id, result: message.result, error: message.error }),
            cancels: None,
        }),
        (None, Some("notifications/cancelled")) => params.request_id.map(|id| Reach {
            object,
            tag: call_tag(id),
            message: r#"{"cancel":true}"#.into(),
            cancels: Some(Json::of(&id)),
        }),
        _ => None,
    };
    if let Some(reach) = reached {
        // It is no failure if nobody is there; the log has the reason of other failures.
        let _: Result<bool, Failure> = flow.obtain(&reach).await;
    }
}

/// What a handler receives that waits for the response to its request.
#[derive(Serialize)]
struct Response<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Value<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Value<'a>>,
}

/// The tag of a handler that waits for the response to its request `id`: no ID of a client's leads to another tag.
pub(super) fn answer_tag(id: &str) -> String {
    String::from("answer:") + id
}

/// The tag of a running call, by the ID of its request: the same for every way to escape a string.
pub(super) fn call_tag(id: Value<'_>) -> String {
    let text = id.string().map_or_else(|| id.text().into(), |id| quoted(&id));
    String::from("call:") + &crypto::encode(&crypto::hash("call", &[text.as_bytes()]))
}
