//! The ledger of a subject: a chain that shows every change, equal failures counted, and exact limits.

use mcp_wicket::crypto::{encode, hash, mac};
use mcp_wicket::flow::Commit;
use serde_json::{Value as Json, json};

use super::once::{Way, redeeming};
use super::{form, head, json_of, keys, send, server};
use crate::world::{NOW, World};

/// The records in a subject's object, in order.
fn chain(way: &Way) -> Vec<Json> {
    let (_, (_, rows)) = way.objects.0.iter().find(|(name, _)| name.starts_with("subject:")).unwrap();
    rows.iter()
        .filter(|(key, _)| key.starts_with("audit:"))
        .map(|(_, row)| serde_json::from_str::<Json>(row).unwrap()["v1"].take())
        .collect()
}

/// The MAC of each record over the one before, as `docs/storage.md` says it is made.
fn holds(way: &Way) -> bool {
    let (kid, key) = keys().current::<32>("audit");
    let mut before = String::new();
    chain(way).iter().enumerate().all(|(at, row)| {
        // serde_json sorts members, so the text comes from the row itself.
        let (_, (_, rows)) = way.objects.0.iter().find(|(name, _)| name.starts_with("subject:")).unwrap();
        let text = &rows[&format!("audit:{:010}", at + 1)];
        let record = text.split_once("\"record\":").unwrap().1.split_once(",\"kid\"").unwrap().0;
        let expected = encode(&mac(&key, &[before.as_bytes(), record.as_bytes()]));
        before = row["mac"].as_str().unwrap().into();
        row["kid"] == encode(&kid) && before == expected && row["record"]["seq"] == at as u64 + 1
    })
}

fn events(way: &Way) -> Vec<String> {
    chain(way).iter().map(|row| row["record"]["event"].as_str().unwrap().to_owned()).collect()
}

/// Sends a request to the token endpoint; gives status, headers, body, and what the operator was told.
fn token(way: &mut Way, options: Json, body: &str, now: u64, entropy: u8) -> (Json, Vec<Json>) {
    let objects = &mut way.objects;
    let world = World::new(|effect| objects.ask(effect, now, [entropy; 32])).at(now).with_entropy([entropy; 32]);
    let request = head("token", "POST", json!({"ray": "8f0c2d"}));
    let ended = send(world, &server(options), &request, body);
    let told = ended.commits.iter().filter_map(|commit| match commit {
        Commit::Audit { event } => Some(serde_json::from_str(event).unwrap()),
        _ => None,
    });
    (json_of(&ended.answer.unwrap())["answer"].clone(), told.collect())
}

fn refreshing(way: &Way, token: &str) -> String {
    form(&[("grant_type", "refresh_token"), ("client_id", &way.client), ("refresh_token", token)])
}

#[test]
fn what_happens_is_a_chain() {
    let mut way = Way::new();
    let tokens = way.tokens();
    let body = refreshing(&way, tokens["refresh_token"].as_str().unwrap());
    let (answer, told) = token(&mut way, json!({}), &body, NOW, 6);
    assert_eq!(answer["status"], 200);
    assert_eq!(events(&way), ["access granted", "code redeemed", "token refreshed"]);
    assert!(holds(&way));
    let [told] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(
        (&told["event"], &told["request"], &told["subject"], &told["client"], &told["scopes"], &told["at"]),
        (
            &json!("token refreshed"),
            &json!("8f0c2d"),
            &json!("user:test:1"),
            &json!(way.client),
            &json!(["read", "write"]),
            &json!(NOW)
        )
    );
    // What is kept names nobody and opens nothing.
    let kept = chain(&way).iter().map(Json::to_string).collect::<String>();
    for secret in
        ["user:test", "ann", tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap()]
    {
        assert!(!kept.contains(secret), "{secret}");
    }
    assert_eq!(
        chain(&way).iter().map(|row| row["record"]["who"].to_string()).collect::<std::collections::BTreeSet<_>>().len(),
        1
    );
}

/// A chain as it was told once; `npx mcp-wicket audit verify` reads it as well (`tests/sockets/mcp/audit.test.ts`).
const TOLD: &str = include_str!("../../vectors/audit-chain.jsonl");

#[test]
fn a_chain_is_told_as_the_command_line_verifies_it() {
    let (kid, key) = keys().current::<32>("audit");
    let mut before = String::new();
    for line in TOLD.lines() {
        let event: Json = serde_json::from_str(line).unwrap();
        let record = [line.split_once(",\"kid\"").unwrap().0, "}"].concat();
        assert_eq!(event["mac"], encode(&mac(&key, &[before.as_bytes(), record.as_bytes()])));
        let who = hash("audit subject", &[event["salt"].as_str().unwrap().as_bytes(), b"user:test:1"]);
        assert_eq!((&event["kid"], &event["who"]), (&json!(encode(&kid)), &json!(encode(&who))));
        before = event["mac"].as_str().unwrap().into();
    }
    // What is told today is the record, flat, and the same beside it.
    let mut way = Way::new();
    let tokens = way.tokens();
    let body = refreshing(&way, tokens["refresh_token"].as_str().unwrap());
    let (_, told) = token(&mut way, json!({}), &body, NOW + 1000, 6);
    let mut expected = chain(&way).pop().unwrap();
    let (kid, mac) = (expected["kid"].take(), expected["mac"].take());
    let mut expected = expected["record"].take();
    let beside = json!({"kid": kid, "mac": mac, "subject": "user:test:1", "salt": told[0]["salt"]});
    expected.as_object_mut().unwrap().extend(beside.as_object().unwrap().clone());
    assert_eq!(told[0], expected);
}

