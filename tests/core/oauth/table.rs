//! The table of endpoints, held against what clients, people and `js/` are told of them.

use std::collections::BTreeSet;
use std::fs;

use mcp_wicket::json::write;
use mcp_wicket::oauth::endpoints::table::{Endpoint, Pages, routes};
use serde_json::{Map, Value as Json, json};

use super::{SITE, head, json_of, send, server};
use crate::world::World;

fn file(path: &str) -> String {
    fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// A server that has every endpoint.
fn everything() -> Json {
    json!({"jwt": true, "operator": true, "resourceServers": {"files": "s".repeat(32)}})
}

fn metadata(options: Json) -> Map<String, Json> {
    let request = head("metadata", "GET", json!({"path": "/.well-known/oauth-authorization-server"}));
    let reply = json_of(&send(World::silent(), &server(options), &request, "").answer.unwrap());
    serde_json::from_str(reply["answer"]["body"].as_str().unwrap()).unwrap()
}

#[test]
fn no_two_rows_have_a_name_an_option_or_a_path_in_common() {
    let rows = Endpoint::ALL.iter().map(|endpoint| endpoint.row()).collect::<Vec<_>>();
    let said = rows.iter().flat_map(|row| [row.name, row.option, row.path]).collect::<BTreeSet<_>>();
    assert_eq!(said.len(), 3 * rows.len());
}

#[test]
fn the_metadata_document_has_the_url_of_each_row_that_names_a_member_and_no_other() {
    let full = server(everything());
    let wanted = |server: &mcp_wicket::oauth::ServerConfig| {
        let named = |endpoint: &Endpoint| {
            let row = endpoint.row();
            let member = (row.metadata)(server).filter(|_| (row.exists)(server))?;
            Some((member.to_owned(), json!(SITE.to_owned() + server.path(*endpoint))))
        };
        Endpoint::ALL.iter().filter_map(named).collect::<Map<_, _>>()
    };
    let urls = |document: Map<String, Json>| {
        let is_url = |name: &str| name.ends_with("_endpoint") || name == "jwks_uri";
        document.into_iter().filter(|(name, _)| is_url(name)).collect::<Map<_, _>>()
    };
    assert_eq!(urls(metadata(everything())), wanted(&full));
    assert_eq!(wanted(&full).len(), 6);
    let least = json!({"registration": false});
    assert_eq!(urls(metadata(least.clone())), wanted(&server(least)));
}

#[test]
fn the_shim_is_told_the_path_of_each_endpoint_that_is_there() {
    let told = |options: Json| serde_json::from_str::<Map<String, Json>>(&write(&routes(&server(options)))).unwrap();
    let mut moved = everything();
    moved.as_object_mut().unwrap().insert("tokenEndpoint".into(), json!("/oauth/token"));
    let full = told(moved);
    assert_eq!(full.len(), Endpoint::ALL.len() - 1, "all but what is below /.well-known/");
    assert_eq!(full["/oauth/token"], json!({"name": "token", "current": true}));
    assert_eq!(full["/introspect"], json!({"name": "introspect", "current": true}));
    assert_eq!(full["/jwks"], json!({"name": "keys"}));
    assert_eq!(full["/operator"], json!({"name": "operator", "operator": true}));
    let usual = told(json!({}));
    assert!(told(json!({"resourceServers": {}})).contains_key("/introspect"), "who is none of none is told so");
    assert!(usual.contains_key("/register") && !usual.contains_key("/introspect") && !usual.contains_key("/jwks"));
    assert!(!usual.contains_key("/operator"));
    // The app's own pages stand in place of those for people.
    let own = told(json!({"pages": true, "operator": true}));
    assert_eq!(own.keys().collect::<Vec<_>>(), ["/operator", "/register", "/revoke", "/token"]);
}

/// The option's doc comment says the default path, and no endpoint has an option that moves nothing.
#[test]
fn the_options_say_the_default_paths() {
    let options = file("js/oauth/options.ts");
    for row in Endpoint::ALL.iter().map(|endpoint| endpoint.row()).filter(|row| !row.option.is_empty()) {
        // The last part of `operator.path` is an option of its own.
        let name = row.option.rsplit('.').next().unwrap();
        let (before, _) = options.split_once(&format!("  {name}?: string;")).expect(row.option);
        let comment = before.rsplit("/**").next().unwrap();
        assert!(comment.contains(&format!("Default `{}`.", row.path)), "{}: {comment}", row.option);
        assert!(options.contains(&format!("  {name}: true,")), "{} is not a known name", row.option);
    }
    let moving = options.lines().filter_map(|line| line.trim().strip_suffix("Endpoint?: string;"));
    let known = |name: &str| Endpoint::ALL.iter().any(|endpoint| endpoint.row().option == format!("{name}Endpoint"));
    assert!(moving.clone().count() > 0 && moving.clone().all(known), "{:?}", moving.collect::<Vec<_>>());
}

#[test]
fn the_guide_lists_the_endpoints() {
    let line = |endpoint: &Endpoint| {
        let row = endpoint.row();
        let option = if row.option.is_empty() { String::new() } else { format!("`{}`", row.option) };
        let pages = match row.pages {
            Pages::Any => "any",
            Pages::Own => "its own",
            Pages::None => "none",
        };
        format!("| `{}` | {option} | {} | {pages} | ", row.path, row.methods)
    };
    let guide = file("docs/guides/sign-in.md");
    let section = guide.split("\n## Endpoints\n").nth(1).expect("docs/guides/sign-in.md has a section `Endpoints`");
    let section = section.split("\n## ").next().unwrap();
    let lines = section.lines().filter(|line| line.starts_with("| `")).collect::<Vec<_>>();
    assert_eq!(lines.len(), Endpoint::ALL.len(), "{lines:#?}");
    for (is, wanted) in lines.iter().zip(Endpoint::ALL.iter().map(line)) {
        assert!(is.starts_with(&wanted), "`{is}` does not begin with `{wanted}`");
    }
}

/// Each endpoint is a file of its name; the two that are more than an endpoint are where the rest of them is.
#[test]
fn each_endpoint_is_a_file() {
    for row in Endpoint::ALL.iter().map(|endpoint| endpoint.row()) {
        let path = match row.name {
            "keys" => "src/oauth/signing.rs".into(),
            "connected" => "src/oauth/browser/connected.rs".into(),
            name => format!("src/oauth/endpoints/{name}.rs"),
        };
        assert!(file(&path).contains("async fn ") || row.name == "metadata", "{path}");
    }
}
