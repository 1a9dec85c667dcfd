//! API keys: which key is whose, and what is asked of records.

use mcp_wicket::crypto::{encode, hash, keyed};
use mcp_wicket::guard::bearer::{Caller, MAX_TOKEN, Refusal, Rejection, Verification};
use mcp_wicket::guard::jwt::VerifierInput;
use mcp_wicket::guard::verifier::Verifier;
use serde_json::{Value, json};

use crate::world::{NOW, Said, World};

const SECRET: [u8; 32] = [0x5a; 32];
const PEPPER: &str = "a-pepper-of-at-least-32-bytes-length";

fn key(id: &str) -> String {
    ["wk", id, &encode(&SECRET)].join("_")
}

/// The hash that is kept of the key with this id.
fn hash_of(id: &str) -> [u8; 32] {
    hash("api key", &[id.as_bytes(), encode(&SECRET).as_bytes()])
}

fn record(id: &str, more: &Value) -> Value {
    let mut record = json!({"id": id, "hash": encode(&hash_of(id))});
    record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    record
}

fn read(more: &Value) -> Result<Verifier, String> {
    let mut options = json!({"kind": "api-keys", "prefix": "wk"});
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Verifier::read(&options.to_string())
}

fn found(options: &Value, key: &str, say: impl FnMut(&Value) -> Said) -> Verification {
    let verifier = read(options).unwrap();
    let input = json!({"token": key}).to_string();
    let request = VerifierInput::read(&input, "").unwrap();
    World::new(say).run(async |flow| verifier.verify(flow, &request).await).answer.unwrap()
}

fn listed(records: Value, key: &str) -> Verification {
    found(&json!({"keys": records}), key, |effect| panic!("nothing is asked for: {effect}"))
}

fn caller(found: Verification) -> Caller {
    match found {
        Verification::Caller(caller) => caller,
        other @ Verification::Refused(_) => panic!("{other:?}"),
    }
}

