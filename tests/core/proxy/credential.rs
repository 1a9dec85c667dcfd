//! The upstream's tokens: which are kept, and where they must not go.

use mcp_wicket::identity::upstream::Profile;
use mcp_wicket::identity::upstream::credential::{UpstreamCredential, merge};
use mcp_wicket::identity::{self, Identity as _};
use serde_json::json;

use super::handler;

fn credential(access: &str, refresh: Option<&str>, scopes: &[&str]) -> UpstreamCredential {
    let scopes = scopes.iter().map(|scope| (*scope).into()).collect();
    UpstreamCredential {
        access: access.into(),
        refresh: refresh.map(Into::into),
        expires: Some(5),
        scopes,
        ..UpstreamCredential::default()
    }
}

#[test]
fn what_is_written_is_read() {
    let tokens = [
        credential("a\"b", Some("r\\"), &["x", "y"]),
        UpstreamCredential { expires: None, ..credential("a", None, &[]) },
        UpstreamCredential { id_token: Some(("h.c.s".into(), 5)), ..credential("a", None, &[]) },
        UpstreamCredential { said: Some(5), ..credential("a", None, &[]) },
    ];
    for tokens in tokens {
        assert_eq!(UpstreamCredential::read(&tokens.to_json()), Some(tokens));
    }
    for broken in ["", "{}", "[]", r#"{"access":5}"#, r#"{"access":"a","expires":"x"}"#] {
        assert_eq!(UpstreamCredential::read(broken), None, "{broken}");
    }
}

#[test]
fn an_absent_refresh_token_never_overwrites_one() {
    let (old, new) = (credential("old", Some("r1"), &["a"]), credential("new", None, &["a"]));
    let kept = UpstreamCredential::read(&merge(Some(&old.to_json()), &new.to_json(), &["a".into()])).unwrap();
    assert_eq!((kept.access.as_str(), kept.refresh.as_deref()), ("new", Some("r1")));
    let newer = credential("newer", Some("r2"), &["a"]);
    let kept = UpstreamCredential::read(&merge(Some(&kept.to_json()), &newer.to_json(), &[])).unwrap();
    assert_eq!(kept, newer);
}

#[test]
fn the_newest_with_the_needed_scopes_wins() {
    let needed = ["a".into(), "b".into()];
    let (full, less) = (credential("full", None, &["a", "b"]), credential("less", Some("r"), &["a"]));
    let merged = |kept: &UpstreamCredential, newer: &UpstreamCredential| {
        UpstreamCredential::read(&merge(Some(&kept.to_json()), &newer.to_json(), &needed)).unwrap().access
    };
    assert_eq!(merged(&full, &less), "full", "the person unticked one this time");
    assert_eq!(merged(&less, &full), "full");
    assert_eq!(merged(&less, &credential("other", None, &["b"])), "other", "neither has all, so the newest");
    assert_eq!(merge(None, &less.to_json(), &needed), less.to_json());
    assert_eq!(merge(Some("garbage"), &less.to_json(), &needed), less.to_json());
}

#[test]
fn what_only_an_exchange_makes_the_provider_say_anew_is_due_after_a_minute() {
    let known = Profile { id: "u-1".into(), ..Profile::default() };
    let plain = UpstreamCredential { said: Some(1000), ..credential("a", Some("r"), &[]) };
    let due = |credential: UpstreamCredential| outside(&credential).due;
    assert_eq!(due(plain.clone()), None, "userinfo tells, and the access token says when it ends");
    assert_eq!(due(UpstreamCredential { expires: None, ..plain.clone() }), Some(61_000), "it may end at any time");
    assert_eq!(due(UpstreamCredential { profile: Some(known.clone()), ..plain.clone() }), Some(61_000));
    assert_eq!(due(UpstreamCredential { id_token: Some(("h.c.s".into(), 5)), ..plain.clone() }), Some(61_000));
    assert_eq!(due(UpstreamCredential { profile: Some(known), said: None, ..plain.clone() }), Some(0));
    assert_eq!(due(UpstreamCredential { expires: None, refresh: None, ..plain }), None, "there is nothing to exchange");
}

fn outside(credential: &UpstreamCredential) -> identity::Credential {
    handler(json!({ "kind": "github" })).credential(&credential.to_json()).unwrap()
}

#[test]
fn props_with_a_token_in_them_are_found() {
    let tokens =
        outside(&UpstreamCredential { id_token: Some(("h.c.s".into(), 5)), ..credential("gho_1", Some("r\"1"), &[]) });
    for (props, found) in [
        (r#"{"accessToken":"gho_1"}"#, true),
        (r#"{"auth":{"header":"Bearer gho_1"}}"#, true),
        (r#"{"refresh":"r\"1"}"#, true),
        (r#"{"id":"h.c.s"}"#, true),
        (r#"{"login":"octocat"}"#, false),
    ] {
        assert_eq!(tokens.is_mentioned(props), found, "{props}");
    }
    assert_eq!(handler(json!({ "kind": "github" })).credential("garbage"), None);
}

#[test]
fn a_token_is_stale_a_minute_before_its_end() {
    let tokens = |expires| outside(&UpstreamCredential { expires, ..credential("a", None, &[]) });
    assert!(!tokens(None).is_stale(1_000_000));
    assert!(tokens(Some(1_059_999)).is_stale(1_000_000));
    assert!(!tokens(Some(1_060_000)).is_stale(1_000_000));
    assert!(tokens(Some(0)).is_stale(1_000_000));
    assert!(!tokens(None).renewable && outside(&credential("a", Some("r"), &[])).renewable);
}
