//! The ladder by which an endpoint of two eras tells which one a request belongs to, row by row.

use serde_json::{Value as Json, json};

use super::{MODERN, Post, VERSION, WITH_INITIALIZE, modern_request, notification, request};

fn initialize(version: &str) -> Json {
    request("initialize", json!({"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "t"}}))
}

#[test]
fn row_1_what_is_no_post_is_not_allowed() {
    for version in [Some(MODERN), Some("2025-11-25"), None] {
        for method in ["GET", "DELETE", "PUT", "PATCH", "HEAD", "post", ""] {
            let post = Post::new(modern_request("tools/list", Json::Null)).with("method", method);
            let answered = post.with("protocolVersion", version).refused();
            assert_eq!(answered.fault(), (405, -32600), "{method}");
            assert_eq!(answered.header("allow"), Some("POST, OPTIONS"));
            assert!(answered.json().get("id").is_none());
        }
    }
}

#[test]
fn row_2_a_batch_is_of_the_older_era_and_holds_nothing_of_the_newer() {
    let plain = request("ping", Json::Null);
    assert_eq!(Post::new(json!([plain])).send().status(), 200);
    assert_eq!(Post::new(json!([])).refused().fault(), (400, -32600));
    for invalid in [json!(1), json!(null), json!("x"), json!([]), json!({}), json!({"jsonrpc": "2.0", "id": 1})] {
        for batch in [json!([invalid]), json!([plain, invalid]), json!([invalid, plain])] {
            assert_eq!(Post::new(&batch).refused().fault(), (400, -32600), "{batch}");
        }
    }
    let whole = modern_request("tools/list", Json::Null);
    let broken = request("tools/list", json!({"_meta": {VERSION: 5}}));
    let unsupported = request("tools/list", json!({"_meta": {VERSION: "1900-01-01"}}));
    let mut noted = notification("notifications/x");
    noted["params"] = json!({"_meta": {VERSION: MODERN}});
    for claim in [whole, broken, unsupported, noted] {
        for batch in [json!([claim]), json!([plain, claim])] {
            for version in [None, Some("2025-03-26"), Some(MODERN)] {
                let post = Post::new(&batch).with("protocolVersion", version).with("mcpMethod", "tools/list");
                assert_eq!(post.refused().fault(), (400, -32600), "{batch} under {version:?}");
            }
        }
    }
}

#[test]
fn row_3_initialize_without_a_claim_is_the_handshake() {
    for version in [None, Some("2025-11-25"), Some("2025-03-26"), Some("no revision at all"), Some("")] {
        let answered = Post::new(initialize("2025-06-18")).with("protocolVersion", version).send();
        assert_eq!(answered.result()["protocolVersion"], "2025-06-18", "{version:?}");
    }
    let answered = Post::new(initialize("2025-06-18")).with("protocolVersion", MODERN).refused();
    assert_eq!(answered.fault(), (400, -32020));
    assert_eq!(answered.json()["id"], 1);
}

#[test]
fn row_3_a_claim_that_is_not_whole_and_modern_does_not_change_that() {
    for meta in [json!({VERSION: 5}), json!({VERSION: MODERN}), json!({VERSION: "2025-11-25"}), json!({VERSION: null})]
    {
        let mut body = initialize("2025-06-18");
        body["params"]["_meta"] = meta;
        assert_eq!(Post::new(&body).send().result()["protocolVersion"], "2025-06-18", "{body}");
        let under_modern = Post::new(&body).with("protocolVersion", MODERN).with("mcpMethod", "initialize").refused();
        assert_eq!(under_modern.fault(), (400, -32020), "{body}");
    }
}

#[test]
fn row_4_a_claim_makes_a_request_modern_whatever_its_method() {
    assert_eq!(Post::modern("tools/list", Json::Null).send().result()["resultType"], "complete");
    let mut body = initialize("2025-06-18");
    body["params"] = modern_request("initialize", body["params"].clone())["params"].clone();
    let answered = Post::of_modern_body(&body).refused();
    assert_eq!(answered.fault(), (404, -32601));
    assert_eq!(answered.json()["id"], 1);
}

#[test]
fn row_4_first_the_envelope_then_the_headers_then_the_version() {
    let headless = |body: &Json| Post::new(body).refused().fault();
    // Everything is wrong: the envelope is named.
    let mut body = request("tools/list", json!({"_meta": {VERSION: "1900-01-01"}}));
    assert_eq!(headless(&body), (400, -32602));
    // The envelope is whole: the missing headers are named.
    body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
    assert_eq!(headless(&body), (400, -32020));
    let versioned = Post::new(&body).with("protocolVersion", "1900-01-01");
    assert_eq!(versioned.refused().fault(), (400, -32020), "without Mcp-Method");
    assert_eq!(versioned.clone().with("mcpMethod", "ping").refused().fault(), (400, -32020));
    let other_version = Post::new(&body).with("protocolVersion", MODERN).with("mcpMethod", "tools/list");
    assert_eq!(other_version.refused().fault(), (400, -32020));
    // The headers agree: the version is named.
    assert_eq!(versioned.with("mcpMethod", "tools/list").refused().fault(), (400, -32022));
}

#[test]
fn row_4_a_version_that_is_not_served_is_answered_with_those_that_are() {
    for version in ["1900-01-01", "2025-11-25", "2024-11-05", "2027-01-01", "", "\"", "2026-07-28 "] {
        let mut body = modern_request("server/discover", Json::Null);
        body["params"]["_meta"][VERSION] = version.into();
        let post = Post::new(&body).with("mcpMethod", "server/discover");
        // A header's white space does not count, so a version that ends in it is never mirrored.
        let answered = post.with("protocolVersion", version).refused();
        if version.trim() != version {
            assert_eq!(answered.fault(), (400, -32020), "{version:?}");
            continue;
        }
        assert_eq!(answered.fault(), (400, -32022), "{version:?}");
        let json = answered.json();
        assert_eq!(json["id"], 1);
        assert_eq!(json["error"]["data"], json!({"supported": [MODERN], "requested": version}));
    }
}

#[test]
fn row_5_a_modern_header_needs_the_envelope() {
    for params in [Json::Null, json!({}), json!({"_meta": {}}), json!({"_meta": {"progressToken": 1}})] {
        for method in ["tools/list", "tools/call", "ping", "no/such/method"] {
            let answered = Post::legacy(MODERN, method, params.clone()).with("mcpMethod", method).refused();
            assert_eq!(answered.fault(), (400, -32602), "{method} {params}");
            assert!(answered.message().contains("_meta"), "{}", answered.message());
        }
    }
}

#[test]
fn row_6_everything_else_speaks_as_its_header_says() {
    let called = |version: Option<&str>| {
        let post = Post::new(request("tools/list", Json::Null)).with("protocolVersion", version);
        post.send().result()
    };
    for version in WITH_INITIALIZE.into_iter().map(Some).chain([None, Some(" 2025-06-18\t")]) {
        assert!(called(version).get("resultType").is_none(), "{version:?}");
    }
    let batch = |version: Option<&str>| {
        Post::new(json!([request("ping", Json::Null)])).with("protocolVersion", version).send().status()
    };
    assert_eq!(batch(None), 200, "without a header it is 2025-03-26, which has batches");
    assert_eq!(batch(Some("2025-03-26")), 200);
    for version in ["2024-11-05", "2025-06-18", "2025-11-25"] {
        assert_eq!(batch(Some(version)), 400, "{version}");
    }
}

#[test]
fn row_6_an_unknown_header_is_refused() {
    for version in ["1900-01-01", "2026-07-29", "", "latest", "2025-06-18, 2025-11-25", "2025-06-18 2025-11-25"] {
        for body in [request("tools/list", Json::Null), notification("notifications/initialized")] {
            let answered = Post::new(&body).with("protocolVersion", version).refused();
            assert_eq!(answered.fault(), (400, -32600), "{version:?} {body}");
            for known in WITH_INITIALIZE.into_iter().chain([MODERN]) {
                assert!(answered.message().contains(known), "{}", answered.message());
            }
        }
    }
}

#[test]
fn row_7_notifications_are_taken_in_and_dropped() {
    let mut claimed = notification("notifications/cancelled");
    claimed["params"] = modern_request("x", json!({"requestId": 5}))["params"].clone();
    for version in [Some(MODERN), None, Some("2025-06-18")] {
        assert!(Post::new(&claimed).with("protocolVersion", version).refused().is_accepted(), "{version:?}");
    }
    for version in WITH_INITIALIZE.into_iter().chain([MODERN]) {
        for method in ["notifications/initialized", "notifications/cancelled", "no/such", "tools/call", "initialize"] {
            let post = Post::new(notification(method)).with("protocolVersion", version);
            assert!(post.refused().is_accepted(), "{version} {method}");
        }
    }
}

#[test]
fn responses_are_taken_in_by_older_revisions_only() {
    for answer in [
        json!({"result": {}}),
        json!({"error": {"code": 1, "message": "no"}}),
        json!({"result": null}),
        json!({"result": {}, "error": null}),
        json!({"result": null, "error": {"code": 1, "message": "no"}}),
    ] {
        let mut body = json!({"jsonrpc": "2.0", "id": 1});
        body.as_object_mut().unwrap().extend(answer.as_object().unwrap().clone());
        for version in WITH_INITIALIZE.into_iter().map(Some).chain([None]) {
            assert!(Post::new(&body).with("protocolVersion", version).refused().is_accepted(), "{body} {version:?}");
        }
        let refused = Post::new(&body).with("protocolVersion", MODERN).refused();
        assert_eq!(refused.fault(), (400, -32600), "{body}");
        assert_eq!(refused.json().get("id"), None, "the id is not one of the client's requests");
    }
}

#[test]
fn what_2026_07_28_has_removed_is_unknown_there() {
    for method in [
        "initialize",
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
        "tasks/list",
        "tasks/result",
        "notifications/initialized",
        "notifications/roots/list_changed",
        "notifications/elicitation/complete",
        "roots/list",
        "sampling/createMessage",
        "elicitation/create",
        "no/such",
        "",
        "__proto__",
        "TOOLS/LIST",
        "tools/list ",
    ] {
        let body = modern_request(method, Json::Null);
        let mut post = Post::of_modern_body(&body);
        if method.trim() != method {
            post = post.with("mcpMethod", "=?base64?dG9vbHMvbGlzdCA=?=");
            assert_eq!(post.refused().status(), 400, "such a method cannot be mirrored");
            continue;
        }
        let answered = post.refused();
        assert_eq!(answered.fault(), (404, -32601), "{method}");
        assert_eq!(answered.json()["id"], 1);
    }
}

#[test]
fn an_unknown_method_of_an_older_revision_is_told_in_the_body_only() {
    for version in WITH_INITIALIZE {
        for method in ["no/such", "server/discover", "tools", ""] {
            assert_eq!(
                Post::legacy(version, method, Json::Null).refused().fault(),
                (200, -32601),
                "{version} {method}"
            );
        }
    }
}

#[test]
fn a_session_of_an_older_revision_means_nothing_to_a_modern_request() {
    let post = Post::modern("tools/list", Json::Null).with("sessionId", "no such session");
    let answered = post.send();
    assert_eq!(answered.status(), 200);
    assert_eq!(answered.header("mcp-session-id"), None);
}
