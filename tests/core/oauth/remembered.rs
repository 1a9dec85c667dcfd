//! What is remembered ends: the account cookie after 30 days, an approval with the longest life of a grant.

use serde_json::{Value as Json, json};

use super::once::{Way, returning};
use super::{authorize_query, head, json_of, send, server};
use crate::world::{NOW, World};

const HOUR: u64 = 3600 * 1000;
const DAY: u64 = 24 * HOUR;

/// Somebody connects a client; gives the account cookie.
fn connected(way: &mut Way, options: &Json) -> String {
    let (state, cookie) = way.allow();
    let objects = &mut way.objects;
    let world = World::new(|effect| objects.ask(effect, NOW, [4; 32])).with_entropy([4; 32]);
    let reply = json_of(&send(world, &server(options.clone()), &returning(&state, &cookie), "").answer.unwrap());
    let headers = reply["answer"]["headers"].as_array().unwrap().iter();
    let mut set = headers.filter(|it| it[0] == "set-cookie").map(|it| it[1].as_str().unwrap());
    let account = set.find(|cookie| cookie.starts_with("__Host-wicket-account=")).unwrap();
    account.split(';').next().unwrap().to_owned()
}

/// What becomes of the client's link at `now`: whether it goes on at once, and what was asked of objects.
fn opened(way: &mut Way, options: &Json, cookie: &str, now: u64) -> (bool, Vec<String>) {
    let mut calls = Vec::new();
    let request = head(
        "authorize",
        "GET",
        json!({"query": authorize_query(&way.client), "cookie": cookie, "secFetchSite": "none"}),
    );
    let objects = &mut way.objects;
    let world = World::new(|effect| {
        calls.push(effect["call"].as_str().unwrap_or_default().to_owned());
        objects.ask(effect, now, [5; 32])
    });
    let reply =
        json_of(&send(world.at(now).with_entropy([5; 32]), &server(options.clone()), &request, "").answer.unwrap());
    (reply["answer"]["status"] == 302, calls)
}

#[test]
fn an_account_cookie_ends_after_thirty_days() {
    let (mut way, options) = (Way::new(), json!({}));
    let cookie = connected(&mut way, &options);
    let (skipped, calls) = opened(&mut way, &options, &cookie, NOW + 30 * DAY - 1000);
    assert_eq!((skipped, calls.contains(&"approved".to_owned())), (true, true));
    let (skipped, calls) = opened(&mut way, &options, &cookie, NOW + 30 * DAY);
    assert_eq!((skipped, calls.contains(&"approved".to_owned())), (false, false));
}

#[test]
fn an_approval_ends_with_the_longest_life_of_a_grant() {
    let (mut way, options) = (Way::new(), json!({"grantTtl": 3600}));
    let cookie = connected(&mut way, &options);
    assert!(opened(&mut way, &options, &cookie, NOW + HOUR - 1).0);
    assert!(!opened(&mut way, &options, &cookie, NOW + HOUR).0);
}

#[test]
fn an_object_that_does_not_answer_approves_nothing() {
    let (mut way, options) = (Way::new(), json!({}));
    let cookie = connected(&mut way, &options);
    for said in ["\"refused\"", "null", "1", "{}"] {
        let request = head(
            "authorize",
            "GET",
            json!({"query": authorize_query(&way.client), "cookie": cookie, "secFetchSite": "none"}),
        );
        let objects = &mut way.objects;
        let world = World::new(|effect| match effect["call"].as_str() {
            Some("approved") => crate::world::Said::Ok(said.into()),
            _ => objects.ask(effect, NOW, [5; 32]),
        });
        let reply = json_of(&send(world, &server(options.clone()), &request, "").answer.unwrap());
        let model = &reply["page"]["model"];
        assert_eq!((&model["kind"], &model["remembered"]), (&json!("consent"), &Json::Null), "{said}");
    }
}
