//! The headers that mirror a 2026-07-28 body, and how values are written in them.

use mcp_wicket::mcp::header::{decode, encode};
use serde_json::{Value as Json, json};

use super::{MODERN, Post};

fn call(name: &str) -> Post {
    Post::modern("tools/call", json!({"name": name, "arguments": {}}))
}

fn mismatches(post: &Post, header: &str) {
    let answered = post.refused();
    assert_eq!(answered.fault(), (400, -32020), "{post:?}");
    assert_eq!(answered.json()["id"], 1);
    assert!(answered.message().contains(header), "{}", answered.message());
}

/// The vectors of the specification.
const ENCODED: &[(&str, &str)] = &[
    ("us-west1", "us-west1"),
    ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
    (" padded ", "=?base64?IHBhZGRlZCA=?="),
    ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
    ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
    // Not of the specification.
    ("", ""),
    ("a b", "a b"),
    ("~", "~"),
    ("\u{7f}", "=?base64?fw==?="),
    ("\t", "=?base64?CQ==?="),
    ("=?Base64?x?=", "=?Base64?x?="),
];

#[test]
fn values_are_written_as_the_specification_has_it() {
    for (value, header) in ENCODED {
        assert_eq!(encode(value), *header, "{value:?}");
        assert_eq!(decode(header).as_deref(), Ok(*value), "{header}");
    }
}

/// What carries the markers exactly and no base64 of Unicode between them.
const MALFORMED: &[&str] = &[
    "=?base64?SGVsbG8?=",
    "=?base64?SGVsbG8===?=",
    "=?base64?SGVs bG8=?=",
    "=?base64?SGVsbG8=\t?=",
    "=?base64?=?=",
    "=?base64?A?=",
    "=?base64?AA=?=",
    "=?base64?SGVsbG9=?=",
    "=?base64?-_-_?=",
    "=?base64?é?=",
    "=?base64?/w==?=",
    "=?base64?7aCA?=",
    "=?base64?ZWNobw==?=?=",
];

#[test]
fn malformed_base64_is_no_value() {
    for header in MALFORMED {
        assert!(decode(header).is_err(), "{header}");
        mismatches(&call("echo").with("mcpName", *header), "Mcp-Name");
    }
}

#[test]
fn markers_that_are_not_exact_are_plain_text() {
    for header in [
        "=?BASE64?ZWNobw==?=",
        "=?base64?ZWNobw==",
        "=?base64?ZWNobw==?",
        "=?base64ZWNobw==?=",
        "?base64?ZWNobw==?=",
        "x=?base64?ZWNobw==?=",
        "=?base64?ZWNobw==?=x",
        "=?utf-8?b?ZWNobw==?=",
        "=?base64?=",
    ] {
        assert_eq!(decode(header).as_deref(), Ok(header));
        mismatches(&call("echo").with("mcpName", header), "Mcp-Name");
        assert_eq!(call(header).with("mcpName", encode(header)).send().status(), 200, "{header}");
    }
    assert_eq!(decode("=?base64??=").as_deref(), Ok(""));
}

#[test]
fn a_name_may_be_mirrored_plain_or_encoded() {
    for (name, header) in ENCODED {
        assert_eq!(call(name).with("mcpName", *header).send().status(), 200, "{name:?}");
    }
    assert_eq!(call("echo").with("mcpName", "=?base64?ZWNobw==?=").send().status(), 200);
    assert_eq!(call("echo").with("mcpName", " \techo\t ").send().status(), 200, "white space around it does not count");
    assert_eq!(call("").with("mcpName", "").send().status(), 200);
}

