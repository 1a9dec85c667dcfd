//! What an object has decided is told, also where the process ends before the Worker has told it.

use mcp_wicket::flow::Commit;
use serde_json::{Value as Json, json};

use super::once::{Way, allowing};
use super::{Objects, form, head, json_of, send, server};
use crate::golden::golden;
use crate::world::{NOW, Said, World};
use mcp_wicket::oauth::{Request, unavailable};

const MINUTE: u64 = 60 * 1000;
const DAY: u64 = 24 * 60 * MINUTE;

/// Asks the person's object.
fn ask(objects: &mut Objects, call: &str, input: &Json, now: u64) -> Json {
    let object = objects.0.keys().find(|name| name.starts_with("subject:")).unwrap().clone();
    let effect = json!({"object": object, "call": call, "input": input});
    let Said::Ok(answer) = objects.ask(&effect, now, [11; 32]) else { panic!("it answers") };
    serde_json::from_str(&answer).unwrap()
}

/// What the object's alarm finds.
fn untold(way: &mut Way, now: u64) -> (Vec<Json>, Vec<Json>) {
    let found = ask(&mut way.objects, "undelivered", &json!({}), now);
    (found["ended"].as_array().unwrap().clone(), found["events"].as_array().unwrap().clone())
}

/// One request; gives its status, and what has to be done beside the answer. `append` is what the list of revocations says.
fn post(way: &mut Way, endpoint: &str, fields: &[(&str, &str)], append: &Said) -> (u64, Vec<Commit>) {
    let body = form(&[&[("client_id", way.client.as_str())], fields].concat());
    let objects = &mut way.objects;
    let world = World::new(|effect| {
        let is_append = effect["object"] == "revocations" && effect["call"] == "append";
        if is_append { append.clone() } else { objects.ask(effect, NOW, [7; 32]) }
    });
    let request = head(endpoint, "POST", json!({"ray": "8f0c2d"}));
    let ended = send(world.with_entropy([7; 32]), &server(json!({"sink": "ours"})), &request, &body);
    (json_of(&ended.answer.unwrap())["answer"]["status"].as_u64().unwrap(), ended.commits)
}

/// The object calls that follow once everything was told.
fn receipts(objects: &mut Objects, commits: &[Commit]) {
    for commit in commits {
        if let Commit::Receipt { object, call, input } = commit {
            let receipt = mcp_wicket::flow::Ask { object: object.clone(), call, input: input.clone() };
            assert_eq!(receipt.call, "delivered");
            ask(objects, receipt.call, &serde_json::from_str(&receipt.input).unwrap(), NOW);
        }
    }
}

#[test]
fn what_the_alarm_finds_has_the_members_that_javascript_reads() {
    let mut way = Way::new();
    let tokens = way.tokens();
    let refreshing = [("grant_type", "refresh_token"), ("refresh_token", &*token(&tokens))];
    post(&mut way, "token", &refreshing, &Said::Ok("true".into()));
    let found = ask(&mut way.objects, "undelivered", &json!({}), NOW + MINUTE);
    let members = |json: &Json| json.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let golden = serde_json::from_str::<Json>(&golden("undelivered")).unwrap();
    assert_eq!(members(&found), members(&golden));
    let mut event = found["events"][0].clone();
    event["last"] = json!(true);
    assert_eq!(members(&event), members(&golden["events"][0]));
    assert!(event["event"]["event"].is_string() && event["event"]["at"].is_u64());
}

fn token(tokens: &Json) -> String {
    tokens["refresh_token"].as_str().unwrap().to_owned()
}

#[test]
fn a_record_that_never_arrived_is_told_by_the_object() {
    let mut way = Way::new();
    let tokens = way.tokens();
    let refreshing = [("grant_type", "refresh_token"), ("refresh_token", &*token(&tokens))];
    let (status, commits) = post(&mut way, "token", &refreshing, &Said::Ok("true".into()));
    assert_eq!(status, 200);
    // The process ends here: nothing of `commits` happens.
    assert_eq!(untold(&mut way, NOW + MINUTE - 1), (vec![], vec![]), "the Worker may yet tell it");
    let (ended, events) = untold(&mut way, NOW + MINUTE);
    assert!(ended.is_empty());
    let Some(Commit::Audit { event: told }) = commits.first() else { panic!("{commits:?}") };
    assert_eq!(events[0]["event"], serde_json::from_str::<Json>(told).unwrap(), "the same, link by link");
    assert_eq!((&events[0]["sink"], &events[0]["event"]["event"]), (&json!("ours"), &json!("token refreshed")));
    ask(&mut way.objects, "delivered", &json!({"ids": [events[0]["id"]]}), NOW + MINUTE);
    assert_eq!(untold(&mut way, NOW + DAY), (vec![], vec![]), "it is told once");
}

