//! What JavaScript writes and Rust reads.

use mcp_wicket::auth::bearer::{Counted, Refused, refuse};
use mcp_wicket::auth::no_auth::Head;
use mcp_wicket::auth::{jwt, metadata};
use mcp_wicket::flow::{
    Call, Called, Complete, Completed, Describe, Document, Failure, Fetch, Flow, List, Listed, Listening, Load, Obtain,
    Rows, Step, Verify,
};
use mcp_wicket::http::origin::Policy;
use mcp_wicket::json::{Object, Value};
use mcp_wicket::mcp::tell::Running;
use mcp_wicket::mcp::{Request, Transport, Unread};

use super::golden;
use crate::world::step;

pub(super) const NAMES: &[&str] = &[
    "outcomes",
    "outcome-describe",
    "outcome-describe-without-instructions",
    "outcome-list",
    "outcome-list-with-next",
    "outcome-list-absent",
    "outcome-list-lost",
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
    "outcome-call-templates",
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
    E::outcome(Value::read(&text).unwrap()).unwrap_or_else(|| panic!("{name} has no shape that was promised"))
}

#[test]
fn recorded_outcomes() {
    let flow = async |flow: &Flow<'_>| {
        let (described, loaded) = (flow.obtain(&Describe), flow.obtain(&Load { key: "a\"b".into() }));
        (described.await.unwrap().registered, loaded.await.unwrap_err())
    };
    let Step::Done { answer, .. } = step(&golden("outcomes"), flow) else { panic!("it is done") };
    assert_eq!(answer, (vec!["tools".to_owned()], Failure::Timeout));
}

