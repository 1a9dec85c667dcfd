//! Lists: what is asked of the registry for each revision, and their pages.

use mcp_wicket::mcp::list::page;
use serde_json::{Value as Json, json};

use super::{MODERN, Post, WITH_INITIALIZE};
use crate::world::Said;

const LISTS: [(&str, &str, &str); 4] = [
    ("tools/list", "tools", "tools"),
    ("resources/list", "resources", "resources"),
    ("resources/templates/list", "templates", "resourceTemplates"),
    ("prompts/list", "prompts", "prompts"),
];

fn list_of(version: &str, method: &str, params: Json) -> Post {
    if version == MODERN { Post::modern(method, params) } else { Post::legacy(version, method, params) }
}

fn ok(json: Json) -> impl FnMut(&Json) -> Said {
    let text = json.to_string();
    move |_| Said::Ok(text.clone())
}

#[test]
fn each_list_has_its_own_method_and_member() {
    for version in WITH_INITIALIZE.into_iter().chain([MODERN]) {
        for (method, of, member) in LISTS {
            let answered = list_of(version, method, Json::Null).send_to(ok(json!({"all": [{"name": "a"}]})));
            assert_eq!(answered.effect()["of"], of);
            let result = answered.result();
            assert_eq!(result[member], json!([{"name": "a"}]));
            assert!(result.get("nextCursor").is_none());
            assert_eq!(result.get("ttlMs").is_some(), version == MODERN, "{version}");
        }
    }
}

#[test]
fn a_cursor_leads_to_what_comes_after_its_item() {
    for version in ["2025-03-26", "2025-11-25", MODERN] {
        for (method, _, _) in LISTS {
            let key = "b \"é\"";
            let first = list_of(version, method, Json::Null)
                .send_to(ok(json!({"some": {"keys": [key, "c"], "items": [1, 2], "size": 1}})));
            assert_eq!(first.effect().get("after"), None);
            let cursor = first.result()["nextCursor"].as_str().expect("a cursor").to_owned();
            assert!(!cursor.contains(key), "cursors are opaque: {cursor}");
            let second = list_of(version, method, json!({"cursor": cursor}))
                .send_to(ok(json!({"some": {"keys": [key, "c"], "items": [1, 2], "size": 1}})));
            assert_eq!(second.effect()["after"], key);
            assert!(second.result().get("nextCursor").is_none());
        }
    }
}

#[test]
fn a_cursor_of_another_list_is_none() {
    let first = list_of(MODERN, "tools/list", Json::Null)
        .send_to(ok(json!({"some": {"keys": ["x", "y"], "items": [1, 2], "size": 1}})));
    let cursor = first.result()["nextCursor"].clone();
    for (method, _, _) in &LISTS[1..] {
        assert_eq!(list_of(MODERN, method, json!({"cursor": cursor})).refused().fault(), (200, -32602), "{method}");
    }
}

#[test]
fn a_cursor_that_is_none_or_whose_item_is_gone_is_refused() {
    for cursor in [json!("x"), json!(5), json!("dG9vbHM"), json!("_w"), json!("dG9vbHMgeA==")] {
        let answered = list_of(MODERN, "tools/list", json!({"cursor": cursor})).refused();
        assert_eq!(answered.fault(), (200, -32602), "{cursor}");
        assert!(answered.message().contains("cursor"));
    }
    let lost = list_of(MODERN, "tools/list", json!({"cursor": "dG9vbHMgeA"}))
        .send_to(ok(json!({"some": {"keys": ["y"], "items": [1]}})));
    assert_eq!((lost.effect()["after"].as_str(), lost.fault()), (Some("x"), (200, -32602)));
}

#[test]
fn a_cursor_that_is_null_or_empty_is_absent() {
    for version in WITH_INITIALIZE.into_iter().chain([MODERN]) {
        for (method, _, member) in LISTS {
            for cursor in [json!(null), json!("")] {
                let answered =
                    list_of(version, method, json!({"cursor": cursor})).send_to(ok(json!({"all": [{"name": "a"}]})));
                assert_eq!(answered.effect().get("after"), None);
                assert_eq!(answered.result()[member], json!([{"name": "a"}]), "{version} {method} {cursor}");
            }
        }
    }
}

#[test]
fn a_list_that_is_not_announced_is_empty() {
    for (method, _, member) in LISTS {
        let modern = list_of(MODERN, method, Json::Null).send_to(ok(json!("absent")));
        let legacy = list_of("2025-11-25", method, Json::Null).send_to(ok(json!("absent")));
        for answered in [modern, legacy] {
            assert_eq!(answered.result()[member], json!([]), "{method}");
        }
    }
}

#[test]
fn a_revision_is_not_told_what_it_does_not_know() {
    let omitted = |version: &str, method: &str| {
        let effect = list_of(version, method, Json::Null).send_to(ok(json!({"all": []}))).effect().clone();
        (effect["omit"].clone(), effect["rooted"].clone())
    };
    let rooted = json!(["outputSchema"]);
    let since = json!(["icons", "title", "outputSchema", "_meta"]);
    let first = json!(["icons", "title", "outputSchema", "_meta", "annotations"]);
    assert_eq!(omitted(MODERN, "tools/list"), (Json::Null, Json::Null));
    assert_eq!(omitted("2025-11-25", "tools/list"), (Json::Null, rooted.clone()));
    assert_eq!(omitted("2025-06-18", "tools/list"), (json!(["icons"]), rooted.clone()));
    assert_eq!(omitted("2025-03-26", "tools/list"), (since.clone(), rooted.clone()));
    assert_eq!(omitted("2024-11-05", "tools/list"), (first, rooted));
    assert_eq!(omitted("2025-03-26", "prompts/list"), (since, Json::Null));
}

#[test]
fn a_page_begins_behind_the_cursors_item_and_names_its_last_one_if_there_are_more() {
    let keys = ["a", "b", "c"].map(String::from);
    for (after, size, wanted) in [
        (None, None, Some((0..3, None))),
        (None, Some(2), Some((0..2, Some("b")))),
        (None, Some(3), Some((0..3, None))),
        (Some("a"), Some(1), Some((1..2, Some("b")))),
        (Some("b"), Some(1), Some((2..3, None))),
        (Some("a"), None, Some((1..3, None))),
        (Some("c"), Some(1), Some((3..3, None))),
        (Some("d"), Some(1), None),
    ] {
        assert_eq!(page(&keys, after, size), wanted, "{after:?} {size:?}");
    }
    assert_eq!(page(&[], None, Some(1)), Some((0..0, None)));
}
