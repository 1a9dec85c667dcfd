//! Client ID metadata documents: which are taken, and what becomes of copies.

use serde_json::{Value as Json, json};

use mcp_wicket::crypto::{Purpose, SealContext};
use mcp_wicket::flow::Context;

use super::once::Way;
use super::{REDIRECT, authorize_query, head, json_of, keys, send, server};
use crate::world::{ENTROPY, NOW, Said, World};

const ID: &str = "https://app.example.com/client.json";
const HOST: &str = "app.example.com";

fn document(more: Json) -> Json {
    let mut document = json!({"client_id": ID, "client_name": "App", "redirect_uris": [REDIRECT]});
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    document
}

fn answer(status: u16, body: &str) -> Said {
    Said::Ok(json!({"status": status, "body": body}).to_string())
}

/// What the person sees who opens the link of a client whose document is answered like this, and how often it was fetched.
fn seen(copy: Option<Json>, answered: &Said, options: Json) -> (u64, Json, usize, usize) {
    after(1, copy, answered, options)
}

/// A copy as the namespace has it.
pub(super) fn sealed(key: &str, copy: &Json) -> String {
    let binding = SealContext { purpose: Purpose::Copy, issuer: "", audience: key };
    keys().seal_text(&Context::new(NOW, ENTROPY), &binding, copy.to_string().as_bytes())
}

/// The same where this many were fetched before.
fn after(before: u64, copy: Option<Json>, answered: &Said, options: Json) -> (u64, Json, usize, usize) {
    let mut fetches = 0;
    let world = World::new(|effect| match effect["kind"].as_str().unwrap() {
        "load" => {
            let key = effect["key"].as_str().unwrap();
            Said::Ok(copy.as_ref().map_or_else(|| "null".into(), |copy| json!(sealed(key, copy)).to_string()))
        }
        "fetch" => {
            fetches += 1;
            assert_eq!((effect["url"].as_str(), effect["method"].as_str()), (Some(ID), Some("GET")));
            assert_eq!(effect["brief"], true, "whoever names the URL does not say how much is read, and for how long");
            answered.clone()
        }
        "tally" => Said::Ok(json!(vec![before; effect["limits"].as_array().unwrap().len()]).to_string()),
        other => panic!("{other} is not needed"),
    });
    let request = head("authorize", "GET", json!({"query": authorize_query(ID), "peer": "2001:db8::1"}));
    let ended = send(world, &server(options), &request, "");
    let reply = json_of(&ended.answer.unwrap());
    (reply["page"]["status"].as_u64().unwrap(), reply["page"]["model"].clone(), fetches, ended.commits.len())
}

fn on() -> Json {
    json!({"documents": true, "kv": true})
}

#[test]
fn a_document_makes_a_client_of_its_domain_and_is_kept() {
    let (status, page, fetches, kept) = seen(None, &answer(200, &document(json!({})).to_string()), on());
    assert_eq!((status, fetches, kept), (200, 1, 1));
    assert_eq!(page["client"], json!({"name": "App", "id": ID, "proof": "domain", "domain": "app.example.com"}));
    let without_namespace = seen(None, &answer(200, &document(json!({})).to_string()), json!({"documents": true}));
    assert_eq!((without_namespace.0, without_namespace.3), (200, 0));
}

#[test]
fn where_documents_are_off_nothing_is_fetched() {
    let (status, page, fetches, _) = seen(None, &answer(200, &document(json!({})).to_string()), json!({"kv": true}));
    assert_eq!((status, page["kind"].as_str(), fetches), (400, Some("recovery"), 0));
}

