//! What may be asked of a client, and what counts as an answer.

use mcp_wicket::json::Value;
use mcp_wicket::mcp::capabilities::Capabilities;
use mcp_wicket::mcp::revision::Revision;
use mcp_wicket::mcp::server_request::ServerRequest;
use serde_json::{Value as Json, json};

const NEW: Revision = Revision::V2026_07_28;
const OLD: Revision = Revision::V2025_11_25;

fn asked(revision: Revision, kind: &str, params: &Json) -> Result<Json, String> {
    let text = params.to_string();
    let question = ServerRequest::read(revision, kind, Some(Value::read(&text).unwrap()));
    question
        .map(|question| serde_json::from_str(&question.input_request()).unwrap())
        .map_err(std::borrow::Cow::into_owned)
}

/// Whether `answer` counts for what was asked.
fn counts(kind: &str, params: &Json, answer: &Json) -> bool {
    let (params, answer) = (params.to_string(), answer.to_string());
    let question = ServerRequest::read(NEW, kind, Some(Value::read(&params).unwrap())).unwrap();
    question.check(Value::read(&answer).unwrap()).is_ok()
}

fn form(properties: &Json, required: &[&str]) -> Json {
    json!({"message": "?", "requestedSchema": {"type": "object", "properties": properties, "required": required}})
}

#[test]
fn questions_go_out_as_they_were_asked() {
    let name = form(&json!({"name": {"type": "string", "default": "John Doe"}}), &["name"]);
    assert_eq!(asked(NEW, "elicit", &name).unwrap(), json!({"method": "elicitation/create", "params": name}));
    assert_eq!(asked(NEW, "elicitation/create", &name), asked(NEW, "elicit", &name));
    let sample = json!({"messages": [], "maxTokens": 5, "temperature": 0.5});
    assert_eq!(asked(OLD, "sample", &sample).unwrap(), json!({"method": "sampling/createMessage", "params": sample}));
    assert_eq!(asked(OLD, "roots", &json!({})).unwrap()["method"], "roots/list");
}

#[test]
fn a_form_says_its_mode_where_there_are_modes() {
    let mut with_mode = form(&json!({}), &[]);
    with_mode["mode"] = "form".into();
    assert_eq!(asked(OLD, "elicit", &with_mode).unwrap()["params"]["mode"], "form");
    assert_eq!(asked(Revision::V2025_06_18, "elicit", &with_mode).unwrap()["params"].get("mode"), None);
}

#[test]
fn a_page_is_https_and_named_where_names_are_needed() {
    let page = |url: &str| json!({"mode": "url", "message": "?", "url": url, "elicitationId": "e"});
    assert_eq!(asked(OLD, "elicit", &page("https://a.example/x")).unwrap()["params"], page("https://a.example/x"));
    let params = asked(NEW, "elicit", &page("https://a.example/x")).unwrap()["params"].clone();
    assert_eq!(params.get("elicitationId"), None);
    asked(NEW, "elicit", &page("http://localhost:8787/x")).unwrap();
    for url in ["http://a.example", "javascript:alert(1)", "http://localhost.evil.example", "", "//a.example"] {
        assert!(asked(NEW, "elicit", &page(url)).is_err(), "{url}");
    }
    let unnamed = json!({"mode": "url", "message": "?", "url": "https://a.example"});
    assert!(asked(OLD, "elicit", &unnamed).is_err() && asked(NEW, "elicit", &unnamed).is_ok());
}

