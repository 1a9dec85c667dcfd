//! Limits outside of objects: exact answers, and what is counted together.

use serde_json::{Value as Json, json};

use super::once::Way;
use super::{authorize_query, head, json_of, send, server};
use crate::world::{NOW, Said, World};

const WAIT: u64 = 60 - (NOW / 1000) % 60;

/// Sends a request while this many have come before; gives its reply, and the keys that were counted.
fn asked(way: &mut Way, request: &Json, body: &str, count: u64) -> (Json, Vec<String>) {
    let mut keys = Vec::new();
    let objects = &mut way.objects;
    let world = World::new(|effect| {
        if effect["kind"] != "tally" {
            return objects.ask(effect, NOW, [8; 32]);
        }
        keys.extend(effect["keys"].as_array().unwrap().iter().map(|key| key.as_str().unwrap().to_owned()));
        Said::Ok(json!(vec![count; effect["keys"].as_array().unwrap().len()]).to_string())
    });
    let reply = json_of(&send(world.with_entropy([8; 32]), &server(json!({})), request, body).answer.unwrap());
    (reply, keys)
}

fn has(reply: &Json, name: &str, value: &str) -> bool {
    let head = if reply["page"].is_object() { &reply["page"] } else { &reply["answer"] };
    head["headers"].as_array().unwrap().contains(&json!([name, value]))
}

#[test]
fn an_authorization_request_beyond_the_limit() {
    let mut way = Way::new();
    let request =
        |peer: &str, client: &str| head("authorize", "GET", json!({"query": authorize_query(client), "peer": peer}));
    let client = way.client.clone();
    assert_eq!(asked(&mut way, &request("192.0.2.1", &client), "", 120).0["page"]["status"], 200);
    let (busy, keys) = asked(&mut way, &request("192.0.2.1", &client), "", 121);
    assert_eq!((&busy["page"]["status"], &busy["page"]["model"]["reason"]), (&json!(429), &json!("busy")));
    assert!(has(&busy, "retry-after", &WAIT.to_string()), "{busy}");
    // A network is an IPv4 address or a /64, together with the client; never alone.
    let key = |way: &mut Way, peer: &str, client: &str| asked(way, &request(peer, client), "", 1).1;
    assert_eq!(key(&mut way, "::ffff:192.0.2.1", &client), keys);
    assert_ne!(key(&mut way, "192.0.2.2", &client), keys);
    assert_ne!(key(&mut way, "192.0.2.1", "c_another"), keys);
    let six = key(&mut way, "2001:db8:1:2::1", &client);
    assert_eq!(key(&mut way, "2001:db8:1:2:ffff::9", &client), six);
    assert_ne!(key(&mut way, "2001:db8:1:3::1", &client), six);
    // What does not come from Cloudflare's own header counts nothing.
    assert_eq!(key(&mut way, "192.0.2.1, 10.0.0.1", &client), Vec::<String>::new());
    let unnamed = head("authorize", "GET", json!({"query": authorize_query(&client)}));
    assert_eq!(asked(&mut way, &unnamed, "", 1000).0["page"]["status"], 200);
}

#[test]
fn registrations_beyond_the_limit_are_those_that_are_new() {
    let mut way = Way::new();
    let request = head("register", "POST", json!({"contentType": "application/json", "peer": "192.0.2.1"}));
    let body = |name: &str, method: &str| {
        json!({"client_name": name, "redirect_uris": [super::REDIRECT], "token_endpoint_auth_method": method})
            .to_string()
    };
    let status = |reply: &Json| reply["answer"]["status"].as_u64().unwrap();
    // The total is twenty times as high, so only the network's count is beyond.
    assert_eq!(status(&asked(&mut way, &request, &body("New", "none"), 30).0), 201);
    assert_eq!(status(&asked(&mut way, &request, &body("New", "none"), 31).0), 201);
    for (name, method) in [("Newer", "none"), ("New", "client_secret_basic")] {
        let (limited, _) = asked(&mut way, &request, &body(name, method), 31);
        assert_eq!(status(&limited), 429);
        assert!(has(&limited, "retry-after", &WAIT.to_string()));
        assert!(limited["answer"]["body"].as_str().unwrap().contains(r#""error":"slow_down""#));
    }
    assert!(!way.objects.0.values().any(|(_, rows)| rows.values().any(|row| row.contains("Newer"))));
}

#[test]
fn a_callback_beyond_the_limit_asks_no_object() {
    let mut way = Way::new();
    let (state, cookie) = way.allow();
    let request = head(
        "callback",
        "GET",
        json!({"query": super::form(&[("state", &state), ("code", "upstream")]), "cookie": cookie}),
    );
    let before = format!("{:?}", way.objects);
    let (busy, _) = asked(&mut way, &request, "", 61);
    assert_eq!(busy["page"]["status"], 429);
    assert!(has(&busy, "retry-after", &WAIT.to_string()));
    assert_eq!(format!("{:?}", way.objects), before);
    assert_eq!(asked(&mut way, &request, "", 60).0["answer"]["status"], 302);
}

#[test]
fn a_token_that_opens_nothing_is_counted_before_anybody_is_asked_for_its_client() {
    let mut way = Way::new();
    let body =
        super::form(&[("grant_type", "refresh_token"), ("client_id", &way.client), ("refresh_token", "nonsense")]);
    let request = head("token", "POST", json!({"peer": "192.0.2.1"}));
    assert_eq!(asked(&mut way, &request, &body, 120).0["answer"]["status"], 400);
    let (limited, _) = asked(&mut way, &request, &body, 121);
    assert_eq!(limited["answer"]["status"], 429);
}