#[test]
fn documents_that_are_not_taken() {
    let big = document(json!({"note": "x".repeat(6000)}));
    let wrong = [
        (
            answer(200, &document(json!({"client_id": "https://evil.example/client.json"})).to_string()),
            "its client_id is not its own URL",
        ),
        (answer(200, &document(json!({"redirect_uris": REDIRECT})).to_string()), "redirect_uris must be a list"),
        (answer(200, &document(json!({"redirect_uris": []})).to_string()), "redirect_uris has no"),
        (answer(200, &document(json!({"redirect_uris": ["javascript:alert(1)"]})).to_string()), "redirect_uris has no"),
        (
            answer(200, &document(json!({"redirect_uris": ["http://evil.example/", "", null]})).to_string()),
            "redirect_uris has no",
        ),
        (answer(200, &document(json!({"client_secret": "x"})).to_string()), "without a client_secret"),
        (
            answer(200, &document(json!({"token_endpoint_auth_method": "client_secret_post"})).to_string()),
            "token_endpoint_auth_method must be none",
        ),
        (answer(200, &big.to_string()), "it is longer than 5120 bytes"),
        (answer(200, "<html>"), "it is not a JSON object"),
        (answer(200, ""), "it is not a JSON object"),
        (answer(301, ""), "it answered 301"),
        (answer(404, ""), "it answered 404"),
        (answer(410, ""), "it answered 410"),
    ];
    for (said, why) in wrong {
        let (status, page, _, told) = seen(None, &said, on());
        let shown = (status, page["reason"].as_str(), page["detail"].as_str(), told);
        assert_eq!(shown, (400, Some("document_unusable"), Some(HOST), 1), "told the operator, kept nothing: {said:?}");
        assert!(page["why"].as_str().unwrap().contains(why), "{page}");
    }
}

#[test]
fn a_document_that_is_out_of_reach_is_nobodys_fault_here() {
    for (said, why) in [
        (Said::Failed("timeout"), "it did not answer in time"),
        (Said::Failed("unreachable"), "it is unreachable"),
        (Said::Failed("refused"), "it could not be fetched"),
        (answer(503, ""), "it answered 503"),
    ] {
        let (status, page, ..) = seen(None, &said, on());
        assert_eq!((status, &page["reason"]), (503, &json!("document_unreachable")));
        assert_eq!((&page["detail"], &page["why"]), (&json!(HOST), &json!(why)), "which site, and what it did");
        assert!(page["retry"].as_str().unwrap().starts_with("/authorize?"), "{page}");
    }
}

#[test]
fn of_a_document_counts_what_can_be_used() {
    for more in [
        json!({"redirect_uris": ["javascript:alert(1)", "http://evil.example/", "", null, 1, REDIRECT]}),
        json!({"token_endpoint_auth_method": "", "client_secret": null}),
        json!({"token_endpoint_auth_method": null, "client_secret": ""}),
        json!({"grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:jwt-bearer"]}),
        json!({"response_types": ["token"], "client_uri": "", "logo_uri": null}),
    ] {
        let (status, page, _, kept) = seen(None, &answer(200, &document(more.clone()).to_string()), on());
        assert_eq!((status, page["kind"].as_str(), kept), (200, Some("consent"), 1), "{more}");
    }
    let nameless = document(json!({"client_name": null}));
    let (_, page, ..) = seen(None, &answer(200, &nameless.to_string()), on());
    assert_eq!(page["client"]["name"], "app.example.com");
}

#[test]
fn another_redirect_uri_than_the_documents_stays_here() {
    let other = document(json!({"redirect_uris": ["https://client.example/other"]}));
    let (status, page, _, kept) = seen(None, &answer(200, &other.to_string()), on());
    assert_eq!((status, page["reason"].as_str(), kept), (400, Some("redirect"), 0), "and nothing is kept for it");
}

const HOUR: u64 = 3600 * 1000;

/// A copy of this age, in milliseconds.
fn copy(age: u64) -> Json {
    let client =
        json!({"id": ID, "name": "Old", "redirects": [REDIRECT], "proof": "domain", "created": 1, "auth": "none"});
    json!({"v1": {"client": client, "fetched": NOW - age}})
}

#[test]
fn copies_bridge_an_outage_for_a_day_and_never_a_refusal() {
    let down = [answer(500, ""), answer(429, ""), Said::Failed("timeout"), Said::Failed("refused")];
    for said in &down {
        assert_eq!(seen(Some(copy(HOUR - 1)), said, on()).2, 0, "fresh: not fetched");
        let (status, page, fetches, _) = seen(Some(copy(HOUR)), said, on());
        assert_eq!((status, page["client"]["name"].as_str(), fetches), (200, Some("Old"), 1));
        assert_eq!(seen(Some(copy(24 * HOUR)), said, on()).0, 503);
        assert_eq!(seen(None, said, on()).0, 503);
        let limited = after(31, Some(copy(HOUR)), said, on());
        assert_eq!((limited.0, limited.2), (200, 0), "too many were fetched: a copy will do");
    }
    for said in [answer(404, ""), answer(410, ""), answer(200, "{}")] {
        assert_eq!(seen(Some(copy(HOUR)), &said, on()).0, 400, "{said:?}");
    }
}

