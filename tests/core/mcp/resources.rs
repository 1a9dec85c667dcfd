//! `resources/read`: at a URI of its own, through a template, and where there is none.

use serde_json::{Value as Json, json};

use super::{MODERN, Post, WITH_INITIALIZE};
use crate::world::Said;

fn read_of(version: &str, uri: &Json) -> Post {
    let params = json!({"uri": uri});
    if version == MODERN {
        Post::modern("resources/read", params)
    } else {
        Post::legacy(version, "resources/read", params)
    }
}

fn versions() -> impl Iterator<Item = &'static str> {
    WITH_INITIALIZE.into_iter().chain([MODERN])
}

/// A server that has these templates and no resource of its own; it reads what they match.
fn through(templates: &[(&str, &str)]) -> impl FnMut(&Json) -> Said {
    let templates = json!({"elsewhere": {"templates": templates, "uris": []}}).to_string();
    move |effect| {
        Said::Ok(match effect.get("template") {
            None => templates.clone(),
            Some(_) => json!({"returned": {"contents": [{"uri": effect["uri"], "text": "x"}]}}).to_string(),
        })
    }
}

#[test]
fn a_resource_of_its_own_is_read_at_once() {
    let returned = json!({"contents": [{"uri": "notes://1", "text": "é\n"}]});
    for version in versions() {
        let answered =
            read_of(version, &json!("notes://1")).send_to(|_| Said::Ok(json!({"returned": returned}).to_string()));
        let mut result = answered.result();
        let (ttl, scope) = (result["ttlMs"].take(), result["cacheScope"].take());
        let caching = if version == MODERN { (json!(0), json!("private")) } else { (Json::Null, Json::Null) };
        assert_eq!((ttl, scope), caching, "{version}");
        assert_eq!(result["contents"], returned["contents"]);
        assert_eq!((&answered.effect()["kind"], &answered.effect()["uri"]), (&json!("read"), &json!("notes://1")));
    }
}

#[test]
fn a_template_that_matches_is_read_through() {
    let templates = [("other", "other://{id}"), ("note", "notes://{folder}/{id}"), ("late", "notes://{+all}")];
    for version in versions() {
        let answered = read_of(version, &json!("notes://a%20b/7")).send_to(through(&templates));
        assert_eq!(answered.result()["contents"][0]["uri"], "notes://a%20b/7");
        let second = &answered.waits[1][0];
        assert_eq!((&second["template"], answered.waits.len()), (&json!("note"), 2));
        assert_eq!(second["variables"], json!({"folder": "a%20b", "id": "7"}), "as they are written");
    }
}