/// The receipt of an answer that was not given, as its object hears of it.
fn unanswered(way: &mut Way, commits: &[Commit]) {
    let receipt = commits.iter().find_map(|commit| match commit {
        Commit::Receipt { input, .. } => Some(input.to_string()),
        _ => None,
    });
    ask(&mut way.objects, "undeliverable", &serde_json::from_str(&receipt.unwrap()).unwrap(), NOW);
}

#[test]
fn a_refresh_whose_answer_was_not_given_has_not_happened() {
    let mut way = Way::new();
    let first = token(&way.tokens());
    let refresh = |way: &mut Way, token: &str| {
        post(way, "token", &[("grant_type", "refresh_token"), ("refresh_token", token)], &Said::Ok("true".into()))
    };
    let (_, commits) = refresh(&mut way, &first);
    unanswered(&mut way, &commits);
    let (_, rows) = way.objects.0.iter().find(|(name, _)| name.starts_with("subject:")).unwrap().1;
    assert!(rows.keys().all(|key| !key.starts_with("replay:")), "nobody has that answer: {rows:?}");
    let (status, commits) = refresh(&mut way, &first);
    assert_eq!((status, commits.len()), (200, 2), "a refresh of its own, with a record and a receipt");
    assert_eq!(untold(&mut way, NOW + MINUTE).1.len(), 2, "the record of what was taken back stays in its chain");
}

#[test]
fn nothing_is_taken_back_once_more_has_happened() {
    let mut way = Way::new();
    let first = token(&way.tokens());
    let refresh = |way: &mut Way, token: &str| {
        post(way, "token", &[("grant_type", "refresh_token"), ("refresh_token", token)], &Said::Ok("true".into())).1
    };
    let commits = refresh(&mut way, &first);
    post(&mut way, "revoke", &[("token", &first)], &Said::Ok("true".into()));
    let before = format!("{:?}", way.objects);
    unanswered(&mut way, &commits);
    assert_eq!(format!("{:?}", way.objects), before);
    // And what cannot be read changes nothing.
    ask(&mut way.objects, "undeliverable", &json!({"ids": ["audit:9", "ended:x"]}), NOW);
    assert_eq!(format!("{:?}", way.objects), before);
}

#[test]
fn what_has_arrived_is_not_told_again() {
    let mut way = Way::new();
    let tokens = way.tokens();
    let (status, commits) = post(&mut way, "revoke", &[("token", &token(&tokens))], &Said::Ok("true".into()));
    assert_eq!((status, commits.len()), (200, 2), "an event and a receipt: {commits:?}");
    receipts(&mut way.objects, &commits);
    assert_eq!(untold(&mut way, NOW + DAY), (vec![], vec![]));
    let (_, rows) = way.objects.0.iter().find(|(name, _)| name.starts_with("subject:")).unwrap().1;
    assert!(rows.keys().all(|key| !key.starts_with("outbox:")), "{rows:?}");
}

#[test]
fn a_grant_whose_end_could_not_be_told_is_told_by_the_object() {
    let mut way = Way::new();
    let tokens = way.tokens();
    let (status, commits) = post(&mut way, "revoke", &[("token", &token(&tokens))], &Said::Failed("unreachable"));
    assert_eq!(status, 503, "what is not everywhere is not said to be revoked");
    receipts(&mut way.objects, &commits);
    let (ended, events) = untold(&mut way, NOW + MINUTE);
    assert_eq!((ended.len(), events.len()), (1, 0), "the record has arrived, the end has not");
}

#[test]
fn what_was_revoked_is_announced_once_and_written_once() {
    let mut way = Way::new();
    let token = token(&way.tokens());
    // Twice where the list did not answer.
    let (status, _) = post(&mut way, "revoke", &[("token", &token)], &Said::Failed("timeout"));
    assert_eq!(status, 503);
    let (status, commits) = post(&mut way, "revoke", &[("token", &token)], &Said::Ok("true".into()));
    assert_eq!(status, 200);
    receipts(&mut way.objects, &commits);
    let before = format!("{:?}", way.objects);
    let silent = |way: &mut Way, endpoint: &str, fields: &[(&str, &str)]| {
        let (status, commits) = post(way, endpoint, fields, &Said::Failed("the list is not asked"));
        assert!(
            !commits.iter().any(|commit| matches!(commit, Commit::Receipt { input, .. } if input.contains("ended")))
        );
        status
    };
    // RFC 7009 §2.2: what is revoked already is what was wanted.
    assert_eq!(silent(&mut way, "revoke", &[("token", &token)]), 200);
    assert_eq!(format!("{:?}", way.objects), before);
    assert_eq!(silent(&mut way, "token", &[("grant_type", "refresh_token"), ("refresh_token", &token)]), 400);
    assert_eq!(ask(&mut way.objects, "disconnect", &json!({}), NOW)["ended"], json!([]));
}

