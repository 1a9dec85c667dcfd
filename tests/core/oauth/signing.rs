//! Signing keys: when one is made, which one signs, and for how long each is published.

use mcp_wicket::crypto::{Keys, Purpose, SealContext};
use mcp_wicket::flow::Context;
use mcp_wicket::oauth::Reply;
use serde_json::{Value as Json, json};

use super::once::{Way, redeeming};
use super::{head, json_of, keys, send, server};
use crate::world::{Ended, NOW, Said, World};

const HOUR: u64 = 3600 * 1000;
const DAY: u64 = 24 * HOUR;
const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
/// RFC 7638 thumbprint of the key with these coordinates (RFC 7517 appendix A.1 has another).
const THUMBPRINT: &str = "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U";

/// A key of the keyring, `age` old, sealed under `keys`.
fn pair(kid: &str, age: u64, keys: &Keys) -> Json {
    let private =
        json!({"kty": "EC", "crv": "P-256", "x": X, "y": Y, "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"});
    let binding = SealContext { purpose: Purpose::Keyring, issuer: "", audience: kid };
    let sealed = keys.seal_text(&Context::new(NOW, [3; 32]), &binding, private.to_string().as_bytes());
    json!({"kid": kid, "x": X, "y": Y, "sealed": sealed, "created": NOW - age})
}

/// The JWK Set is asked for, with these keys in the keyring.
fn published(pairs: &[Json]) -> (Ended<Reply>, Vec<String>, Vec<Json>) {
    let mut kept = pairs.to_vec();
    let mut kinds = Vec::new();
    let world = World::new(|effect| {
        let kind = effect["kind"].as_str().unwrap();
        kinds.push(kind.to_owned());
        match kind {
            "ring" => assert_eq!(effect["since"], NOW - 300_000),
            "new-key" => {
                assert_eq!(effect["algorithm"], json!({"name": "ECDSA", "namedCurve": "P-256"}));
                let made = json!({"kty": "EC", "crv": "P-256", "x": X, "y": Y, "d": "ZA"});
                return Said::Ok(made.to_string());
            }
            "ask" => {
                assert_eq!((effect["object"].as_str(), effect["call"].as_str()), (Some("keyring"), Some("sign-with")));
                assert_eq!(effect["input"]["after"], kept.last().map_or(json!(""), |pair| pair["kid"].clone()));
                assert!(!effect.to_string().contains("ZA\""), "the private half leaves sealed");
                kept.clone_from(effect["input"]["keys"].as_array().unwrap());
            }
            other => panic!("{other} is not needed"),
        }
        Said::Ok(json!({"salt": "s", "keys": kept}).to_string())
    });
    let ended = send(world, &server(json!({"jwt": true})), &head("keys", "GET", json!({})), "");
    (ended, kinds, kept)
}

fn kids(pairs: &[Json]) -> Vec<&str> {
    pairs.iter().map(|pair| pair["kid"].as_str().unwrap()).collect()
}

#[test]
fn the_first_key_is_made_when_it_is_needed_and_named_by_its_thumbprint() {
    let (ended, kinds, kept) = published(&[]);
    assert_eq!(kinds, ["ring", "new-key", "ask"]);
    assert_eq!(kids(&kept), [THUMBPRINT]);
    let reply = json_of(&ended.answer.unwrap());
    let set: Json = serde_json::from_str(reply["answer"]["body"].as_str().unwrap()).unwrap();
    let key = json!({"kty": "EC", "crv": "P-256", "x": X, "y": Y, "kid": THUMBPRINT, "alg": "ES256", "use": "sig"});
    assert_eq!(set, json!({"keys": [key]}));
}

#[test]
fn a_key_is_replaced_after_ninety_days_and_stays_published_for_one_more() {
    let (_, kinds, _) = published(&[pair("a", 90 * DAY - 1, &keys())]);
    assert_eq!(kinds, ["ring"]);
    let (_, _, kept) = published(&[pair("a", 90 * DAY, &keys())]);
    assert_eq!(kids(&kept), ["a", THUMBPRINT]);
    // What was replaced before goes when the next one comes.
    let (_, _, kept) = published(&[pair("a", 181 * DAY, &keys()), pair("b", 90 * DAY, &keys())]);
    assert_eq!(kids(&kept), ["b", THUMBPRINT]);
    let lost = Keys::parse("3c9d1e07f2a84b5699c0d7e61fb238a45e0d6c7b8a9f1023344556677889900a").unwrap();
    let (_, _, kept) = published(&[pair("a", 5 * HOUR, &lost)]);
    assert_eq!(kids(&kept), ["a", THUMBPRINT], "what cannot be opened signs no more, and is still published");
}

/// Which key is handed to the subject's object.
fn signs(pairs: &[Json]) -> String {
    let mut way = Way::new();
    let code = way.code();
    let mut handed = None;
    let world = World::new(|effect| match effect["kind"].as_str().unwrap() {
        "ring" => Said::Ok(json!({"salt": "s", "keys": pairs}).to_string()),
        "ask" => {
            handed = effect["input"]["request"]["jwt"]["kid"].as_str().map(String::from);
            Said::Failed("timeout")
        }
        other => panic!("{other} is not needed"),
    });
    let body = redeeming(&way.client, &code);
    send(world, &server(json!({"jwt": true})), &head("token", "POST", json!({})), &body);
    handed.unwrap()
}

#[test]
fn a_new_key_is_published_for_an_hour_before_it_signs() {
    let (old, new) = (pair("old", 90 * DAY, &keys()), |age| pair("new", age, &keys()));
    assert_eq!(signs(&[old.clone(), new(HOUR - 1)]), "old");
    assert_eq!(signs(&[old.clone(), new(HOUR)]), "new");
    assert_eq!(signs(&[new(0)]), "new", "the first one signs at once");
    let lost = Keys::parse("3c9d1e07f2a84b5699c0d7e61fb238a45e0d6c7b8a9f1023344556677889900a").unwrap();
    assert_eq!(signs(&[pair("old", 90 * DAY, &lost), new(0)]), "new", "so does one whose elder is lost");
}

#[test]
fn without_the_keyring_nothing_is_issued_and_nothing_published() {
    for failed in ["timeout", "unreachable", "failed"] {
        let ended = send(
            World::new(|_| Said::Failed(failed)),
            &server(json!({"jwt": true})),
            &head("keys", "GET", json!({})),
            "",
        );
        assert_eq!(json_of(&ended.answer.unwrap())["answer"]["status"], 503);
    }
}
