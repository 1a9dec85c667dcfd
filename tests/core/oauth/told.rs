//! What the operator is told outside of chains: who has said no, registered, or was refused; and how often strangers may ask
//! about tokens.

use mcp_wicket::flow::Commit;
use serde_json::{Value as Json, json};

use super::once::{Way, allowing};
use super::renewing::{Signed, said};
use super::{Objects, authorize_query, cookie, form, head, json_of, send, server};
use crate::world::{Ended, NOW, Said, World};

/// Sends a request; gives the reply and the events.
fn sent(objects: &mut Objects, options: Json, request: &Json, body: &str, entropy: u8) -> (Json, Vec<Json>) {
    let world = World::new(|effect| objects.ask(effect, NOW, [entropy; 32])).with_entropy([entropy; 32]);
    let ended = send(world, &server(options), request, body);
    let events = told(&ended);
    (json_of(&ended.answer.unwrap()), events)
}

fn told<T>(ended: &Ended<T>) -> Vec<Json> {
    let event = |commit: &Commit| match commit {
        Commit::Audit { event } => Some(serde_json::from_str(event).unwrap()),
        _ => None,
    };
    ended.commits.iter().filter_map(event).collect()
}

#[test]
fn a_registration_is_told_once() {
    let mut objects = Objects::default();
    let metadata =
        json!({"redirect_uris": ["https://a.example/cb"], "token_endpoint_auth_method": "none", "client_name": "A"});
    let request = head("register", "POST", json!({"contentType": "application/json", "ray": "8f0c2d"}));
    let (_, events) = sent(&mut objects, json!({}), &request, &metadata.to_string(), 1);
    let event = &events[0];
    assert_eq!((&event["event"], &event["name"]), (&json!("client registered"), &json!("A")));
    assert_eq!((&event["redirects"], &event["request"]), (&json!(["https://a.example/cb"]), &json!("8f0c2d")));
    assert!(event["client"].as_str().unwrap().starts_with("c_"));
    let (_, again) = sent(&mut objects, json!({}), &request, &metadata.to_string(), 2);
    assert!(again.is_empty(), "{again:?}");
}

#[test]
fn whoever_says_no_is_told_of() {
    let mut way = Way::new();
    let request = head("authorize", "GET", json!({"query": authorize_query(&way.client)}));
    let (page, _) = sent(&mut way.objects, json!({}), &request, "", 2);
    let sealed = page["page"]["model"]["hidden"][0][1].as_str().unwrap();
    let (request, body) = allowing(sealed, &cookie(&page, "__Host-wicket-form-"));
    let (_, events) = sent(&mut way.objects, json!({}), &request, &body.replace("decision=allow", "decision=deny"), 3);
    assert_eq!((&events[0]["event"], &events[0]["client"]), (&json!("consent denied"), &json!(way.client)));
    assert!(events[0]["request"].is_string());
}

#[test]
fn a_refresh_that_the_upstream_refuses_names_person_client_and_request() {
    for (status, reason) in [
        (403, "the sign-in provider no longer accepts the person"),
        (500, "the sign-in provider gave no usable answer"),
    ] {
        let mut signed = Signed::new();
        let (_, told) = signed.refresh_and_tell((NOW + 1000, 6), |_| said(status, &json!({})));
        let [record, event] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!((&record["event"], &record["reason"]), (&json!("refresh refused"), &json!(reason)));
        assert!(record["mac"].is_string(), "it is in the person's chain");
        assert_eq!(event["event"], "upstream refused");
        for told in [record, event] {
            assert_eq!((&told["subject"], &told["client"]), (&json!("user:up:1"), &json!(signed.client)));
            assert_eq!(told["request"], record["request"]);
            assert!(told["grant"].is_string() && told["request"].is_string());
        }
    }
}

#[test]
fn a_refresh_without_a_credential_that_opens_is_in_the_chain() {
    let mut signed = Signed::new();
    let (_, (_, rows)) = signed.objects.0.iter_mut().find(|(name, _)| name.starts_with("subject:")).unwrap();
    rows.remove("credential");
    let (body, told) = signed.refresh_and_tell((NOW + 1000, 6), |url| panic!("{url}"));
    assert_eq!(body["error"], "invalid_grant");
    assert_eq!((&told[0]["event"], &told[0]["subject"]), (&json!("refresh refused"), &json!("user:up:1")));
    assert_eq!(told[0]["reason"], "there is no upstream credential that can be opened");
}

#[test]
fn a_credential_that_the_upstream_has_refused_gives_way_to_any_newer_one() {
    let mut signed = Signed::new();
    let object = signed.objects.0.keys().find(|name| name.starts_with("subject:")).unwrap().clone();
    let kept = |signed: &mut Signed| {
        let effect = json!({"object": object, "call": "credential", "input": {}});
        signed.objects.ask(&effect, NOW + 2000, [3; 32])
    };
    assert!(matches!(kept(&mut signed), Said::Ok(answer) if answer.contains("first-upstream-token")));
    // An outage says nothing about it.
    signed.refresh_and_tell((NOW + 1000, 6), |_| said(500, &json!({})));
    assert!(matches!(kept(&mut signed), Said::Ok(answer) if answer.contains("first-upstream-token")));
    signed.refresh_and_tell((NOW + 1001, 7), |_| said(401, &json!({})));
    assert!(matches!(kept(&mut signed), Said::Ok(answer) if answer.contains(r#""answer":"none""#)));
}

#[test]
fn strangers_may_not_guess_at_the_introspection_endpoint() {
    const SECRET: &str = "kTQwPpYvN6cZ1xqH0mB8sJ3dUfL5eRgA";
    let options = json!({"resourceServers": {"files": SECRET}, "limits": {"introspect": 100}});
    let ask = |secret: &str, counts: &[u64]| {
        let body = form(&[("client_id", "files"), ("client_secret", secret), ("token", "x")]);
        let mut limits = Vec::new();
        let world = World::new(|effect| {
            assert_eq!(effect["kind"], "tally", "nobody else is asked");
            limits =
                effect["limits"].as_array().unwrap().iter().map(|limit| limit[1].as_u64().unwrap()).collect::<Vec<_>>();
            Said::Ok(json!(counts).to_string())
        });
        let request = head("introspect", "POST", json!({"peer": "203.0.113.9"}));
        let ended = send(world, &server(options.clone()), &request, &body);
        let events = told(&ended);
        let answer = json_of(&ended.answer.unwrap())["answer"].clone();
        (answer["status"].as_u64().unwrap(), events.len(), limits)
    };
    assert_eq!(ask("wrong", &[2, 2, 2]), (401, 1, vec![2, 2, 100]));
    assert_eq!(ask("wrong", &[3, 3, 3]), (429, 0, vec![2, 2, 100]), "nothing fills the operator's log");
    assert_eq!(ask(SECRET, &[100]), (200, 0, vec![100]));
    assert_eq!(ask(SECRET, &[101]), (429, 0, vec![100]));
}