#[test]
fn a_name_that_is_not_mirrored_is_refused() {
    mismatches(&call("echo").without("mcpName"), "Mcp-Name");
    for header in ["", "Echo", "ech", "echoo", "echo,echo", "\"echo\"", "=?base64?RWNobw==?=", "echo\u{a0}"] {
        mismatches(&call("echo").with("mcpName", header), "Mcp-Name");
    }
    mismatches(&call(" padded ").with("mcpName", " padded "), "Mcp-Name");
    mismatches(&call("=?base64?ZWNobw==?=").with("mcpName", "=?base64?ZWNobw==?="), "Mcp-Name");
}

#[test]
fn each_method_has_its_own_source_of_the_name() {
    for (method, params, mirrored) in [
        ("prompts/get", json!({"name": "p", "uri": "u:"}), "p"),
        ("resources/read", json!({"name": "p", "uri": "u:"}), "u:"),
        ("tools/call", json!({"name": "p", "uri": "u"}), "p"),
    ] {
        let post = Post::modern(method, params);
        mismatches(&post.clone().with("mcpName", "x"), "Mcp-Name");
        mismatches(&post.clone().without("mcpName"), "Mcp-Name");
        let answered = post.with("mcpName", mirrored).send();
        assert_ne!(answered.status(), 400, "{method}");
    }
    let unnamed = Post::modern("tools/list", Json::Null).with("mcpName", "whatever");
    assert_eq!(unnamed.send().status(), 200, "a list has no name to mirror");
    for name in [json!(5), json!(null), json!({})] {
        let answered = Post::modern("tools/call", json!({"name": name})).without("mcpName").refused();
        assert_eq!(answered.fault(), (200, -32602), "what is no name is the call's own fault: {name}");
    }
}

#[test]
fn version_and_method_are_mirrored_as_they_are() {
    let post = Post::modern("tools/list", Json::Null);
    for version in
        ["2025-11-25", "2026-07-29", "", "2026-07-28x", "=?base64?MjAyNi0wNy0yOA==?=", "2026-07-28, 2026-07-28"]
    {
        mismatches(&post.clone().with("protocolVersion", version), "MCP-Protocol-Version");
    }
    mismatches(&post.clone().without("protocolVersion"), "MCP-Protocol-Version");
    for method in ["tools/call", "Tools/List", "", "tools/lis", "=?base64?dG9vbHMvbGlzdA==?="] {
        mismatches(&post.clone().with("mcpMethod", method), "Mcp-Method");
    }
    mismatches(&post.clone().without("mcpMethod"), "Mcp-Method");
    let spaced = post.with("mcpMethod", "\ttools/list ").with("protocolVersion", format!(" {MODERN}\t"));
    assert_eq!(spaced.send().status(), 200);
}

#[test]
fn older_revisions_mirror_nothing() {
    let post = Post::legacy("2025-11-25", "tools/call", json!({"name": "echo"}));
    assert_eq!(post.with("mcpMethod", "x").with("mcpName", "=?base64?!?=").send().status(), 200);
}

#[test]
fn a_missing_header_is_named_with_the_value_to_send() {
    assert!(call("Hello, 世界").without("mcpName").refused().message().contains("=?base64?SGVsbG8sIOS4lueVjA==?="));
    assert!(call("echo").without("mcpMethod").refused().message().contains("tools/call"));
}

/// What no header may hold as it stands (RFC 9110 §5.5, streamable-http §Value Encoding): equal or not, it has to be encoded.
#[test]
fn characters_that_no_header_may_have_are_refused() {
    for name in ["é", "世界", "a\u{1}b", "a\u{7f}", "a\u{a0}b", "\u{feff}a"] {
        assert!(decode(name).is_err(), "{name:?}");
        mismatches(&call(name).with("mcpName", name), "Mcp-Name");
        assert_eq!(call(name).with("mcpName", &*encode(name)).send().status(), 200, "{name:?}");
        mismatches(&Post::modern(name, json!({})).with("mcpMethod", name), "Mcp-Method");
    }
    assert_eq!(call("a\tb ~").with("mcpName", "a\tb ~").send().status(), 200, "tabs and spaces inside may be");
}
