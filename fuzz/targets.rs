//! What is fuzzed: each function takes bytes as an attacker would send them, and panics where something does not hold.
//!
//! `cargo fuzz run NAME` drives them with libFuzzer; `tests/core/fuzz.rs` drives the same functions with a seeded
//! generator, so that they run on every machine.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "a property that does not hold is told by a panic, and each target uses its own function only"
)]

use mcp_wicket::flow::{Context, Flow, Step, Variable};
use mcp_wicket::http::Answer;
use mcp_wicket::json::{Malformed, Object, Value, quoted};
use mcp_wicket::jsonrpc::Message;
use mcp_wicket::mcp::uri_template::UriTemplate;
use mcp_wicket::mcp::{self, header};
use serde_json::Value as Json;
use serde_json::value::RawValue;

/// The JSON reader: takes what `serde_json` takes, and gives back the text it was given.
pub(crate) fn json(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    let ours = Value::read(text);
    if ours == Err(Malformed::TooDeep) {
        return;
    }
    let theirs = serde_json::from_str::<&RawValue>(text);
    match (&ours, theirs) {
        (Ok(ours), Ok(theirs)) => assert_eq!(ours.text(), theirs.get()),
        (Err(_), Err(_)) => {}
        (ours, theirs) => panic!("{ours:?}, {theirs:?}"),
    }
    assert_eq!(serde_json::from_str::<String>(&quoted(text)).unwrap(), text);
    assert_eq!(Value::read(&quoted(text)).unwrap().string().unwrap(), text);
    let Ok(value) = ours else { return };
    for member in value.object().iter().flat_map(|Object(members)| members) {
        assert!(text.contains(member.1.text()));
    }
    for element in value.array().unwrap_or_default() {
        assert!(text.contains(element.text()));
    }
}

/// The JSON-RPC decoder: a message keeps its id and method, a refusal is a message itself.
pub(crate) fn message(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    match Message::read(Object::read(text)) {
        Err((fault, id)) => {
            let text = fault.message_text(id);
            let _: &RawValue = serde_json::from_str(&text).unwrap();
            let error = Object::read(&text).unwrap().get("error").unwrap().object().unwrap();
            assert!(error.get("code").unwrap().is_integer() && error.string("message").is_some());
        }
        Ok(Message { id, method, params, .. }) => {
            let whole: Json = serde_json::from_str(text).unwrap_or_default();
            if whole.is_null() {
                return; // a number that is too large for serde_json, or a lone surrogate
            }
            assert_eq!(whole["jsonrpc"], "2.0");
            assert_eq!(whole.get("id").is_some(), id.is_some());
            assert_eq!(whole.get("method").and_then(Json::as_str), method.as_deref());
            if let Some(params) = params {
                assert_eq!(serde_json::from_str::<Json>(params.text()).unwrap(), whole["params"]);
            }
        }
    }
}

/// The headers that mirror the body: what is encoded is visible ASCII and decodes to the same.
pub(crate) fn header(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    let encoded = header::encode(text);
    assert!(encoded.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    assert_eq!(header::trim(&encoded), encoded);
    assert_eq!(header::decode(&encoded).as_deref(), Some(text));
    assert!(header::must_mirror("Mcp-Name", Some(&encoded), text).is_ok());
    if let Some(decoded) = header::decode(text) {
        assert!(
            header::must_mirror("Mcp-Name", Some(text), header::trim(&decoded)).is_ok() || header::trim(text) != text
        );
        assert_eq!(header::decode(&header::encode(&decoded)).as_deref(), Some(decoded.as_ref()));
    }
    let (header, body) = text.split_once('\n').unwrap_or((text, ""));
    if header::must_mirror("Mcp-Name", Some(header), body).is_ok() {
        assert_eq!(header::decode(header::trim(header)).unwrap(), body);
    }
}

/// URI templates, `template LF uri`: what matches was made of the values that come out, in time that does not grow fast.
pub(crate) fn uri_template(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    let (template, uri) = text.split_once('\n').unwrap_or((text, ""));
    let Some(read) = UriTemplate::parse(template) else { return };
    if let Some(variables) = read.matches(uri) {
        for (name, value) in variables {
            assert!(template.contains(&name));
            let values = match value {
                Variable::One(value) => vec![value],
                Variable::Many(values) => values,
            };
            assert!(values.iter().all(|value| uri.contains(value.as_str())));
        }
    }
    if !template.contains('{') {
        assert_eq!(read.matches(uri).is_some(), template == uri);
    }
}

/// The head's members, as the shim hands them over.
const HEAD: [&str; 7] = ["method", "contentType", "accept", "protocolVersion", "sessionId", "mcpMethod", "mcpName"];

/// A whole request, `head lines LF LF body`: what comes out is an answer that HTTP and JSON allow, or effects that are JSON.
pub(crate) fn request(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    let (head, body) = text.split_once("\n\n").unwrap_or(("", text));
    let members = HEAD.iter().zip(head.split('\n')).filter(|(_, value)| !matches!(*value, "" | " "));
    let mut input =
        String::from(r#"{"server":{"name":"fuzzed","version":"1"},"method":"POST","contentType":"application/json""#);
    for (name, value) in members.filter(|(name, _)| !matches!(**name, "method" | "contentType")) {
        input.extend([",", &quoted(name), ":", &quoted(value)]);
    }
    input.push('}');
    let request = mcp::Request::read(&input).unwrap();
    let context = Context::new(1_790_000_000_000, [7; 32]);
    let flow = Flow::new(&context, "").unwrap();
    match flow.step(mcp::serve(&flow, &request, body)) {
        Step::Broken(broken) => panic!("{}", broken.reason()),
        Step::Wait(asked) => {
            for asked in asked {
                let _: &RawValue = serde_json::from_str(&asked.effect).unwrap();
                assert!(Object::read(&asked.effect).unwrap().string("kind").is_some());
            }
        }
        Step::Done { answer: Answer { status, headers, body }, commits } => {
            assert!(commits.is_empty());
            assert!((200..500).contains(&status), "{status}");
            assert!(headers.iter().all(|(_, value)| value.bytes().all(|byte| (b' '..=b'~').contains(&byte))));
            if let Some(body) = body {
                // Not taken apart by serde_json: a client's own id may hold a lone surrogate.
                let message: &RawValue = serde_json::from_str(&body).unwrap();
                assert!(message.get().starts_with(['[', '{']));
            }
        }
    }
}