#[test]
fn what_is_not_there_has_each_revisions_own_code_and_its_uri() {
    let nothing = |_: &Json| Said::Ok(r#"{"elsewhere":{"templates":[],"uris":[]}}"#.into());
    let no_match = through(&[("note", "notes://{id}")]);
    let unknown = |_: &Json| Said::Ok(r#""unknown""#.into());
    for version in versions() {
        let code = if version == MODERN { -32602 } else { -32002 };
        for answered in [
            read_of(version, &json!("x:\"")).with("mcpName", "x:\"").send_to(nothing),
            read_of(version, &json!("x:\"")).with("mcpName", "x:\"").send_to(unknown),
        ] {
            assert_eq!(answered.fault(), (200, code), "{version}");
            assert_eq!(answered.json()["error"]["data"], json!({"uri": "x:\""}));
        }
    }
    let answered = read_of(MODERN, &json!("notes://a/b")).send_to(no_match);
    assert_eq!((answered.fault(), answered.waits.len()), ((200, -32602), 1));
}

#[test]
fn a_uri_is_absolute_visible_and_not_too_long() {
    let long = ["notes://", &"a".repeat(8185)].concat();
    let wrong = [
        json!(null),
        json!(5),
        json!(""),
        json!("notes"),
        json!("/notes/1"),
        json!("1notes://x"),
        json!("no tes://x"),
        json!("notes://a b"),
        json!("notes://a\tb"),
        json!("notes://a\n"),
        json!("notes://\u{7f}"),
        json!("notes://\u{a0}"),
        json!(long),
    ];
    for version in WITH_INITIALIZE {
        for uri in &wrong {
            let answered = read_of(version, uri).refused();
            assert_eq!(answered.fault(), (200, -32602), "{uri}");
            assert!(answered.message().contains("`params.uri`"));
        }
    }
    let longest = long[..8192].to_owned();
    assert_eq!(read_of("2025-11-25", &json!(longest)).send_to(through(&[("n", "notes://{x}")])).status(), 200);
}

#[test]
fn a_handler_may_say_how_long_its_answer_holds() {
    let read = |returned: Json| {
        let say = move |_: &Json| Said::Ok(json!({"returned": returned}).to_string());
        read_of(MODERN, &json!("a:")).send_to(say).result()
    };
    for (hint, time, scope) in [
        (json!({"ttlMs": 5000}), 5000, "private"),
        (json!({"cacheScope": "public"}), 0, "public"),
        (json!({"ttlMs": 1, "cacheScope": "public"}), 1, "public"),
        (json!({"ttlMs": -1, "cacheScope": "everybody"}), 0, "private"),
        (json!({"ttlMs": 1.5}), 0, "private"),
        (json!({"ttlMs": "5", "cacheScope": null}), 0, "private"),
    ] {
        let mut returned = hint.clone();
        returned["contents"] = json!([]);
        let result = read(returned);
        assert_eq!((&result["ttlMs"], &result["cacheScope"]), (&json!(time), &json!(scope)), "{hint}");
    }
    let returned = json!({"contents": [], "ttlMs": 5, "cacheScope": "public"});
    let legacy = read_of("2025-11-25", &json!("a:")).send_to(|_| Said::Ok(json!({"returned": returned}).to_string()));
    assert_eq!(legacy.result(), json!({"contents": []}), "older revisions have no such members");
}

#[test]
fn what_a_handler_throws_is_an_error_of_its_own() {
    let outcomes = [
        (json!({"threw": "7f3a"}), -32603, "7f3a"),
        (json!({"refused": "It is closed."}), -32603, "It is closed."),
        (json!({"fault": {"code": -32000, "message": "Busy."}}), -32000, "Busy."),
        (json!({"fault": {"code": 5, "message": "Own.", "data": [1]}}), 5, "Own."),
        (json!({"returned": null}), -32603, "no result object"),
        (json!({"returned": {}}), -32603, "contents"),
        (json!({"returned": {"contents": {}}}), -32603, "contents"),
    ];
    for version in versions() {
        for (outcome, code, words) in &outcomes {
            let answered = read_of(version, &json!("a:")).send_to(|_| Said::Ok(outcome.to_string()));
            assert_eq!(answered.fault(), (200, *code), "{version} {outcome}");
            assert!(answered.message().contains(words), "{}", answered.message());
            assert_eq!(answered.json()["error"].get("data"), outcome["fault"].get("data"));
        }
    }
}

/// 2026-07-28 basic/index §Error Codes: what the specification keeps for itself is never a handler's, and what older
/// revisions had for a resource that is not there has another code.
#[test]
fn codes_that_a_revision_keeps_for_itself_are_no_handlers() {
    let thrown = |code: Json| json!({"fault": {"code": code, "message": "Own.", "data": {"uri": "a:"}}}).to_string();
    for (code, modern) in
        [(-32002, -32602), (-32042, -32603), (-32020, -32603), (-32021, -32603), (-32050, -32603), (-32099, -32603)]
    {
        for version in versions() {
            let answered = read_of(version, &json!("a:")).send_to(|_| Said::Ok(thrown(json!(code))));
            assert_eq!(answered.fault(), (200, if version == MODERN { modern } else { code }), "{version} {code}");
            assert_eq!(
                (answered.message().as_str(), &answered.json()["error"]["data"]),
                ("Own.", &json!({"uri": "a:"}))
            );
        }
    }
    for kept in [-32000, -32001, -32003, -32019, -32100, -32601, -32602, 0, 1] {
        let answered = read_of(MODERN, &json!("a:")).send_to(|_| Said::Ok(thrown(json!(kept))));
        assert_eq!(answered.fault(), (200, kept));
    }
    for none in [json!(1.5), json!(null), json!("-32602"), json!(1e99)] {
        let answered = read_of(MODERN, &json!("a:")).send_to(|_| Said::Ok(thrown(none.clone())));
        assert_eq!(answered.fault(), (200, -32603), "{none} is no code");
    }
}