/// What somebody sees who opens the link of a client that registered itself, with this in the namespace.
fn with_copy(way: &Way, query: &str, kept: impl Fn(&str) -> String) -> (u64, Vec<String>) {
    let mut objects = way.objects.clone();
    let mut asked = Vec::new();
    let world = World::new(|effect| {
        if effect["kind"] == "load" {
            return Said::Ok(json!(kept(effect["key"].as_str().unwrap())).to_string());
        }
        asked.extend(effect["call"].as_str().map(String::from));
        objects.ask(effect, NOW, ENTROPY)
    });
    let ended = send(world, &server(json!({"kv": true})), &head("authorize", "GET", json!({"query": query})), "");
    (json_of(&ended.answer.unwrap())["page"]["status"].as_u64().unwrap(), asked)
}

#[test]
fn what_others_write_into_the_namespace_is_not_believed() {
    let way = Way::new();
    let query = authorize_query(&way.client);
    let theirs = |auth: Json| {
        json!({"v1": {"id": way.client, "name": "Test", "redirects": ["https://evil.example/cb"], "proof": "none",
                      "created": 1, "auth": auth}})
    };
    let evil = query.replace("client.example", "evil.example");
    // A public client cannot have a secret either, whoever says so.
    for auth in [json!("none"), json!({"client_secret_post": "AA"})] {
        for plain in [true, false] {
            let client = theirs(auth.clone());
            let kept = |key: &str| if plain { client.to_string() } else { sealed(&format!("{key}x"), &client) };
            assert_eq!(with_copy(&way, &evil, kept).0, 400, "{auth}");
            assert_eq!(with_copy(&way, &query, kept), (200, vec!["load".to_owned()]), "the object is asked instead");
        }
        let client = theirs(auth.clone());
        assert_eq!(
            with_copy(&way, &evil, |key| sealed(key, &client)).0,
            400,
            "ours, but not what it says it is: {auth}"
        );
    }
    let (_, (_, rows)) = way.objects.0.iter().find(|(name, _)| name.starts_with("client:")).unwrap();
    let row: Json = serde_json::from_str(&rows["client"]).unwrap();
    let own = json!({"v1": row["v1"]["client"]});
    assert_eq!(with_copy(&way, &query, |key| sealed(key, &own)), (200, vec![]), "our own copy will do");
}

#[test]
fn a_copy_does_not_outlive_the_document() {
    let other = document(json!({"client_id": "https://evil.example/client.json"}));
    for gone in [answer(404, ""), answer(410, ""), answer(200, &other.to_string())] {
        let (status, page, _, kept) = seen(Some(copy(2 * HOUR)), &gone, on());
        let shown = (status, page["reason"].as_str(), kept);
        assert_eq!(shown, (400, Some("document_unusable"), 2), "the copy is overwritten, the operator told");
    }
    let over = seen(Some(json!({})), &answer(500, ""), on());
    assert_eq!(
        (over.0, over.1["reason"].as_str()),
        (503, Some("document_unreachable")),
        "and bridges no outage any more"
    );
}

#[test]
fn beyond_the_limit_nothing_is_fetched_and_a_copy_will_do() {
    let good = answer(200, &document(json!({})).to_string());
    let (status, page, fetches, _) = after(31, None, &good, on());
    assert_eq!((status, &page["reason"], fetches), (429, &json!("busy"), 0));
    assert_eq!(after(30, None, &good, on()).2, 1);
}

/// The page for the client `id`, and how often something was fetched for it.
fn page_for(id: &str, options: Json, origin: &str) -> (u64, Json, usize) {
    let mut fetches = 0;
    let world = World::new(|effect| match effect["kind"].as_str().unwrap() {
        "fetch" => {
            fetches += 1;
            answer(200, &document(json!({"client_id": id})).to_string())
        }
        _ => Said::Ok(json!(vec![1; effect["limits"].as_array().unwrap().len()]).to_string()),
    });
    let more = json!({"query": authorize_query(id), "peer": "2001:db8::1", "origin": origin});
    let reply = json_of(&send(world, &server(options), &head("authorize", "GET", more), "").answer.unwrap());
    (reply["page"]["status"].as_u64().unwrap(), reply["page"]["model"].clone(), fetches)
}

