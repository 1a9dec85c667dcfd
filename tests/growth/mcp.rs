//! The MCP endpoint.

use mcp_wicket::crypto::Keys;
use mcp_wicket::mcp::handler_messages::{Running, report};
use mcp_wicket::mcp::sealing::Sealing;
use mcp_wicket::mcp::uri_template::UriTemplate;
use mcp_wicket::mcp::{Request, header, placement, serve, uri};
use serde_json::{Value as Json, json};

use super::{Row, Work, done};
use crate::world::{Said, World, head};

const SECRET: &str = "7Hq2vZ4cX9mK1pR8sT5wY3nB6dF0gJ2lQ8uE4iO6aL1";

fn said(effect: &Json) -> Said {
    match effect["kind"].as_str().unwrap() {
        "ask" | "reach" | "listening" => Said::Ok("true".into()),
        "list" => Said::Ok(json!({"all": []}).to_string()),
        "listen" => Said::Ok("{}".into()),
        "complete" => Said::Ok(json!({"values": [], "total": 0}).to_string()),
        _ => Said::Ok(json!({"returned": {"content": []}}).to_string()),
    }
}

/// A whole request with these headers; what becomes of it does not matter.
fn post(more: &Json, body: String) -> Work {
    let mut parts = json!({"method": "POST", "server": {"name": "a", "version": "1"}, "contentType": "application/json",
                           "accept": "application/json, text/event-stream"});
    parts.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let head = head(&parts);
    Box::new(move || {
        let keys = Keys::parse(SECRET).unwrap();
        let request = Request::read(&head).unwrap().with_keys(Sealing::Keys(&keys));
        done(World::new(said).run(async |flow| mcp_wicket::json::write(&serve(flow, &request, &body).await)));
        done(
            World::new(said).run(async |flow| mcp_wicket::json::write(&placement::place(flow, &request, &body).await)),
        );
    })
}

/// A request of 2025-06-18.
fn call(method: &str, params: &Json) -> Work {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    post(&json!({"protocolVersion": "2025-06-18"}), body.to_string())
}

/// A request of 2026-07-28.
fn modern(method: &str, mut params: Json) -> Work {
    params["_meta"] = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28",
                             "io.modelcontextprotocol/clientCapabilities": {}});
    let name = params.get("name").or(params.get("uri")).cloned().unwrap_or_default();
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let head = json!({"protocolVersion": "2026-07-28", "mcpMethod": method, "mcpName": name});
    post(&head, body.to_string())
}

/// A ping whose head has this.
fn ping(name: &str, value: String) -> Work {
    post(&json!({name: value}), json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}).to_string())
}

/// The resource is neither there nor elsewhere, but these templates are.
fn read(uri: String, templates: &[&str]) -> Work {
    let elsewhere = templates.iter().map(|template| json!({"name": template, "template": template}));
    let elsewhere = json!({"elsewhere": {"templates": elsewhere.collect::<Vec<_>>(), "uris": ["a://b"]}}).to_string();
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": uri}}).to_string();
    let parts = json!({"method": "POST", "server": {"name": "a"}, "contentType": "application/json",
                       "protocolVersion": "2025-06-18"});
    let head = head(&parts);
    Box::new(move || {
        let request = Request::read(&head).unwrap();
        let say = |_: &Json| Said::Ok(elsewhere.clone());
        done(World::new(say).run(async |flow| mcp_wicket::json::write(&serve(flow, &request, &body).await)));
    })
}

fn canonical(text: String) -> Work {
    Box::new(move || {
        done(uri::canonical(&text));
        done(uri::by_path(&text));
        done(uri::template(&text));
    })
}

fn matched(template: String, uri: String) -> Work {
    Box::new(move || done(UriTemplate::parse(&template).unwrap().matches(&uri)))
}

/// What a handler's client has answered to a question.
fn reply(say: &Json) -> Work {
    let input = json!({"id": 1, "meta": {}, "say": {"reply": say}}).to_string();
    let head = head(&json!({"method": "POST", "server": {"name": "a"}, "protocolVersion": "2025-06-18"}));
    Box::new(move || {
        let running = Running::read(&input, &head).unwrap();
        done(World::new(said).run(async |flow| mcp_wicket::json::write(&report(flow, &running).await)));
    })
}

