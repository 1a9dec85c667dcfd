//! Upstream credentials go back when nobody needs them any more, also where the provider does not answer at first.

use serde_json::{Value as Json, json};

use super::once::Way;
use super::renewing::{Signed, nothing, revoke, said, send_and_tell};
use super::{Objects, form, head};
use crate::world::{NOW, Said};

const HOUR: u64 = 3600 * 1000;

fn ask(objects: &mut Objects, object: &str, call: &str, input: &Json, now: u64) -> Json {
    let effect = json!({"object": object, "call": call, "input": input});
    let Said::Ok(answer) = objects.ask(&effect, now, [11; 32]) else { panic!("it answers") };
    serde_json::from_str(&answer).unwrap()
}

/// What the alarm of an object finds.
fn due(objects: &mut Objects, object: &str, now: u64) -> Vec<Json> {
    ask(objects, object, "due", &json!({}), now)["due"].as_array().unwrap().clone()
}

fn named(objects: &Objects, kind: &str) -> String {
    objects.0.keys().find(|name| name.starts_with(kind)).unwrap().clone()
}

/// The grants run out: their rows are deleted when their time is over.
fn run_out(objects: &mut Objects, object: &str) {
    objects.0.get_mut(object).unwrap().1.retain(|key, _| !key.starts_with("grant:"));
}

#[test]
fn with_the_last_grant_that_runs_out_the_credential_is_due() {
    let mut signed = Signed::new();
    let object = named(&signed.objects, "subject:");
    assert!(due(&mut signed.objects, &object, NOW).is_empty(), "a grant stands");
    run_out(&mut signed.objects, &object);
    let items = due(&mut signed.objects, &object, NOW);
    assert_eq!(items.len(), 1);
    assert!(items[0]["credential"].as_str().unwrap().contains("first-upstream-token"));
    assert_eq!((&items[0]["origin"]["upstream"], &items[0]["origin"]["subject"]), (&json!("up"), &json!("user:up:1")));
    assert!(!format!("{:?}", signed.objects).contains("first-upstream-token"), "at rest it is encrypted");
    ask(&mut signed.objects, &object, "settled", &json!({"settled": [items[0]["id"]]}), NOW);
    let rows = &signed.objects.0[&object].1;
    assert!(rows.keys().all(|key| !key.starts_with("due:") && key != "credential"), "{rows:?}");
    assert!(due(&mut signed.objects, &object, NOW + 100 * HOUR).is_empty());
}

#[test]
fn what_the_provider_has_not_taken_is_due_again_a_few_times() {
    let mut signed = Signed::new();
    let object = named(&signed.objects, "subject:");
    let (status, calls, told) = revoke(&mut signed, |_| Said::Failed("timeout"));
    assert_eq!((status, calls.last().unwrap().as_str()), (200, "revoke?first-upstream-token"));
    assert_eq!(told[1]["event"], "upstream credential not revoked");
    assert!(due(&mut signed.objects, &object, NOW + 1000).is_empty(), "not at once");
    let mut at = NOW + 1000;
    let waits = [HOUR / 6, HOUR, 4 * HOUR, 12 * HOUR, 24 * HOUR, 48 * HOUR];
    for (time, wait) in waits.into_iter().enumerate() {
        assert!(due(&mut signed.objects, &object, at + wait - 1).is_empty());
        at += wait;
        let items = due(&mut signed.objects, &object, at);
        assert_eq!((items.len(), items[0]["last"] == true), (1, time == 5), "{items:?}");
    }
    assert!(due(&mut signed.objects, &object, at + 1000 * HOUR).is_empty(), "that was all");
}

#[test]
fn what_goes_back_does_not_take_along_what_a_new_grant_needs() {
    let mut signed = Signed::new();
    let object = named(&signed.objects, "subject:");
    let standing = signed.objects.0[&object].1.clone();
    revoke(&mut signed, |_| Said::Failed("timeout"));
    // Somebody signs in again before it was taken; this provider would end all that the person has.
    signed.objects.0.get_mut(&object).unwrap().1.extend(standing);
    assert!(due(&mut signed.objects, &object, NOW + HOUR).is_empty());
    run_out(&mut signed.objects, &object);
    assert_eq!(due(&mut signed.objects, &object, NOW + 2 * HOUR).len(), 1);
}