#[test]
fn a_chain_that_was_changed_is_noticed() {
    for change in [
        |text: String| text.replace("token refreshed", "token enlarged!"),
        |text: String| text.replace("\"read\",\"write\"", "\"read\""),
        |text: String| text.replace("\"seq\":3", "\"seq\":4"),
    ] {
        let mut way = Way::new();
        let tokens = way.tokens();
        let body = refreshing(&way, tokens["refresh_token"].as_str().unwrap());
        token(&mut way, json!({}), &body, NOW, 6);
        assert!(holds(&way));
        let rows = way.objects.0.iter_mut().find(|(name, _)| name.starts_with("subject:")).unwrap().1;
        let row = rows.1.get_mut("audit:0000000003").unwrap();
        let changed = change(row.clone());
        assert_ne!(*row, changed);
        *row = changed;
        assert!(!holds(&way));
    }
}

/// There is a scope of that name, and the grant does not have it.
fn known_admin() -> Json {
    json!({"scopes": ["read", "write", "admin"]})
}

#[test]
fn equal_failures_within_a_minute_are_one_record_and_a_number() {
    let mut way = Way::new();
    let tokens = way.tokens();
    let good = refreshing(&way, tokens["refresh_token"].as_str().unwrap());
    let bad = good.clone() + "&scope=admin";
    let minute = NOW - NOW % 60_000;
    for times in 0..5_u8 {
        let (answer, told) = token(&mut way, known_admin(), &bad, minute + u64::from(times), 10 + times);
        assert_eq!(answer["status"], 400);
        assert_eq!(told.len(), usize::from(times == 0), "the operator hears of it once: {told:?}");
    }
    assert_eq!(events(&way), ["access granted", "code redeemed", "refresh refused"]);
    token(&mut way, json!({}), &good, minute + 60_000, 20);
    assert_eq!(events(&way)[3..], ["repeated", "token refreshed"]);
    let repeated = &chain(&way)[3]["record"];
    assert_eq!((&repeated["of"], &repeated["times"]), (&json!(3), &json!(4)));
    assert!(holds(&way));
}

#[test]
fn a_replayed_code_and_a_reused_token_are_in_the_chain() {
    let mut way = Way::new();
    let code = way.code();
    let body = redeeming(&way.client, &code);
    token(&mut way, json!({}), &body, NOW, 5);
    token(&mut way, json!({}), &body, NOW, 6);
    let last = chain(&way).pop().unwrap();
    assert_eq!(last["record"]["reason"], "the code was used before, so its grant has ended");
    assert!(holds(&way));
}

#[test]
fn a_client_that_asks_too_often_waits_for_the_next_minute() {
    let mut way = Way::new();
    let tokens = way.tokens();
    let limits = || json!({"limits": {"token": 5}, "scopes": ["read", "write", "admin"]});
    let body = refreshing(&way, tokens["refresh_token"].as_str().unwrap());
    let minute = NOW - NOW % 60_000 + 60_000;
    // The first replaces the token, the others get the same answer again, which counts for nothing …
    for times in 0..10 {
        assert_eq!(token(&mut way, limits(), &body, minute + times, 9).0["status"], 200);
    }
    // … but each refusal does.
    let bad = body.clone() + "&scope=admin";
    let answers =
        (0..9_u8).map(|times| token(&mut way, limits(), &bad, minute + 15_000, 30 + times)).collect::<Vec<_>>();
    let statuses = answers.iter().map(|(answer, _)| answer["status"].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!(statuses, [400, 400, 400, 400, 429, 429, 429, 429, 429]);
    let (limited, _) = &answers[4];
    assert!(limited["headers"].as_array().unwrap().contains(&json!(["retry-after", "45"])), "{limited}");
    assert_eq!(
        serde_json::from_str::<Json>(limited["body"].as_str().unwrap()).unwrap(),
        json!({"error": "slow_down", "error_description":
            "Too many requests. Wait for the number of seconds in Retry-After, then try again."})
    );
    assert_eq!(events(&way).iter().filter(|event| *event == "too many requests").count(), 1);
    // What is beyond the limit writes nothing.
    let before = format!("{:?}", way.objects);
    token(&mut way, limits(), &bad, minute + 20_000, 50);
    assert_eq!(format!("{:?}", way.objects), before);
    let (next, _) = token(&mut way, limits(), &bad, minute + 60_000, 51);
    assert_eq!(next["status"], 400);
    assert!(holds(&way));
}
