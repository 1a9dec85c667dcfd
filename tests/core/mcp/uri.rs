//! Spellings of a URI (RFC 3986 §6.2.2, §6.2.3): all of them lead to one resource, and none leads around its permissions.

use mcp_wicket::mcp::uri::{canonical, spelled, template};
use serde_json::{Value as Json, json};

use super::{MODERN, Post, WITH_INITIALIZE};
use crate::world::Said;

#[test]
fn what_rfc_3986_calls_the_same_has_one_spelling() {
    for (one, others) in [
        (
            "http://a.example/b",
            &[
                "HTTP://a.example/b",
                "http://A.Example/b",
                "http://a.example:80/b",
                "http://a.example:/b",
                "http://a.example/%62",
                "http://a.example/./b",
                "http://a.example/c/../b",
                "http://a.example/%2e/b",
            ] as &[_],
        ),
        (
            "http://a.example",
            &["http://a.example/", "http://A.example:80", "http://a.example/.", "http://a.example/b/.."],
        ),
        ("https://a.example/?q", &["https://a.example?q", "https://a.example:443/?q"]),
        ("notes://one", &["NOTES://one", "notes://ONE", "notes://%6Fne", "notes://one/"]),
        ("notes://u@one/x", &["notes://u@ONE/x"]),
        ("file:///a%20b/%C3%A9", &["file:///a%20b/é", "file:///a b/%c3%a9", "FILE:///a%20b/x/%2E%2e/%c3%A9"]),
        ("urn:a:b", &["URN:a:b", "urn:%61:b"]),
        ("file:///c/{z}|^.txt", &["file:///c/%7Bz%7D%7C%5E.txt", "file:///c/%7bz}|%5e.txt"]),
    ] {
        for other in others {
            assert_eq!(canonical(other), canonical(one), "{other} and {one}");
        }
    }
}

#[test]
fn what_means_something_else_stays_apart() {
    for (one, other) in [
        ("http://a.example/b", "http://a.example/B"),
        ("http://a.example/b", "http://a.example/../b"),
        ("http://a.example/b", "http://a.example/b/"),
        ("http://a.example/b", "https://a.example/b"),
        ("http://a.example:443/b", "http://a.example/b"),
        ("http://a.example/b%2Fc", "http://a.example/b/c"),
        ("http://a.example/b?x", "http://a.example/b"),
        ("http://a.example/b#x", "http://a.example/b"),
        ("http://a.example/%2E%2E%2Fb", "http://a.example/b"),
        ("notes://u@one", "notes://U@one"),
        ("notes:one", "notes:ONE"),
        ("notes://one?a", "notes://one?A"),
        ("x:a/../b", "x:b"),
        ("file:///c/{z}", "file:///c/%257Bz%257D"),
    ] {
        assert_ne!(canonical(one), canonical(other), "{one} and {other}");
    }
}

#[test]
fn a_handler_sees_a_uri_without_what_means_nothing() {
    for (uri, seen) in [
        ("NOTES://Ann/x", "notes://Ann/x"),
        ("http://A.example:80/%7e%2f/../é", "http://A.example/é"),
        ("notes://a%c3%a9", "notes://a%C3%A9"),
        ("x:%41%", "x:A%"),
        ("no uri", "no uri"),
    ] {
        assert_eq!(spelled(uri), seen, "{uri}");
        assert_eq!(spelled(seen), seen, "{uri}, once more");
    }
    for (text, seen) in [
        ("NOTES://{id}", "notes://{id}"),
        ("http://a.example:80/{+path}", "http://a.example/{+path}"),
        ("notes://%61/{id}/%7e{?q}", "notes://a/{id}/~{?q}"),
    ] {
        assert_eq!(template(text), seen, "{text}");
    }
}