#[test]
fn a_reused_token_ends_its_grant_for_everybody_also_if_the_process_ends_then() {
    let mut way = Way::new();
    let first = token(&way.tokens());
    let refreshing = |token: &str| [("grant_type", "refresh_token".to_owned()), ("refresh_token", token.to_owned())];
    let send = |way: &mut Way, token: &str| {
        let fields = refreshing(token);
        let fields = fields.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>();
        let (status, _) = post(way, "token", &fields, &Said::Ok("true".into()));
        status
    };
    assert_eq!(send(&mut way, &first), 200);
    // The moment in which a lost answer comes again is over.
    let object = way.objects.0.keys().find(|name| name.starts_with("subject:")).unwrap().clone();
    way.objects.0.get_mut(&object).unwrap().1.retain(|key, _| !key.starts_with("replay:"));
    assert_eq!(send(&mut way, &first), 400);
    assert_eq!(untold(&mut way, NOW + MINUTE).0.len(), 1);
}

#[test]
fn what_nobody_takes_is_tried_again_and_given_up_after_four_days() {
    let mut way = Way::new();
    let tokens = way.tokens();
    post(&mut way, "revoke", &[("token", &token(&tokens))], &Said::Failed("unreachable"));
    let mut tries = Vec::new();
    let mut now = NOW;
    while now < NOW + 5 * DAY {
        let (ended, events) = untold(&mut way, now);
        assert_eq!(ended.len(), events.len());
        if let [event] = events.as_slice() {
            tries.push(event["last"] == true);
        }
        now += MINUTE;
    }
    assert_eq!(tries, [false, false, false, false, false, false, false, true]);
    let (_, rows) = way.objects.0.iter().find(|(name, _)| name.starts_with("subject:")).unwrap().1;
    assert!(rows.keys().all(|key| !key.starts_with("outbox:")), "{rows:?}");
}

#[test]
fn without_somebody_who_keeps_records_nothing_is_owed() {
    let mut way = Way::new();
    way.tokens();
    let (_, rows) = way.objects.0.iter().find(|(name, _)| name.starts_with("subject:")).unwrap().1;
    assert!(rows.keys().all(|key| !key.starts_with("outbox:")), "{rows:?}");
}

#[test]
fn a_form_that_met_an_outage_may_come_once_more() {
    let mut way = Way::new();
    let (sealed, cookie) = way.ask();
    let (request, body) = allowing(&sealed, &cookie);
    let objects = &mut way.objects;
    let mut send_with = |is_away: bool| {
        let world = World::new(|effect| {
            if is_away && effect["call"] == "approve" {
                Said::Failed("unreachable")
            } else {
                objects.ask(effect, NOW, [3; 32])
            }
        });
        json_of(&send(world.with_entropy([3; 32]), &server(json!({})), &request, &body).answer.unwrap())
    };
    let page = send_with(true);
    assert_eq!(page["page"]["status"], 503);
    assert!(!page["page"]["headers"].to_string().contains("__Host-wicket-form-"), "the cookie stays: {page}");
    let page = send_with(false);
    assert!(page["page"]["model"]["url"].is_string(), "{page}");
    assert!(page["page"]["headers"].to_string().contains("__Host-wicket-form-"), "now it is over: {page}");
}

#[test]
fn without_a_key_programs_and_people_are_told_to_come_again() {
    for endpoint in ["token", "register", "revoke", "introspect", "metadata", "keys"] {
        let request = head(endpoint, "POST", json!({})).to_string();
        let answer = json_of(&unavailable(&Request::read(&request).unwrap()))["answer"].clone();
        let body: Json = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!((&answer["status"], &body["error"]), (&json!(503), &json!("temporarily_unavailable")));
        assert!(answer["headers"].to_string().contains(r#"["retry-after","5"]"#), "{answer}");
    }
    for endpoint in ["authorize", "callback", "connected"] {
        let request = head(endpoint, "GET", json!({})).to_string();
        let page = json_of(&unavailable(&Request::read(&request).unwrap()))["page"].clone();
        assert_eq!((&page["status"], &page["model"]["reason"]), (&json!(503), &json!("unavailable")), "{page}");
        assert!(page["headers"].to_string().contains(r#"["retry-after","5"]"#), "{page}");
    }
}