#[test]
fn what_opens_no_more_is_told_and_gone() {
    let mut signed = Signed::new();
    let object = named(&signed.objects, "subject:");
    run_out(&mut signed.objects, &object);
    super::rotate("0b5f8f0e2b7c4d1a9e3f6c8d7a2b4e1f0c9d8b7a6f5e4d3c2b1a0f9e8d7c6b5a");
    let items = due(&mut signed.objects, &object, NOW);
    assert_eq!((items.len(), &items[0]["last"], items[0].get("credential")), (1, &json!(true), None));
    assert!(due(&mut signed.objects, &object, NOW + 1000 * HOUR).is_empty());
}

#[test]
fn whoever_is_turned_away_leaves_no_token_at_the_upstream() {
    let mut way = Way::new();
    let (state, cookie) = way.allow();
    let query = form(&[("state", &state), ("code", "turned away")]);
    let request = head("callback", "GET", json!({"query": query, "cookie": cookie}));
    let (answer, calls, told) = send_and_tell(&mut way.objects, &request, "", (NOW, 4), |_| said(200, &json!({})));
    assert_eq!(answer["page"]["status"], 403);
    assert_eq!(calls, ["take", "needed", "revoke?first-upstream-token"]);
    assert_eq!((&told[0]["event"], &told[0]["subject"]), (&json!("sign-in refused"), &json!("user:up:1")));
    assert_eq!((&told[1]["event"], &told[1]["subject"]), (&json!("upstream credential revoked"), &json!("user:up:1")));
}

#[test]
fn whoever_is_turned_away_takes_nothing_along_from_what_they_have_connected() {
    let Signed { objects, client, .. } = Signed::new();
    let mut way = Way { objects, client };
    // The randomness of these tests is the same each time.
    way.objects.0.retain(|name, _| !name.starts_with("transaction:"));
    let (state, cookie) = way.allow();
    let query = form(&[("state", &state), ("code", "turned away")]);
    let request = head("callback", "GET", json!({"query": query, "cookie": cookie}));
    let (_, calls, _) = send_and_tell(&mut way.objects, &request, "", (NOW, 4), nothing);
    assert_eq!(calls, ["take", "needed"]);
}

#[test]
fn whoever_never_confirms_leaves_no_token_at_the_upstream() {
    let held = |released: bool| {
        let mut way = Way::new();
        let (state, _) = way.allow();
        let object = format!("transaction:{state}");
        let row: Json = serde_json::from_str(&way.objects.0[&object].1["transaction"]).unwrap();
        let browser = row["v1"]["browser"].clone();
        ask(&mut way.objects, &object, "take", &json!({"browser": browser, "posted": false}), NOW);
        let origin = json!({"upstream": "up", "single": true, "token": "t", "subject": "user:up:1"});
        let given = json!({"credential": "{\"access\":\"at\"}", "origin": origin});
        let input = json!({"browser": browser, "person": "sealed", "credential": given});
        assert_eq!(ask(&mut way.objects, &object, "hold", &input, NOW), true);
        assert!(!format!("{:?}", way.objects).contains("access\\\":"), "at rest it is encrypted");
        if released {
            ask(&mut way.objects, &object, "release", &json!({"browser": browser}), NOW + 1000);
        }
        assert!(due(&mut way.objects, &object, NOW + HOUR / 6 - 1).is_empty(), "there is time to confirm");
        due(&mut way.objects, &object, NOW + HOUR / 6)
    };
    let items = held(false);
    assert_eq!((items.len(), &items[0]["credential"]), (1, &json!("{\"access\":\"at\"}")));
    assert!(held(true).is_empty(), "whoever confirmed has it");
}
