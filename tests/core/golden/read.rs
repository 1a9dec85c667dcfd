//! What JavaScript writes and Rust reads.

use mcp_wicket::config::Config;
use mcp_wicket::flow::{
    Call, CallOutcome, Complete, Completed, Describe, Document, Failure, Fetch, Flow, List, Listed, Listening, Load,
    Obtain, Rows, Step, Verify,
};
use mcp_wicket::guard::bearer::{RateLimitInput, RefusalInput, refuse};
use mcp_wicket::guard::no_auth::GuardInput;
use mcp_wicket::guard::{jwt, metadata};
use mcp_wicket::http::origin::OriginPolicy;
use mcp_wicket::json::{self, read};
use mcp_wicket::mcp::handler_messages::Running;
use mcp_wicket::mcp::handler_result::needed;
use mcp_wicket::mcp::{Request, Transport, UnreadableBody};

use super::golden;
use crate::world::step;

pub(super) const NAMES: &[&str] = &[
    "outcomes",
    "outcome-describe",
    "outcome-describe-without-instructions",
    "outcome-list",
    "outcome-list-of-pages",
    "outcome-list-absent",
    "outcome-call-astray",
    "outcome-call-returned",
    "outcome-call-unknown",
    "outcome-call-invalid",
    "outcome-call-refused",
    "outcome-call-threw",
    "outcome-call-asks",
    "core-config-with-a-keyring",
    "outcome-call-forbidden",
    "outcome-call-unfit",
    "outcome-call-fault",
    "outcome-call-mirrored",
    "outcome-call-elsewhere",
    "outcome-complete",
    "outcome-complete-unknown",
    "outcome-complete-absent",
    "outcome-complete-threw",
    "outcome-listening",
    "outcome-fetch",
    "outcome-load",
    "outcome-load-of-nothing",
    "outcome-rows",
    "failures",
    "guard-input",
    "guard-input-least",
    "mcp-input",
    "mcp-input-least",
    "mcp-input-of-a-stream",
    "mcp-input-of-a-message",
    "tell-input",
    "core-config",
    "counted-calls",
    "counted-failures",
    "refused-input",
    "jwt-input",
    "outcome-document",
    "outcome-verify",
    "metadata-input",
];

const METADATA: &str = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";

pub(super) fn outcome<E: Obtain>(name: &str) -> E::Outcome {
    let text = golden(name);
    json::read(&text).unwrap_or_else(|_| panic!("{name} has no shape that was promised"))
}

#[test]
fn recorded_outcomes() {
    let flow = async |flow: &Flow<'_>| {
        let (described, loaded) = (flow.obtain(&Describe {}), flow.obtain(&Load { key: "a\"b".into() }));
        (described.await.unwrap().registered, loaded.await.unwrap_err())
    };
    let Step::Done { answer, .. } = step(&golden("outcomes"), flow) else { panic!("it is done") };
    assert_eq!(answer, (vec!["tools".to_owned()], Failure::Timeout));
}