#[test]
fn what_cannot_be_asked() {
    let nested = form(&json!({"a": {"type": "object"}}), &[]);
    let wrong = [
        ("elicit", json!({})),
        ("elicit", json!({"message": "?"})),
        ("elicit", json!({"message": 1, "requestedSchema": {"type": "object"}})),
        ("elicit", json!({"message": "?", "requestedSchema": {"type": "string"}})),
        ("elicit", json!({"message": "?", "mode": "voice", "requestedSchema": {"type": "object"}})),
        ("elicit", nested),
        ("sample", json!({"messages": []})),
        ("sample", json!({"messages": "x", "maxTokens": 1})),
        ("sample", json!({"messages": [], "maxTokens": 1.5})),
        ("tools/list", json!({})),
        ("", json!({})),
    ];
    for (kind, params) in wrong {
        assert!(!asked(NEW, kind, &params).unwrap_err().is_empty(), "{kind} {params}");
    }
    assert!(asked(NEW, "ping", &json!({})).is_err() && asked(OLD, "ping", &json!({})).is_ok());
}

#[test]
fn a_question_needs_what_it_needs() {
    let needs = |kind: &str, params: Json| {
        let text = params.to_string();
        ServerRequest::read(NEW, kind, Some(Value::read(&text).unwrap())).unwrap().needs
    };
    assert_eq!(needs("elicit", form(&json!({}), &[])), Capabilities::FORMS);
    assert_eq!(needs("elicit", json!({"mode": "url", "message": "?", "url": "https://a.example"})), Capabilities::URLS);
    assert_eq!(needs("sample", json!({"messages": [], "maxTokens": 1})), Capabilities::SAMPLING);
    assert_eq!(needs("sample", json!({"messages": [], "maxTokens": 1, "tools": []})), Capabilities::SAMPLING_TOOLS);
    assert_eq!(needs("roots", json!({})), Capabilities::ROOTS);
}

#[test]
fn capabilities_are_read_as_clients_declare_them() {
    let of = |declared: Json| {
        let text = declared.to_string();
        Capabilities::of(Some(Value::read(&text).unwrap()))
    };
    assert!(of(json!({"elicitation": {}})).have(Capabilities::FORMS));
    assert!(!of(json!({"elicitation": {}})).have(Capabilities::URLS));
    assert!(!of(json!({"elicitation": {"url": {}}})).have(Capabilities::FORMS));
    assert!(of(json!({"elicitation": {"url": {}, "form": {}}})).have(Capabilities::FORMS));
    assert!(of(json!({"sampling": {"tools": {}}})).have(Capabilities::SAMPLING));
    assert!(!of(json!({"sampling": {}})).have(Capabilities::SAMPLING_TOOLS));
    for nothing in [json!({}), json!(null), json!([]), json!({"roots": true}), json!({"sampling": "yes"})] {
        assert_eq!(of(nothing), Capabilities::default());
    }
}

#[test]
fn answers_to_a_form_fit_it() {
    let properties = json!({
        "name": {"type": "string"},
        "age": {"type": "integer"},
        "score": {"type": "number"},
        "ok": {"type": "boolean"},
        "one": {"type": "string", "enum": ["a", "b"]},
        "titled": {"type": "string", "oneOf": [{"const": "x", "title": "X"}]},
        "many": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
        "manyTitled": {"type": "array", "items": {"anyOf": [{"const": "x", "title": "X"}]}},
    });
    let form = form(&properties, &["name"]);
    let accept = |content: Json| json!({"action": "accept", "content": content});
    let all = json!({"name": "é", "age": -3, "score": 1.5, "ok": false, "one": "b", "titled": "x", "many": ["a"],
                     "manyTitled": ["x"], "more": 1});
    for good in [
        accept(all),
        accept(json!({"name": ""})),
        json!({"action": "decline"}),
        json!({"action": "cancel"}),
        accept(json!({"name": "a", "age": null})),
    ] {
        assert!(counts("elicit", &form, &good), "{good}");
    }
    let wrong = [
        json!(null),
        json!({}),
        json!({"action": "yes"}),
        json!({"action": "accept"}),
        accept(json!({})),
        accept(json!({"name": 1})),
        accept(json!({"name": null})),
        accept(json!({"name": "a", "age": 1.5})),
        accept(json!({"name": "a", "age": "3"})),
        accept(json!({"name": "a", "score": "1"})),
        accept(json!({"name": "a", "ok": "true"})),
        accept(json!({"name": "a", "one": "c"})),
        accept(json!({"name": "a", "titled": "y"})),
        accept(json!({"name": "a", "many": "a"})),
        accept(json!({"name": "a", "many": ["c"]})),
        accept(json!({"name": "a", "manyTitled": ["y"]})),
    ];
    for wrong in wrong {
        assert!(!counts("elicit", &form, &wrong), "{wrong}");
    }
}

