//! Limits outside of objects: exact answers, and what is counted together.

use std::collections::BTreeMap;

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
        keys.extend(effect["limits"].as_array().unwrap().iter().map(|limit| limit[0].as_str().unwrap().to_owned()));
        Said::Ok(json!(vec![count; effect["limits"].as_array().unwrap().len()]).to_string())
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
    // What is counted for everybody is twenty times as high, so only the network's count is beyond.
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

#[test]
fn a_revocation_beyond_the_limit_asks_no_object() {
    let mut way = Way::new();
    let tokens = way.tokens();
    let token = tokens["refresh_token"].as_str().unwrap();
    let request = head("revoke", "POST", json!({"peer": "192.0.2.1"}));
    let body = super::form(&[("client_id", &way.client), ("token", token)]);
    let before = format!("{:?}", way.objects);
    let (limited, keys) = asked(&mut way, &request, &body, 121);
    assert_eq!((&limited["answer"]["status"], keys.len()), (&json!(429), 2), "by client and network, and by network");
    assert!(has(&limited, "retry-after", &WAIT.to_string()));
    assert!(limited["answer"]["body"].as_str().unwrap().contains(r#""error":"slow_down""#));
    assert_eq!(format!("{:?}", way.objects), before);
    assert_eq!(asked(&mut way, &request, &body, 120).0["answer"]["status"], 200);
}

/// Counts as `js/boundary/effects/tally.ts` does.
#[derive(Default)]
struct Counts(BTreeMap<String, u64>);

impl Counts {
    fn of(&mut self, effect: &Json) -> Said {
        let mut counted = Vec::new();
        for limit in effect["limits"].as_array().unwrap() {
            let count = self.0.entry(limit[0].as_str().unwrap().into()).or_default();
            *count += 1;
            counted.push(*count);
            if *count > limit[1].as_u64().unwrap() {
                break;
            }
        }
        Said::Ok(json!(counted).to_string())
    }
}

/// The status of the reply to a request, with all counts as they are after those before it.
fn status(way: &mut Way, counts: &mut Counts, request: &Json, body: &str) -> u64 {
    let objects = &mut way.objects;
    let world = World::new(|effect| match effect["kind"].as_str().unwrap() {
        "tally" => counts.of(effect),
        // Nobody answers there, which is not what this is about.
        "fetch" => Said::Failed("unreachable"),
        _ => objects.ask(effect, NOW, [8; 32]),
    });
    let server = server(json!({"documents": true}));
    let reply = json_of(&send(world.with_entropy([8; 32]), &server, request, body).answer.unwrap());
    let head = if reply["page"].is_object() { &reply["page"] } else { &reply["answer"] };
    head["status"].as_u64().unwrap()
}

const ATTACKER: &str = "203.0.113.9";
const VICTIM: &str = "198.51.100.77";

fn registration(peer: &str, name: &str, redirect: &str, method: &str) -> (Json, String) {
    let head = head("register", "POST", json!({"contentType": "application/json", "peer": peer}));
    let body = json!({"client_name": name, "redirect_uris": [redirect], "token_endpoint_auth_method": method});
    (head, body.to_string())
}

#[test]
fn one_network_that_registers_again_and_again_locks_nobody_out() {
    let (mut way, mut counts) = (Way::new(), Counts::default());
    let mut register = |peer: &str, name: &str, redirect: &str, method: &str| {
        let (request, body) = registration(peer, name, redirect, method);
        status(&mut way, &mut counts, &request, &body)
    };
    let same = (0..620).filter(|_| register(ATTACKER, "same", super::REDIRECT, "none") == 201).count();
    assert_eq!(same, 120, "a registration that is there already");
    // Whatever it is called, and whichever name below its domain it has.
    let new = |n: u32| format!("https://h{n}.attacker.example/cb");
    let named = (0..300).filter(|n| register(ATTACKER, &format!("x{n}"), &new(*n), "none") == 201).count();
    assert_eq!(named, 30, "one network, one domain");
    let other = |n: u32| format!("https://attacker{n}.example/cb");
    let all = (0..700).filter(|n| register(ATTACKER, "x", &other(*n), "client_secret_basic") == 201).count();
    assert_eq!(all, 120 - 31, "one network, all domains");
    for method in ["none", "client_secret_basic"] {
        assert_eq!(register(VICTIM, "Claude", "https://victim.example/cb", method), 201, "{method}");
    }
    assert_eq!(register(VICTIM, "Claude", "https://other.attacker.example/cb", "none"), 201, "nor a host for others");
}

#[test]
fn spellings_of_one_redirect_host_are_one() {
    let (mut way, mut counts) = (Way::new(), Counts::default());
    let spellings = ["https://Client.Example/", "https://client.example./", "https://CLIENT.example:8443/"];
    let mut kept = 0;
    for n in 0..60 {
        let redirect = format!("{}{n}", spellings[n % spellings.len()]);
        let (request, body) = registration(ATTACKER, "x", &redirect, "none");
        kept += u64::from(status(&mut way, &mut counts, &request, &body) == 201);
    }
    assert_eq!(kept, 30);
}

/// The document was asked for, and nobody was there.
const FETCHED: u64 = 503;

#[test]
fn one_network_that_makes_up_documents_locks_nobody_out() {
    let (mut way, mut counts) = (Way::new(), Counts::default());
    let mut ask = |peer: &str, id: &str| {
        let request = head("authorize", "GET", json!({"query": authorize_query(id), "peer": peer}));
        status(&mut way, &mut counts, &request, "")
    };
    let paths = (0..310).filter(|n| ask(ATTACKER, &format!("https://claude.example/x{n}")) == FETCHED).count();
    assert_eq!(paths, 30);
    let spelt = |n: u32| {
        let spell = |(at, letter): (usize, char)| if n >> at & 1 == 1 { letter.to_ascii_uppercase() } else { letter };
        "claude.example".chars().enumerate().map(spell).collect::<String>()
    };
    let spellings = (1..200).filter(|n| ask(ATTACKER, &format!("https://{}/x", spelt(*n))) == FETCHED).count();
    let ports = (0..20).filter(|n| ask(ATTACKER, &format!("https://claude.example:443/y{n}")) == FETCHED).count();
    let names = (0..20).filter(|n| ask(ATTACKER, &format!("https://h{n}.claude.example/x")) == FETCHED).count();
    assert_eq!((spellings, ports, names), (0, 0, 0));
    let hosts = (0..300).filter(|n| ask(ATTACKER, &format!("https://client{n}.example/x")) == FETCHED).count();
    assert_eq!(hosts, 90, "a network has so many in all");
    assert_eq!(ask(VICTIM, "https://claude.example/real"), FETCHED);
    // And what everybody together has is counted for a host by whichever name it is spelt.
    let together = (0..60).map(|n| {
        (0..10).filter(|at| ask(&format!("192.0.2.{n}"), &format!("https://{}/{at}", spelt(n))) == FETCHED).count()
    });
    assert_eq!(together.sum::<usize>(), 300 - 30 - 1);
}

#[test]
fn whoever_makes_up_clients_and_sign_ins_is_counted_as_a_network() {
    let (mut way, mut counts) = (Way::new(), Counts::default());
    let made_up = |n: u32| format!("c_{n:032}");
    let query = |n: u32| json!({"query": authorize_query(&made_up(n)), "peer": ATTACKER});
    let mut beyond = 0;
    for n in 0..1300 {
        beyond += u64::from(status(&mut way, &mut counts, &head("authorize", "GET", query(n)), "") == 429);
    }
    assert_eq!(beyond, 100);
    let token = |n: u32| {
        super::form(&[("grant_type", "refresh_token"), ("client_id", &made_up(n)), ("refresh_token", "nonsense")])
    };
    let request = head("token", "POST", json!({"peer": ATTACKER}));
    let limited = (0..1300).filter(|n| status(&mut way, &mut counts, &request, &token(*n)) == 429).count();
    assert_eq!(limited, 100);
    let client = way.client.clone();
    let own = head("authorize", "GET", json!({"query": authorize_query(&client), "peer": VICTIM}));
    assert_eq!(status(&mut way, &mut counts, &own, ""), 200);
}
