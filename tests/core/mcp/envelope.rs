//! The metadata that each 2026-07-28 request carries: what is missing or of another kind is named.

use serde_json::{Value as Json, json};

use super::{CAPABILITIES, MODERN, Post, VERSION, WITH_INITIALIZE, request};
use crate::world::Said;

fn refused(meta: &Json) -> ((u16, i64), String) {
    let body = request("tools/list", json!({"_meta": meta}));
    let answered = Post::new(&body).with("protocolVersion", MODERN).with("mcpMethod", "tools/list").refused();
    assert_eq!(answered.json()["id"], 1);
    (answered.fault(), answered.message())
}

#[test]
fn the_member_that_is_missing_or_of_another_kind_is_named() {
    for (meta, named) in [
        (json!({CAPABILITIES: {}}), VERSION),
        (json!({VERSION: null, CAPABILITIES: {}}), VERSION),
        (json!({VERSION: 20_260_728, CAPABILITIES: {}}), VERSION),
        (json!({VERSION: [MODERN], CAPABILITIES: {}}), VERSION),
        (json!({VERSION: MODERN}), CAPABILITIES),
        (json!({VERSION: MODERN, CAPABILITIES: null}), CAPABILITIES),
        (json!({VERSION: MODERN, CAPABILITIES: []}), CAPABILITIES),
        (json!({VERSION: MODERN, CAPABILITIES: "{}"}), CAPABILITIES),
        (json!({VERSION: MODERN, CAPABILITIES: true}), CAPABILITIES),
    ] {
        let (fault, message) = refused(&meta);
        assert_eq!(fault, (400, -32602), "{meta}");
        let other = if named == VERSION { CAPABILITIES } else { VERSION };
        assert!(message.contains(named) && !message.contains(other), "{meta}: {message}");
    }
}

#[test]
fn metadata_and_parameters_are_objects() {
    for meta in [json!([]), json!(1), json!("x"), json!(true)] {
        let (fault, message) = refused(&meta);
        assert_eq!(fault, (400, -32602), "{meta}");
        assert!(message.contains("_meta"), "{message}");
    }
    for params in ["[]", "1", "\"x\"", "true"] {
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{params}}}"#);
        for version in [MODERN, "2025-11-25"] {
            let answered = Post::new(&body).with("protocolVersion", version).refused();
            assert_eq!(answered.fault(), (400, -32602), "{params}");
            assert_eq!(answered.json()["id"], 1);
        }
    }
}

#[test]
fn parameters_and_metadata_that_are_null_are_absent() {
    let page = |_: &Json| Said::Ok(r#"{"all":[]}"#.into());
    for params in ["null", r#"{"_meta":null}"#, r#"{"cursor":null,"_meta":null}"#] {
        for version in WITH_INITIALIZE {
            let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{params}}}"#);
            let answered = Post::new(&body).with("protocolVersion", version).send_to(page);
            assert_eq!(answered.result()["tools"], json!([]), "{version} {params}");
        }
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{params}}}"#);
        let answered = Post::new(&body).with("protocolVersion", MODERN).refused();
        assert_eq!(answered.fault(), (400, -32602));
        assert!(answered.message().contains("`params._meta` is required"), "{}", answered.message());
    }
    let meta = format!(
        r#"{{"{VERSION}":"{MODERN}","{CAPABILITIES}":{{}},"io.modelcontextprotocol/logLevel":null,"progressToken":null}}"#
    );
    let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{"_meta":{meta}}}}}"#);
    let answered = Post::new(&body).with("protocolVersion", MODERN).with("mcpMethod", "tools/list").send_to(page);
    assert_eq!(answered.result()["tools"], json!([]));
}

#[test]
fn a_member_that_is_there_twice_is_no_metadata() {
    for meta in [
        format!(r#"{{"{VERSION}":"{MODERN}","{VERSION}":"2025-11-25","{CAPABILITIES}":{{}}}}"#),
        format!(r#"{{"{VERSION}":"{MODERN}","{CAPABILITIES}":{{}},"{CAPABILITIES}":{{"sampling":{{}}}}}}"#),
    ] {
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{"_meta":{meta}}}}}"#);
        let answered = Post::new(&body).with("protocolVersion", MODERN).with("mcpMethod", "tools/list").refused();
        assert_eq!(answered.fault(), (400, -32602), "{meta}");
        assert!(answered.message().contains("is duplicated"), "{}", answered.message());
    }
}

#[test]
fn further_members_are_the_clients_own() {
    let mut body = super::modern_request("tools/list", Json::Null);
    let meta = body["params"]["_meta"].as_object_mut().unwrap();
    meta.insert("io.modelcontextprotocol/clientInfo".into(), json!(5));
    meta.insert("progressToken".into(), json!({"any": "thing"}));
    meta.insert("__proto__".into(), json!(null));
    meta[CAPABILITIES] = json!({"elicitation": {}, "no such": [1]});
    assert_eq!(Post::of_modern_body(&body).send().status(), 200);
}

#[test]
fn a_claim_hidden_behind_escapes_is_a_claim() {
    let version = VERSION.replace("/p", "\\u002f\\u0070");
    let body =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{"_meta":{{"{version}":"{MODERN}"}}}}}}"#);
    assert_eq!(Post::new(&body).refused().fault(), (400, -32602), "the capabilities are missing");
}
