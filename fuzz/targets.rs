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
use mcp_wicket::guard::bearer::{Verification, token_of};
use mcp_wicket::guard::jwt::VerifierInput;
use mcp_wicket::guard::verifier::Verifier;
use mcp_wicket::http::Answer;
use mcp_wicket::jose::algorithm::Algorithm;
use mcp_wicket::jose::{compact, jwk};
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
    match Message::read(text) {
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
    assert_eq!(header::decode(&encoded).as_deref(), Ok(text));
    assert!(header::must_mirror("Mcp-Name", Some(&encoded), text).is_ok());
    if let Ok(decoded) = header::decode(text) {
        assert!(
            header::must_mirror("Mcp-Name", Some(text), header::trim(&decoded)).is_ok() || header::trim(text) != text
        );
        assert_eq!(header::decode(&header::encode(&decoded)).as_deref(), Ok(decoded.as_ref()));
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
        // But for the letter case of a host.
        let found = read.matches(uri).is_some();
        assert!(if found { template.eq_ignore_ascii_case(uri) } else { template != uri });
    }
}

/// The members of the head that stand for headers, as the shim hands them over.
const HEAD: [&str; 7] = ["method", "contentType", "accept", "protocolVersion", "sessionId", "mcpMethod", "mcpName"];

/// A whole request, `head lines LF LF body`: what comes out is an answer that HTTP and JSON allow, or effects that are JSON.
pub(crate) fn request(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    let (head, body) = text.split_once("\n\n").unwrap_or(("", text));
    let mut input =
        String::from(r#"{"method":"POST","server":{"name":"fuzzed","version":"1"},"contentType":"application/json""#);
    for (name, value) in HEAD.iter().zip(head.split('\n')).skip(2).filter(|(_, value)| !matches!(*value, "" | " ")) {
        input.extend([",", &quoted(name), ":", &quoted(value)]);
    }
    input.push('}');
    let request = mcp::Request::read(&input).unwrap();
    let context = Context::new(1_790_000_000_000, [7; 32]);
    let flow = Flow::new(&context, "").unwrap();
    match flow.step(mcp::serve(&flow, &request, body)) {
        Step::Broken(broken) => panic!("{}", broken.reason()),
        Step::Entropy => panic!("there is some"),
        Step::Wait(asked) => {
            for asked in asked {
                let _: &RawValue = serde_json::from_str(&asked.effect).unwrap();
                assert!(Object::read(&asked.effect).unwrap().string("kind").is_some());
            }
        }
        Step::Done { answer: Answer { status, headers, body, .. }, commits } => {
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

const SHARED: &str = r#"{"issuer":["joe"],"audience":["me"],"secrets":["a-secret-for-fuzzing-and-for-nothing-else"]}"#;
const PUBLIC: &str = r#"{"issuer":["joe"],"audience":["me"],"keys":[{"kty":"OKP","crv":"Ed25519",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
const ONE: &str = r#"{"kind":"api-keys","prefix":"wk","keys":[{"id":"demo",
        "hash":"lgRs3eEfjPmcvjwkRCO8iJDoESGa07Co0gqa23HxMWA"}]}"#;
const CONTEXT_NOW: u64 = 1_790_000_000_000;

/// What becomes of `token` at the verifier with these options, in one step.
fn verified(options: &str, token: &str) -> Step<Verification> {
    let verifier = Verifier::read(options).unwrap();
    let input = ["{\"authorization\":", &quoted(&["Bearer ", token].concat()), "}"].concat();
    let request = VerifierInput::read(&input, "").unwrap();
    let context = Context::new(CONTEXT_NOW, [7; 32]);
    let flow = Flow::new(&context, "").unwrap();
    flow.step(verifier.verify(&flow, &request))
}

/// Tokens: a token has one spelling, and no text that nobody has signed lets anybody in.
pub(crate) fn token(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    if let Ok(token) = compact::UntrustedToken::parse(text) {
        let parts = [token.header.as_bytes(), &token.payload, &token.signature].map(mcp_wicket::crypto::encode);
        assert_eq!(parts.join("."), text);
        assert!(text.starts_with(token.signed) && text.ends_with(token.signature_text));
        if compact::read(&token.header).is_ok() {
            let _: &RawValue = serde_json::from_str(&token.header).unwrap();
        }
    }
    if let Ok(token) = token_of(Some(text)) {
        assert!(!token.is_empty() && text.contains(token));
    }
    assert!(matches!(verified(SHARED, text), Step::Done { answer: Verification::Refused(..), .. }), "{text}");
    // Whether a signature is right is asked of somebody else.
    match verified(PUBLIC, text) {
        Step::Done { answer: Verification::Refused(..), .. } => {}
        Step::Wait(asked) => assert!(asked.iter().all(|asked| asked.effect.starts_with(r#"{"kind":"verify""#))),
        other => panic!("{other:?}"),
    }
}

/// Key sets: what can be used has public members only, is kept as what it is, and there are no more than may be.
pub(crate) fn jwks(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    let Some((usable, unusable)) = jwk::read_set(text) else { return };
    assert!(usable.len() + unusable <= jwk::MAX_KEYS && text.len() <= jwk::MAX_LENGTH);
    for key in &usable {
        let jwk: Json = serde_json::from_str(key.jwk()).unwrap();
        let members = jwk.as_object().unwrap().keys().map(String::as_str);
        assert!(members.into_iter().all(|member| ["kty", "crv", "n", "e", "x", "y"].contains(&member)), "{jwk}");
        assert_ne!(jwk["kty"], "oct");
    }
    let checked = jwk::write_checked(&usable);
    for algorithm in Algorithm::all() {
        let fitting = usable.iter().filter(|key| key.fits(algorithm, None)).map(jwk::PublicKey::jwk);
        let kept = jwk::fitting(&checked, algorithm, None);
        assert!(fitting.take(jwk::MAX_TRIES).eq(kept.iter().map(jwk::PublicKey::jwk)), "{checked}");
        assert!(!algorithm.is_secret() || kept.is_empty());
    }
}

/// API keys and their records: no text but the key itself lets anybody in, and no record breaks anything.
pub(crate) fn api_key(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    let key = "wk_demo_b25seS1mb3ItbG9jYWxob3N0LWFuZC1ldmVyeWJvZHk";
    match verified(ONE, text) {
        Step::Done { answer: Verification::Caller(_), .. } => assert_eq!(text.trim_matches([' ', '\t']), key),
        Step::Done { answer: Verification::Refused(..), .. } => assert_ne!(text, key),
        other => panic!("{other:?}"),
    }
    let _ = Verifier::read(text).is_ok();
    let options = [r#"{"kind":"api-keys","prefix":"wk","keys":"#, text, "}"].concat();
    if Value::read(text).is_ok() {
        let _ = Verifier::read(&options).is_ok();
    }
}