/// What 2025-11-25 client/elicitation §Requested Schema has beside types and choices: lengths and ranges.
#[test]
fn answers_to_a_form_keep_to_its_limits() {
    let fits = |schema: Json, value: Json| {
        let form = form(&json!({"field": schema}), &[]);
        counts("elicit", &form, &json!({"action": "accept", "content": {"field": value}}))
    };
    let text = json!({"type": "string", "minLength": 2, "maxLength": 3});
    for (value, good) in [("a", false), ("éé", true), ("𝒳𝒳𝒳", true), ("abcd", false), ("", false)] {
        assert_eq!(fits(text.clone(), json!(value)), good, "{value}");
    }
    let many = json!({"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "string"}});
    for (value, good) in
        [(json!([]), false), (json!(["a"]), true), (json!(["a", "b"]), true), (json!(["a", "b", "c"]), false)]
    {
        assert_eq!(fits(many.clone(), value.clone()), good, "{value}");
    }
    let number = |text: &str| serde_json::from_str::<Json>(text).unwrap();
    for (low, high, value, good) in [
        ("0", "10", "0", true),
        ("0", "10", "10", true),
        ("0", "10", "11", false),
        ("0", "10", "-1", false),
        ("0", "10", "-0", true),
        ("0.5", "10.25", "0.49", false),
        ("0.5", "10.25", "0.50", true),
        ("0.5", "10.25", "10.250", true),
        ("0.5", "10.25", "10.2501", false),
        ("0.5", "10.25", "9.9", true),
        ("-10", "-2.5", "-2.5", true),
        ("-10", "-2.5", "-2.4", false),
        ("-10", "-2.5", "-10.1", false),
        ("-10", "-2.5", "0", false),
        ("15", "480", "100", true),
        ("15", "480", "9", false),
    ] {
        let schema = json!({"type": "number", "minimum": number(low), "maximum": number(high)});
        assert_eq!(fits(schema, number(value)), good, "{low} {value} {high}");
    }
    assert!(!fits(json!({"type": "integer", "minimum": 1}), json!(0)));
    assert!(
        fits(json!({"type": "integer", "minimum": "1", "maxLength": -1}), json!(0)),
        "limits that are none limit nothing"
    );
}

#[test]
fn answers_of_models_and_of_folders() {
    let sample = json!({"messages": [], "maxTokens": 1});
    assert!(counts(
        "sample",
        &sample,
        &json!({"role": "assistant", "model": "m", "content": {"type": "text", "text": ""}})
    ));
    let several = json!({"role": "assistant", "model": "m", "content": [{"type": "tool_use"}]});
    assert!(!counts("sample", &sample, &several), "only where there are tools");
    assert!(counts("sample", &json!({"messages": [], "maxTokens": 1, "tools": []}), &several));
    for wrong in
        [json!({}), json!({"role": "assistant", "model": "m"}), json!({"role": 1, "model": "m", "content": []})]
    {
        assert!(!counts("sample", &sample, &wrong), "{wrong}");
    }
    assert!(counts("roots", &json!({}), &json!({"roots": [{"uri": "file:///x", "name": "x"}]})));
    for wrong in [json!({}), json!({"roots": {}}), json!({"roots": [{}]}), json!({"roots": ["file:///x"]})] {
        assert!(!counts("roots", &json!({}), &wrong), "{wrong}");
    }
}