fn names(many: usize) -> Vec<String> {
    (0..many).map(|number| format!("file:///{number:06}")).collect()
}

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "JSON-RPC: a batch of as many messages as may be",
        most: 100,
        ready: |size| {
            let messages = vec![json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}); size];
            post(&json!({"protocolVersion": "2025-03-26"}), json!(messages).to_string())
        },
    },
    Row {
        name: "JSON-RPC: a batch of too many messages",
        most: 20_000,
        ready: |size| post(&json!({"protocolVersion": "2025-03-26"}), format!("[{}1]", "1,".repeat(size))),
    },
    Row {
        name: "JSON-RPC: a batch of long messages",
        most: 200_000,
        ready: |size| {
            let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "a", "arguments": {"a": "x".repeat(size / 100)}}});
            post(&json!({"protocolVersion": "2025-03-26"}), json!(vec![message; 100]).to_string())
        },
    },
    Row {
        name: "JSON-RPC: an id that is too long",
        most: 100_000,
        ready: |size| post(&json!({}), json!({"jsonrpc": "2.0", "id": "x".repeat(size), "method": "ping"}).to_string()),
    },
    Row {
        name: "JSON-RPC: a method that nobody knows",
        most: 100_000,
        ready: |size| call(&"x".repeat(size), &json!({})),
    },
    Row {
        name: "a tool's arguments, many",
        most: 100_000,
        ready: |size| call("tools/call", &json!({"name": "a", "arguments": {"a": vec![1; size / 2]}})),
    },
    Row {
        name: "a tool's arguments, escaped",
        most: 100_000,
        ready: |size| modern("tools/call", json!({"name": "a", "arguments": {"a": "\"".repeat(size / 2)}})),
    },
    Row {
        name: "a tool's name",
        most: 100_000,
        ready: |size| modern("tools/call", json!({"name": "é".repeat(size / 2)})),
    },
    Row {
        name: "metadata that is too long",
        most: 100_000,
        ready: |size| call("tools/call", &json!({"name": "a", "_meta": {"a": "x".repeat(size)}})),
    },
    Row {
        name: "a progress token that is too long",
        most: 60_000,
        ready: |size| call("tools/call", &json!({"name": "a", "_meta": {"progressToken": "x".repeat(size)}})),
    },
    Row {
        name: "a state of a round that is made up",
        most: 100_000,
        ready: |size| modern("tools/call", json!({"name": "a", "requestState": "A".repeat(size)})),
    },
    Row {
        name: "answers that nobody asked for",
        most: 100_000,
        ready: |size| {
            let answers = (0..250).map(|number| (format!("{}{number:03}", "x".repeat(size / 250)), json!({})));
            modern("tools/call", json!({"name": "a", "inputResponses": answers.collect::<serde_json::Map<_, _>>()}))
        },
    },
    Row {
        name: "more and more answers that nobody asked for",
        most: 240,
        ready: |size| {
            let answers = (0..size).map(|number| (format!("{}{number:03}", "x".repeat(100)), json!({})));
            modern("tools/call", json!({"name": "a", "inputResponses": answers.collect::<serde_json::Map<_, _>>()}))
        },
    },
    Row { name: "a cursor", most: 100_000, ready: |size| call("tools/list", &json!({"cursor": "A".repeat(size)})) },
    Row {
        name: "a value to be completed",
        most: 8_000,
        ready: |size| {
            call(
                "completion/complete",
                &json!({"ref": {"type": "ref/prompt", "name": "a"}, "argument": {"name": "a", "value": "x".repeat(size)}}),
            )
        },
    },
    Row {
        name: "arguments that are known when one is completed",
        most: 100_000,
        ready: |size| {
            let known = (0..250).map(|number| (number.to_string(), json!("x".repeat(size / 250))));
            call(
                "completion/complete",
                &json!({"ref": {"type": "ref/prompt", "name": "a"}, "argument": {"name": "a", "value": ""},
                                            "context": {"arguments": known.collect::<serde_json::Map<_, _>>()}}),
            )
        },
    },
    Row {
        name: "resources to listen to",
        most: 1_000,
        ready: |size| {
            let mut names = names(size);
            names.reverse();
            modern("subscriptions/listen", json!({"notifications": {"resourceSubscriptions": names}}))
        },
    },
    Row {
        name: "one resource to listen to, again and again",
        most: 1_000,
        ready: |size| {
            modern("subscriptions/listen", json!({"notifications": {"resourceSubscriptions": vec!["file:///a"; size]}}))
        },
    },
    Row {
        name: "long names of resources to listen to",
        most: 100_000,
        ready: |size| {
            let names = (0..100).map(|number| format!("file:///{}{number}", "x".repeat(size / 100)));
            modern(
                "subscriptions/listen",
                json!({"notifications": {"resourceSubscriptions": names.collect::<Vec<_>>()}}),
            )
        },
    },
    Row {
        name: "a resource to follow",
        most: 8_000,
        ready: |size| call("resources/subscribe", &json!({"uri": format!("file:///{}", "%41".repeat(size / 3))})),
    },
    Row { name: "Accept: many media types", most: 50_000, ready: |size| ping("accept", "a/b;q=0,".repeat(size / 8)) },
    Row {
        name: "Accept: many parameters",
        most: 50_000,
        ready: |size| ping("accept", "*/*".to_owned() + &";q=0".repeat(size / 4)),
    },
    Row {
        name: "Content-Type: many",
        most: 50_000,
        ready: |size| ping("contentType", "application/json,".repeat(size / 17)),
    },
    Row {
        name: "Content-Type: many parameters",
        most: 50_000,
        ready: |size| ping("contentType", "application/json".to_owned() + &";a".repeat(size / 2)),
    },
    Row { name: "MCP-Protocol-Version", most: 50_000, ready: |size| ping("protocolVersion", " ".repeat(size) + "x") },
    Row { name: "Mcp-Session-Id", most: 50_000, ready: |size| ping("sessionId", "A".repeat(size)) },
    Row {
        name: "Last-Event-ID",
        most: 50_000,
        ready: |size| {
            post(&json!({"method": "GET", "streams": true, "lastEventId": "1.".repeat(size / 2)}), String::new())
        },
    },
    Row {
        name: "Mcp-Name in base64",
        most: 50_000,
        ready: |size| {
            let text = format!("=?base64?{}?=", "QUJD".repeat(size / 4));
            Box::new(move || done(header::must_mirror("Mcp-Name", Some(&text), "a")))
        },
    },
    Row {
        name: "Mcp-Name, plain",
        most: 50_000,
        ready: |size| {
            let text = "\t ".repeat(size / 2) + "x";
            Box::new(move || {
                done(header::must_equal("Mcp-Method", Some(&text), "a"));
                done(header::encode(&text));
            })
        },
    },
    Row {
        name: "a URI in one spelling: escapes",
        most: 8_000,
        ready: |size| canonical(format!("file:///{}", "%2f".repeat(size / 3))),
    },
    Row {
        name: "a URI in one spelling: percent signs",
        most: 8_000,
        ready: |size| canonical(format!("file:///{}", "%".repeat(size))),
    },
    Row {
        name: "a URI in one spelling: dots",
        most: 8_000,
        ready: |size| canonical(format!("file://a/{}", "a/../".repeat(size / 5))),
    },
    Row {
        name: "a URI in one spelling: colons and at signs",
        most: 8_000,
        ready: |size| canonical(format!("file://{}", ":@".repeat(size / 2))),
    },
    Row { name: "a URI in one spelling: braces", most: 8_000, ready: |size| canonical("{a".repeat(size / 2)) },
    Row {
        name: "a URI in one spelling: not ASCII",
        most: 8_000,
        ready: |size| canonical(format!("file://{}", "é".repeat(size / 2))),
    },
    Row {
        name: "a URI and a template: several variables in a row",
        most: 8_000,
        ready: |size| matched("a:{+a}x{+b}x{+c}x{+d}".into(), format!("a:{}", "x".repeat(size))),
    },
    Row {
        name: "a URI and a template: that it nearly matches",
        most: 8_000,
        ready: |size| matched("a:{a}{b}{c}{d}!".into(), format!("a:{}", "x".repeat(size))),
    },
    Row {
        name: "a URI and a template: a long list",
        most: 8_000,
        ready: |size| matched("a:{/a*}".into(), format!("a:{}", "/x".repeat(size / 2))),
    },
    Row {
        name: "a URI and a template: a long query",
        most: 8_000,
        ready: |size| matched("a:{?a*,b*}".into(), format!("a:?a=1{}", "&b=1".repeat(size / 4))),
    },
    Row {
        name: "a URI and a template: a literal that stands nearly everywhere",
        most: 8_000,
        ready: |size| matched(format!("a:{{+a}}{}y", "x".repeat(500)), format!("a:{}", "x".repeat(size))),
    },
    Row {
        name: "a URI and a template: encoded dots",
        most: 8_000,
        ready: |size| matched("a:{a}".into(), format!("a:{}", "%2e%2e".repeat(size / 6))),
    },
    Row {
        name: "a resource that is read through many templates",
        most: 8_000,
        ready: |size| read(format!("file://a/{}", "x".repeat(size)), &["file://a/{+a}y"; 20]),
    },
    Row {
        name: "a form that a person has filled in",
        most: 60_000,
        ready: |size| {
            let choices = vec!["a"; 50];
            reply(&json!({
                "kind": "elicit",
                "params": {"message": "a", "requestedSchema": {"type": "object", "properties": {
                    "a": {"type": "array", "items": {"type": "string", "enum": choices}},
                    "b": {"type": "string", "maxLength": 10}}}},
                "message": {"result": {"action": "accept", "content": {"a": vec!["b"; size / 8], "b": "x".repeat(size / 2)}}},
            }))
        },
    },
];