#[test]
fn outcomes_of_the_server() {
    let described = outcome::<Describe>("outcome-describe");
    assert_eq!(described.registered, ["tools", "completions"]);
    assert_eq!(described.declared, r#"{"tools":{"listChanged":true}}"#);
    assert_eq!(described.instructions.as_deref(), Some("Ask.\n"));
    let described = outcome::<Describe>("outcome-describe-without-instructions");
    assert!(described.registered.is_empty() && described.instructions.is_none());
    assert_eq!(described.declared, "{}");
    let page = r#"[{"name":"add","inputSchema":{"type":"object"}}]"#;
    assert!(matches!(outcome::<List<'_>>("outcome-list"), Listed::Page(text, None) if text == page));
    let next = outcome::<List<'_>>("outcome-list-with-next");
    assert!(matches!(next, Listed::Page(text, Some(next)) if text == page && next == "add"));
    assert!(matches!(outcome::<List<'_>>("outcome-list-absent"), Listed::Absent));
    assert!(matches!(outcome::<List<'_>>("outcome-list-lost"), Listed::Lost));
    assert!(outcome::<Listening>("outcome-listening"));
}

#[test]
fn outcomes_of_a_call() {
    let called = |name: &str| outcome::<Call<'_>>(&format!("outcome-call-{name}"));
    assert!(
        matches!(called("returned"), Called::Returned(json) if json == r#"{"content":[{"type":"text","text":"3"}]}"#)
    );
    assert!(matches!(called("unknown"), Called::Unknown));
    assert!(matches!(called("invalid"), Called::Invalid(text) if text == "a: expected a number"));
    assert!(matches!(called("refused"), Called::Refused(text) if text == "The city is not known."));
    let Called::Forbidden { scope, metadata } = called("forbidden") else { panic!("it is forbidden") };
    assert_eq!((scope.as_str(), metadata.as_deref()), ("read write", Some(METADATA)));
    assert!(matches!(called("asks"), Called::Asks(json) if json.starts_with(r#"{"questions":[["name","#)));
    assert!(matches!(called("threw"), Called::Threw(id) if id == "7f3a9c"));
    assert!(matches!(called("unfit"), Called::Unfit(id) if id == "7f3a9c"));
    let Called::Fault(fault) = called("fault") else { panic!("a fault") };
    assert_eq!((fault.code, fault.message.as_str()), (Some(-32000), "Too many notes."));
    assert_eq!(fault.data.as_deref(), Some(r#"{"most":5}"#));
    let Called::Mirrored(mirrored) = called("mirrored") else { panic!("mirrored") };
    assert_eq!(mirrored.arguments, [("Region".into(), vec!["place".into(), "region".into()], "string".into())]);
    assert_eq!(mirrored.headers, [("region".to_owned(), "eu".to_owned())]);
    assert!(matches!(called("astray"), Called::Astray(json) if json == r#"{"isError":true}"#));
    let Called::Elsewhere(templates, uris) = called("templates") else { panic!("templates") };
    assert_eq!(uris, ["notes://all"]);
    assert_eq!((templates[0].name.as_str(), templates[0].template.as_str()), ("note", "notes://{id}"));
}

#[test]
fn outcomes_of_a_completion() {
    let completed = |name: &str| outcome::<Complete<'_>>(name);
    let values = r#"["Paris","Pau"]"#;
    assert!(matches!(completed("outcome-complete"), Completed::Values(text, 2) if text == values));
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
    assert_eq!(serde_json::to_string(&all.map(Failure::name)).unwrap(), golden("failures"));
}

#[test]
fn the_head_that_a_guard_reads() {
    let text = golden("guard-input");
    let head = Head::read(&text).unwrap();
    assert_eq!((head.method.as_ref(), head.url.as_ref()), ("OPTIONS", "http://mcp.example.com"));
    assert_eq!((head.methods.as_ref(), head.origin.as_deref()), ("GET, POST", Some("https://claude.ai")));
    assert_eq!((head.host.as_deref(), head.peer.as_deref()), (Some("mcp.example.com"), Some("203.0.113.7")));
    assert!(head.proxied && head.browser && !head.bearer);
    assert!(Head::read(&text.replace("browser", "bearer")).unwrap().bearer);
    assert_eq!(head.requested_headers.as_deref(), Some("content-type, mcp-method"));
    let text = golden("guard-input-least");
    let head = Head::read(&text).unwrap();
    assert!(head.origin.is_none() && head.peer.is_none() && head.requested_headers.is_none());
    assert!(Head::read("{}").is_none() && Head::read(&text.replace("url", "uri")).is_none());
}

/// The head in the file `name`, which has a string for each of its lines.
fn lines(name: &str) -> String {
    serde_json::from_str::<Vec<String>>(&golden(name)).unwrap().join("\n")
}

#[test]
fn the_head_that_the_endpoint_reads() {
    let text = lines("mcp-input");
    let request = Request::read(&text).unwrap();
    assert_eq!((request.method, request.server.text()), ("POST", r#"{"name":"test","version":"1.0.0"}"#));
    assert_eq!((request.transport, request.unread), (Transport::Http, Some(Unread::Oversize)));
    let texts = [
        (request.principal(), "user:github:1"),
        (request.client(), "c1"),
        (request.place.as_deref(), "AAAA"),
        (request.agent.as_deref(), "MyMCP"),
        (request.content_type, "application/json"),
        (request.accept, "*/*"),
        (request.protocol_version, "2026-07-28"),
        (request.session_id.as_deref(), "AQ"),
        (request.mcp_method, "tools/call"),
        (request.mcp_name, "=?base64?w6k=?="),
    ];
    for (read, written) in texts {
        assert_eq!(read, Some(written));
    }
    let text = lines("mcp-input-least");
    let request = Request::read(&text).unwrap();
    assert_eq!((request.transport, request.unread), (Transport::Http, None));
    assert!(request.principal().is_none() && request.place.is_none());
    for absent in [request.content_type, request.accept, request.protocol_version] {
        assert_eq!(absent, None);
    }
    let text = lines("mcp-input-of-a-stream");
    assert_eq!(Request::read(&text).unwrap().transport, Transport::SseStream);
    let text = lines("mcp-input-of-a-message");
    let request = Request::read(&text).unwrap();
    assert_eq!((request.transport, request.unread), (Transport::SseMessages, Some(Unread::Encoding)));
}

#[test]
fn what_a_handler_says() {
    assert!(Running::read(&golden("tell-input"), "POST\ns{}").is_some_and(|running| running.risen));
}

#[test]
fn what_a_verifier_reads() {
    assert!(jwt::Request::read(&golden("jwt-input"), "{}").is_some());
    assert!(jwt::Request::read("{}", "").is_some() && jwt::Request::read(r#"{"keys":{}}"#, "").is_none());
    let published = outcome::<Document>("outcome-document");
    assert_eq!((published.at, published.body.as_str()), (1_790_000_000_000, "é"));
    assert!(outcome::<Verify<'_>>("outcome-verify"));
}

#[test]
fn what_a_guard_hands_over_to_count() {
    for name in ["counted-calls", "counted-failures"] {
        let text = golden(name);
        assert!(Counted::read(&text).is_some(), "{name}");
        assert!(Counted::read(&text.replace(r#""most""#, r#""least""#)).is_none(), "{name}");
    }
}

#[test]
fn what_a_guard_hands_over_to_refuse_or_describe() {
    let text = golden("refused-input");
    let answer = refuse(&Refused::read(&text).unwrap());
    let challenge = answer.headers.iter().find(|(name, _)| *name == "www-authenticate").unwrap();
    assert!(challenge.1.contains(r#"scope="read write""#) && challenge.1.contains(METADATA), "{challenge:?}");
    assert_eq!(answer.status, 403);
    assert!(Refused::read(&text.replace(r#""scope","#, r#""else","#)).is_none());
    let text = golden("metadata-input");
    let request = metadata::Request::read(&text).unwrap();
    assert_eq!((request.method.as_ref(), request.resource.as_ref()), ("GET", "https://mcp.example.com/mcp"));
    assert_eq!((request.issuers.len(), request.scopes.len()), (1, 2));
    assert_eq!(request.name.as_deref(), Some("Weather"));
    assert_eq!(request.documentation.as_deref(), Some("https://mcp.example.com/docs"));
    assert!(metadata::Request::read("{}").is_none());
}

#[test]
fn the_configuration() {
    let config = golden("core-config");
    let policy = Policy::read(Object::read(&config).unwrap().get("origins").unwrap()).unwrap();
    assert_eq!(policy.allowed_origins, ["https://app.example.com"]);
    assert_eq!(policy.allowed_hosts, ["dev.example:8787"]);
    assert!(Policy::read(Value::read("{}").unwrap()).unwrap().allowed_origins.is_empty());
    for wrong in ["[]", r#"{"allowedOrigins":"https://app.example.com"}"#, r#"{"allowedHosts":[1]}"#] {
        assert!(Policy::read(Value::read(wrong).unwrap()).is_err(), "{wrong}");
    }
}