#[test]
fn outcomes_of_the_server() {
    let described = outcome::<Describe>("outcome-describe");
    assert_eq!(described.registered, ["tools", "completions"]);
    assert_eq!(described.declared.unwrap().0, *r#"{"tools":{"listChanged":true}}"#);
    assert_eq!(described.instructions.as_deref(), Some("Ask.\n"));
    let described = outcome::<Describe>("outcome-describe-without-instructions");
    assert!(described.registered.is_empty() && described.instructions.is_none());
    assert!(described.declared.is_none());
    let page = r#"[{"name":"add","inputSchema":{"type":"object"}}]"#;
    assert!(matches!(outcome::<List<'_>>("outcome-list"), Listed::All(items) if items.0 == *page));
    let next = outcome::<List<'_>>("outcome-list-of-pages");
    assert!(matches!(next, Listed::Some { keys, items, size: Some(1) } if keys.len() == 2 && items[1].is_none()));
    assert!(matches!(outcome::<List<'_>>("outcome-list-absent"), Listed::Absent));
    assert!(outcome::<Listening>("outcome-listening"));
}

#[test]
fn outcomes_of_a_call() {
    let called = |name: &str| outcome::<Call<'_>>(&format!("outcome-call-{name}"));
    assert!(
        matches!(called("returned"), CallOutcome::Returned(json) if json == *r#"{"content":[{"type":"text","text":"3"}]}"#)
    );
    assert!(matches!(called("unknown"), CallOutcome::Unknown));
    assert!(matches!(called("invalid"), CallOutcome::Invalid(text) if text == "a: expected a number"));
    assert!(matches!(called("refused"), CallOutcome::Refused(text) if text == "The city is not known."));
    let CallOutcome::Forbidden { always, scopes, metadata } = called("forbidden") else { panic!("it is forbidden") };
    assert_eq!((needed(&always, &scopes).as_str(), metadata.as_deref()), ("read write", Some(METADATA)));
    assert_eq!(needed(&scopes, &[always, scopes.clone()].concat()), "write read");
    assert!(matches!(called("asks"), CallOutcome::Asks(asks) if asks.questions.len() == 1 && asks.answers.len() == 1));
    assert!(matches!(called("threw"), CallOutcome::Threw(id) if id == "7f3a9c"));
    assert!(matches!(called("unfit"), CallOutcome::Unfit(id) if id == "7f3a9c"));
    let CallOutcome::Fault(fault) = called("fault") else { panic!("a fault") };
    assert_eq!((fault.code, fault.message.as_str()), (Some(-32000), "Too many notes."));
    assert_eq!(fault.data.as_deref(), Some(r#"{"most":5}"#));
    let CallOutcome::Mirrored(mirrored) = called("mirrored") else { panic!("mirrored") };
    assert_eq!(mirrored.arguments, [("Region".into(), vec!["place".into(), "region".into()], "string".into())]);
    assert_eq!(mirrored.headers, [("region".to_owned(), "eu".to_owned())]);
    assert!(matches!(called("astray"), CallOutcome::Astray(json) if json == *r#"{"isError":true}"#));
    let CallOutcome::Elsewhere { templates, uris } = called("elsewhere") else { panic!("templates") };
    assert_eq!(uris, ["notes://all"]);
    assert_eq!((templates[0].0.as_str(), templates[0].1.as_str()), ("note", "notes://{id}"));
}

#[test]
fn outcomes_of_a_completion() {
    let completed = |name: &str| outcome::<Complete<'_>>(name);
    let values = r#"["Paris","Pau"]"#;
    assert!(matches!(completed("outcome-complete"), Completed::Values { values: text, total: 2 } if text.0 == *values));
    assert!(matches!(completed("outcome-complete-unknown"), Completed::Unknown));
    assert!(matches!(completed("outcome-complete-absent"), Completed::Absent));
    assert!(matches!(completed("outcome-complete-threw"), Completed::Threw(id) if id == "7f3a9c"));
}

#[test]
fn outcomes_of_the_world() {
    let fetched = outcome::<Fetch>("outcome-fetch");
    assert_eq!((fetched.status, fetched.body.as_str()), (404, r#"{"error":"é"}"#));
    assert_eq!(outcome::<Load>("outcome-load").as_deref(), Some(r#"{"name":"é"}"#));
    assert_eq!(outcome::<Load>("outcome-load-of-nothing"), None);
}

#[test]
fn outcomes_of_an_object() {
    let found = outcome::<Rows>("outcome-rows");
    assert_eq!((found.version, found.row("code:1"), found.row("code:2")), (7, Some(r#"{"v":1}"#), None));
    assert_eq!(found.under("grant:").collect::<Vec<_>>(), [("1", "{}"), ("2", "{}")]);
}

#[test]
fn failures_have_these_names() {
    let all = [Failure::Timeout, Failure::Unreachable, Failure::Refused, Failure::Failed];
    assert_eq!(json::write(&all), golden("failures"));
}

#[test]
fn the_head_that_a_guard_reads() {
    let text = golden("guard-input");
    let head = read::<GuardInput>(&text).unwrap();
    assert_eq!((head.method.as_str(), head.url.as_str()), ("OPTIONS", "http://mcp.example.com"));
    assert_eq!((head.methods.as_str(), head.origin.as_deref()), ("GET, POST", Some("https://claude.ai")));
    assert_eq!((head.host.as_deref(), head.peer.as_deref()), (Some("mcp.example.com"), Some("203.0.113.7")));
    assert!(head.proxied && head.browser && !head.bearer);
    assert!(read::<GuardInput>(&text.replace("browser", "bearer")).unwrap().bearer);
    assert_eq!(head.requested_headers.as_deref(), Some("content-type, mcp-method"));
    let text = golden("guard-input-least");
    let head = read::<GuardInput>(&text).unwrap();
    assert!(head.origin.is_none() && head.peer.is_none() && head.requested_headers.is_none());
    assert!(read::<GuardInput>("{}").is_err() && read::<GuardInput>(&text.replace("url", "uri")).is_err());
}

#[test]
fn the_head_that_the_endpoint_reads() {
    let text = golden("mcp-input");
    let request = Request::read(&text).unwrap();
    assert_eq!((&*request.method, request.server.text()), ("POST", r#"{"name":"test","version":"1.0.0"}"#));
    assert_eq!((request.transport, request.unread), (Transport::Http, Some(UnreadableBody::Oversize)));
    let texts = [
        (request.principal(), "user:github:1"),
        (request.client(), "c1"),
        (request.place.as_deref(), "AAAA"),
        (request.agent.as_deref(), "MyMCP"),
        (request.content_type.as_deref(), "application/json"),
        (request.accept.as_deref(), "*/*"),
        (request.protocol_version.as_deref(), "2026-07-28"),
        (request.session_id.as_deref(), "AQ"),
        (request.mcp_method.as_deref(), "tools/call"),
        (request.mcp_name.as_deref(), "=?base64?w6k=?="),
    ];
    for (read, written) in texts {
        assert_eq!(read, Some(written));
    }
    let text = golden("mcp-input-least");
    let request = Request::read(&text).unwrap();
    assert_eq!((request.transport, request.unread), (Transport::Http, None));
    assert!(request.principal().is_none() && request.place.is_none());
    for absent in [request.content_type, request.accept, request.protocol_version] {
        assert!(absent.is_none());
    }
    let text = golden("mcp-input-of-a-stream");
    assert_eq!(Request::read(&text).unwrap().transport, Transport::SseStream);
    let text = golden("mcp-input-of-a-message");
    let request = Request::read(&text).unwrap();
    assert_eq!((request.transport, request.unread), (Transport::SseMessages, Some(UnreadableBody::Encoding)));
}

#[test]
fn what_a_handler_says() {
    assert!(Running::read(&golden("tell-input"), r#"{"method":"POST","server":{}}"#).is_some());
}

#[test]
fn what_a_verifier_reads() {
    assert!(jwt::VerifierInput::read(&golden("jwt-input"), "{}").is_some());
    assert!(jwt::VerifierInput::read("{}", "").is_some() && jwt::VerifierInput::read(r#"{"keys":{}}"#, "").is_none());
    let published = outcome::<Document>("outcome-document");
    assert_eq!((published.at, published.body.as_str()), (1_790_000_000_000, "é"));
    assert!(outcome::<Verify<'_>>("outcome-verify"));
}

#[test]
fn what_a_guard_hands_over_to_count() {
    for name in ["counted-calls", "counted-failures"] {
        let text = golden(name);
        assert!(read::<RateLimitInput>(&text).is_ok(), "{name}");
        assert!(read::<RateLimitInput>(&text.replace(r#""most""#, r#""least""#)).is_err(), "{name}");
    }
}

#[test]
fn what_a_guard_hands_over_to_refuse_or_describe() {
    let text = golden("refused-input");
    let answer = refuse(&read::<RefusalInput>(&text).unwrap());
    let challenge = answer.headers.iter().find(|(name, _)| *name == "www-authenticate").unwrap();
    assert!(challenge.1.contains(r#"scope="read write""#) && challenge.1.contains(METADATA), "{challenge:?}");
    assert_eq!(answer.status, 403);
    assert!(read::<RefusalInput>(&text.replace(r#""scope","#, r#""else","#)).is_err());
    let text = golden("metadata-input");
    let request = read::<metadata::MetadataInput>(&text).unwrap();
    assert_eq!((request.method.as_str(), request.resource.as_str()), ("GET", "https://mcp.example.com/mcp"));
    assert_eq!((request.issuers.len(), request.scopes.len()), (1, 2));
    assert_eq!(request.name.as_deref(), Some("Weather"));
    assert_eq!(request.documentation.as_deref(), Some("https://mcp.example.com/docs"));
    assert!(read::<metadata::MetadataInput>("{}").is_err());
}

#[test]
fn the_configuration() {
    let config = golden("core-config");
    let policy = read::<Config>(&config).unwrap().origins;
    assert_eq!(policy.allowed_origins, ["https://app.example.com"]);
    assert_eq!(policy.allowed_hosts, ["dev.example:8787"]);
    assert!(read::<OriginPolicy>("{}").unwrap().allowed_origins.is_empty());
    assert!(read::<Config>(&golden("core-config-with-a-keyring")).unwrap().keyring);
    for wrong in ["[]", r#"{"allowedOrigins":"https://app.example.com"}"#, r#"{"allowedHosts":[1]}"#] {
        assert!(read::<OriginPolicy>(wrong).is_err(), "{wrong}");
    }
}