#[test]
fn a_key_is_whose_record_it_has_and_its_identity_comes_from_there() {
    let more = json!({"name": "ci", "scopes": ["read", "write"], "props": {"team": "a"}, "expires": NOW + 400_000});
    let one = caller(listed(json!([record("x", &json!({})), record("a-1", &more)]), &key("a-1")));
    assert_eq!((one.principal.as_str(), one.scopes), ("key:ci", vec!["read".into(), "write".into()]));
    assert_eq!(one.props, r#"{"sub":"ci","key":"a-1","team":"a"}"#);
    assert_eq!((one.about.client.as_deref(), one.about.expires), (Some("ci"), Some((NOW + 400_000) / 1000)));
    assert_eq!(one.until, NOW + 300_000, "five minutes, since the list is part of the Worker");
    let bare = caller(listed(json!([record("b", &json!({}))]), &key("b")));
    assert_eq!((bare.principal.as_str(), &*bare.props), ("key:b", r#"{"sub":"b","key":"b"}"#));
    assert_eq!((bare.scopes.len(), bare.about.expires, bare.until), (0, None, NOW + 300_000));
    let short = caller(listed(json!([record("b", &json!({"expires": NOW + 1}))]), &key("b")));
    assert_eq!(short.until, NOW + 1);
}

#[test]
fn a_key_without_a_record_with_another_secret_or_that_is_over_is_refused() {
    let records = json!([record("a", &json!({})), record("old", &json!({"expires": NOW}))]);
    let other = ["wk_a", &encode(&[1; 32])].join("_");
    for (key, why) in [
        (key("c"), "the API key does not exist"),
        (other, "the secret does not match the API key"),
        (key("old"), "the API key has expired"),
    ] {
        match listed(records.clone(), &key) {
            Verification::Refused(Rejection { refused: Refusal::Token, reason, .. }) => {
                assert!(reason.starts_with(why), "{reason}");
            }
            other => panic!("{other:?}"),
        }
    }
    // Not even looked up.
    let forty = "a".repeat(40);
    assert!(matches!(listed(json!([record(&forty, &json!({}))]), &key(&forty)), Verification::Caller(_)));
    for no_key in [
        key("a").replace("wk_", "wx_"),
        key("a").replace("wk_", "wk"),
        key("é"),
        key(""),
        key("a b"),
        key(&"a".repeat(41)),
        ["wk_a", &encode(&[0x5a; 31])].join("_"),
        ["wk_a", &encode(&[0x5a; 33])].join("_"),
        "wk_a".into(),
        [&key("a"), &"=".repeat(MAX_TOKEN)[..]].concat(),
    ] {
        match found(&json!({}), &no_key, |effect| panic!("{no_key} is looked up: {effect}")) {
            Verification::Refused(Rejection { refused: Refusal::Token, reason, .. }) => {
                assert_eq!(reason, "the token is not an API key of this server", "{no_key}");
            }
            other => panic!("{no_key}: {other:?}"),
        }
    }
}

#[test]
fn a_record_that_is_looked_up_is_the_one_of_the_id_and_counts_for_a_minute() {
    let ask = |said: Said| {
        found(&json!({}), &key("a"), |effect| {
            assert_eq!(effect, &json!({"kind": "api-key", "id": "a"}));
            said.clone()
        })
    };
    let ok = |value: Value| Said::Ok(value.to_string());
    assert_eq!(caller(ask(ok(record("a", &json!({}))))).until, NOW + 60_000);
    assert!(matches!(ask(ok(json!(null))), Verification::Refused(Rejection { refused: Refusal::Token, .. })));
    for (said, why) in [
        (ok(record("b", &json!({}))), "the record of the API key has a different `id` than the key."),
        (ok(json!({})), "the record of the API key must have an `id` of letters, digits and `-`."),
        (ok(json!(true)), "the record of the API key is not an object."),
        (ok(record("a", &json!({"expires": null}))), "the record of the API key has an `expires` that is not a date"),
        (ok(record("a", &json!({"active": 0}))), "the record of the API key has an unknown member \"active\""),
        (ok(record("a", &json!({"revoked": true}))), "the record of the API key has an unknown member \"revoked\""),
        (Said::Failed("refused"), "too many API keys are being looked up at the same time"),
        (Said::Failed("timeout"), "the API key cannot be looked up at the moment"),
    ] {
        match ask(said.clone()) {
            Verification::Refused(Rejection { refused: Refusal::Unavailable, reason, .. }) => {
                assert!(reason.starts_with(why), "{reason}");
            }
            other => panic!("{said:?}: {other:?}"),
        }
    }
}

#[test]
fn with_a_pepper_a_hash_counts_under_it_or_a_former_one_and_never_without() {
    let former = "the-former-pepper-which-is-32-bytes+";
    let peppered =
        |pepper: &str| json!([record("a", &json!({"hash": encode(&keyed(pepper.as_bytes(), &hash_of("a")))}))]);
    let is_good = |peppers: Value, records: Value| {
        let found = found(&json!({"peppers": peppers, "keys": records}), &key("a"), |effect| panic!("{effect}"));
        matches!(found, Verification::Caller(_))
    };
    assert!(is_good(json!([PEPPER]), peppered(PEPPER)));
    assert!(is_good(json!([PEPPER, former]), peppered(former)));
    assert!(!is_good(json!([PEPPER]), peppered(former)));
    assert!(!is_good(json!([PEPPER]), json!([record("a", &json!({}))])), "the hash without a pepper");
    assert!(!is_good(json!([]), peppered(PEPPER)));
}

#[test]
fn options_that_cannot_be_are_refused_in_words_that_name_them() {
    let long = "a".repeat(21);
    for (options, words) in [
        (json!({"prefix": "w"}), "`prefix` must be 2 to 20"),
        (json!({"prefix": long}), "`prefix` must be 2 to 20"),
        (json!({"prefix": "Wk"}), "`prefix` must be 2 to 20"),
        (json!({"prefix": "wk_"}), "`prefix` must be 2 to 20"),
        (json!({"prefix": null}), "`prefix` must be 2 to 20"),
        (json!({"peppers": [null]}), "`pepper` is missing"),
        (json!({"peppers": [&PEPPER[..31]]}), "`pepper` must have at least 32 bytes"),
        (json!({"keys": {}}), "`keys` must be a list"),
        (json!({"keys": []}), "`keys` is empty"),
        (json!({"keys": [1]}), "`keys[0]` is not an object"),
        (
            json!({"keys": [record("a", &json!({})), record("a", &json!({}))]}),
            "`keys[1]` has the same `id` as another record",
        ),
        (json!({"keys": [{"id": key("a"), "hash": "x"}]}), "`keys[0]` contains a key instead of its hash"),
        (json!({"keys": [record("a_b", &json!({}))]}), "`keys[0]` must have an `id`"),
        (json!({"keys": [record("", &json!({}))]}), "`keys[0]` must have an `id`"),
        (json!({"keys": [record(&"a".repeat(41), &json!({}))]}), "`keys[0]` must have an `id`"),
        (json!({"keys": [record("a", &json!({"hash": "AA"}))]}), "`keys[0]` must have the `hash`"),
        (json!({"keys": [record("a", &json!({"name": ""}))]}), "`keys[0]` has a `name` that is not a string"),
        (json!({"keys": [record("a", &json!({"name": 1}))]}), "`keys[0]` has a `name` that is not a string"),
        (json!({"keys": [record("a", &json!({"expires": "soon"}))]}), "`keys[0]` has an `expires` that is not a date"),
        (json!({"keys": [record("a", &json!({"scopes": "read"}))]}), "`keys[0]` has `scopes` that are not a list"),
        (json!({"keys": [record("a", &json!({"scopes": ["a b"]}))]}), "`keys[0]` has `scopes` that are not a list"),
        (json!({"keys": [record("a", &json!({"scopes": [""]}))]}), "`keys[0]` has `scopes` that are not a list"),
        (json!({"keys": [record("a", &json!({"props": []}))]}), "`keys[0]` has `props` that are not an object"),
        (json!({"keys": [record("a", &json!({"props": {"sub": 1}}))]}), "`keys[0]` has `props` that are not an object"),
        (json!({"keys": [record("a", &json!({"props": {"key": 1}}))]}), "`keys[0]` has `props` that are not an object"),
    ] {
        let wrong = read(&options).unwrap_err();
        assert!(wrong.starts_with(words), "{options}: {wrong}");
    }
    let twenty = "a".repeat(20);
    for options in [
        json!({"prefix": "a1"}),
        json!({"prefix": twenty}),
        json!({"prefix": "my-app_live"}),
        json!({"peppers": [&PEPPER[..32]]}),
    ] {
        assert!(read(&options).is_ok(), "{options}");
    }
}