#[test]
fn a_document_at_the_own_host_is_not_fetched() {
    let on = || json!({"documents": true});
    for own in ["https://mcp.example.com/uploads/x", "https://MCP.example.com/x", "https://mcp.example.com:443/x"] {
        let (status, page, fetches) = page_for(own, on(), super::SITE);
        assert_eq!((status, fetches, &page["reason"]), (403, 0, &json!("document_host")), "{own}");
    }
    // The issuer is ours, and so is the name that the request came to.
    let other = page_for("https://other.example.com/x", on(), "https://other.example.com");
    assert_eq!((other.0, other.2), (403, 0));
    assert_eq!(page_for("https://other.example.com/x", on(), super::SITE).0, 200);
}

#[test]
fn where_hosts_are_listed_no_other_is_asked() {
    let listed = || json!({"documents": true, "documentHosts": ["claude.example", "*.apps.example"]});
    for good in [
        "https://claude.example/x",
        "https://Claude.Example/x",
        "https://a.apps.example/x",
        "https://a.b.apps.example/x",
    ] {
        assert_eq!(page_for(good, listed(), super::SITE).0, 200, "{good}");
    }
    for other in [
        "https://evil.example/x",
        "https://claude.example.evil.example/x",
        "https://notclaude.example/x",
        "https://sub.claude.example/x",
        "https://apps.example/x",
        "https://evilapps.example/x",
    ] {
        let (status, page, fetches) = page_for(other, listed(), super::SITE);
        assert_eq!((status, fetches, &page["reason"]), (403, 0, &json!("document_host")), "{other}");
    }
    for wrong in
        ["", "*", "*.", "https://claude.ai", "Claude.ai", "claude.ai.", "127.0.0.1", "a.*.example", "a b.example"]
    {
        let options = json!({"resources": ["/mcp"], "documentHosts": [wrong]}).to_string();
        let refused = mcp_wicket::oauth::ServerConfig::read(&options).unwrap_err();
        assert!(refused.contains("Write it as claude.ai"), "{wrong}: {refused}");
    }
}

#[test]
fn a_document_may_have_5120_bytes_and_its_copy_is_kept_for_a_day() {
    let longest = {
        let mut longest = document(json!({"note": ""}));
        let rest = 5120 - longest.to_string().len();
        longest["note"] = "x".repeat(rest).into();
        longest.to_string()
    };
    assert_eq!(seen(None, &answer(200, &longest), on()).0, 200);
    assert_eq!(seen(None, &answer(200, &longest.replace("\"x", "\"xx")), on()).0, 400);
    let world = World::new(|effect| match effect["kind"].as_str().unwrap() {
        "load" => Said::Ok("null".into()),
        "fetch" => answer(200, &longest),
        _ => Said::Ok(json!(vec![1; effect["limits"].as_array().unwrap().len()]).to_string()),
    });
    let request = head("authorize", "GET", json!({"query": authorize_query(ID)}));
    let ended = send(world, &server(on()), &request, "");
    let mcp_wicket::flow::Commit::Keep { key, value, seconds } = &ended.commits[0] else {
        panic!("{:?}", ended.commits)
    };
    let binding = SealContext { purpose: Purpose::Copy, issuer: "", audience: key };
    let kept: Json = serde_json::from_slice(&keys().open_text(&binding, value).unwrap()).unwrap();
    let kept = &kept["v1"];
    assert_eq!((*seconds, &kept["fetched"], &kept["client"]["created"]), (86_400, &json!(NOW), &json!(NOW / 1000)));
    let limited = after(31, Some(copy(24 * HOUR)), &answer(200, &longest), on());
    assert_eq!((limited.0, limited.2), (429, 0), "a copy that is a day old bridges nothing");
    assert_eq!(after(31, Some(copy(24 * HOUR - 1)), &answer(200, &longest), on()).0, 200);
}