/// A server with these resources and templates; it reads what it is asked for.
fn server(uris: &[&str], templates: &[(&str, &str)]) -> impl FnMut(&Json) -> Said {
    let uris = uris.iter().map(ToString::to_string).collect::<Vec<_>>();
    let elsewhere = json!({"elsewhere": {"templates": templates, "uris": uris}}).to_string();
    move |effect| {
        let known = effect.get("template").is_some() || uris.iter().any(|uri| effect["uri"] == **uri);
        Said::Ok(if known {
            json!({"returned": {"contents": [{"uri": effect["uri"], "text": "x"}]}}).to_string()
        } else {
            elsewhere.clone()
        })
    }
}

fn read_of(version: &str, uri: &str) -> Post {
    let params = json!({"uri": uri});
    // A header has ASCII only.
    let version = if uri.is_ascii() { version } else { "2025-11-25" };
    if version == MODERN {
        Post::modern("resources/read", params)
    } else {
        Post::legacy(version, "resources/read", params)
    }
}

#[test]
fn a_resource_is_read_by_each_spelling_of_its_uri_and_by_what_it_was_registered_with() {
    let all = ["http://a.example/b", "notes://Ann", "file:///My Documents/é.txt"];
    for version in WITH_INITIALIZE.into_iter().chain([MODERN]) {
        for (uri, registered) in [
            ("HTTP://A.example:80/./b", all[0]),
            ("notes://ann/", all[1]),
            ("NOTES://ANN", all[1]),
            ("file:///My%20Documents/%C3%A9.txt", all[2]),
            ("file:///My%20Documents/x/../é.txt", all[2]),
        ] {
            let answered = read_of(version, uri).send_to(server(&all, &[("any", "{+any}")]));
            assert_eq!(answered.result()["contents"][0]["uri"], registered, "{version} {uri}");
            assert_eq!(answered.waits.len(), 2);
        }
    }
}

/// The first template that matches decides who may read: a spelling must not lead past it to the next.
#[test]
fn no_spelling_leads_past_a_template_to_another() {
    let templates = [("private", "files://Host/private/{name}"), ("note", "notes://{id}"), ("all", "{+any}")];
    for (uri, found, variables) in [
        ("files://Host/private/x", "private", json!({"name": "x"})),
        ("FILES://hOST/private/x", "private", json!({"name": "x"})),
        ("files://host/%70rivate/x", "private", json!({"name": "x"})),
        ("files://host/open/../private/x", "private", json!({"name": "x"})),
        ("files://host/open/%2e%2E/private/%78", "private", json!({"name": "x"})),
        ("notes://Ann", "note", json!({"id": "Ann"})),
        ("notes://Ann/", "note", json!({"id": "Ann"})),
        ("NOTES://%41nn", "note", json!({"id": "Ann"})),
        ("notes://a%2fb", "note", json!({"id": "a%2Fb"})),
        ("notes://é", "note", json!({"id": "é"})),
    ] {
        let answered = read_of(MODERN, uri).send_to(server(&[], &templates));
        let second = &answered.waits[1][0];
        assert_eq!((&second["template"], &second["variables"]), (&json!(found), &variables), "{uri}");
    }
    let accented = [("é", "notes://é/{id}"), ("all", "{+any}")];
    for uri in ["notes://é/1", "notes://%c3%a9/1"] {
        assert_eq!(read_of(MODERN, uri).send_to(server(&[], &accented)).waits[1][0]["template"], "é", "{uri}");
    }
}

#[test]
fn a_spelling_that_leads_out_of_a_template_leads_nowhere() {
    for uri in [
        "files:///docs/../secret",
        "files:///docs/%2e%2e/secret",
        "files:///../docs/x",
        "files:///docs/../../docs/x",
        "files:///docs/..%2fsecret",
        "files:///docs/%2E%2E%5Csecret",
    ] {
        let answered = read_of(MODERN, uri).send_to(server(&[], &[("docs", "files:///docs/{+path}")]));
        assert_eq!((answered.fault(), answered.waits.len()), ((200, -32602), 1), "{uri}");
    }
}
