//! Claims and header, one rule each (RFC 7519 §4.1, RFC 9068 §2.2, RFC 8725). The signature is right each time.

use mcp_wicket::guard::bearer::{Caller, Refusal, Rejection, Verification};
use mcp_wicket::guard::jwt::{self, Options};
use mcp_wicket::json::Object;
use serde_json::{Value, json};

use super::{MINUTE, SECOND, joined, part};
use crate::world::{NOW, Said, World};

const NOW_S: u64 = NOW / 1000;

/// What is found where the token has this header and these claims.
fn found(options: &Value, header: &Value, payload: &str) -> Verification {
    let key = json!([{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]);
    let options =
        joined(json!({"issuer": ["https://a.example"], "audience": ["me"], "keys": key}), options).to_string();
    let options = Options::read(&Object::read(&options).unwrap()).unwrap();
    let token = [part(&header.to_string()), part(payload), part(&"s".repeat(64))].join(".");
    let input = json!({"token": token}).to_string();
    let request = jwt::VerifierInput::read(&input, "").unwrap();
    World::new(|_| Said::Ok("true".into()))
        .run(async |flow| jwt::verify(flow, &request, &options).await)
        .answer
        .unwrap()
}

fn claims(more: &Value) -> Value {
    joined(json!({"iss": "https://a.example", "aud": "me", "sub": "ann", "exp": NOW_S + 900}), more)
}

fn judged(options: &Value, more: &Value) -> Verification {
    found(options, &json!({"alg": "EdDSA"}), &claims(more).to_string())
}

fn caller(options: &Value, more: &Value) -> Caller {
    match judged(options, more) {
        Verification::Caller(caller) => caller,
        other @ Verification::Refused(_) => panic!("{options} {more}: {other:?}"),
    }
}

/// The reason for which the token is refused.
fn reason(found: &Verification) -> &str {
    match found {
        Verification::Refused(Rejection { refused: Refusal::Token, reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_token_is_over_when_exp_has_come_and_clocks_may_differ_by_a_minute() {
    let none = json!({});
    assert!(matches!(judged(&none, &json!({"exp": NOW_S - 59})), Verification::Caller(_)));
    assert_eq!(reason(&judged(&none, &json!({"exp": NOW_S - 60}))), "the token has expired");
    let exact = json!({"clockTolerance": 0});
    assert!(matches!(judged(&exact, &json!({"exp": NOW_S + 1})), Verification::Caller(_)));
    assert_eq!(reason(&judged(&exact, &json!({"exp": NOW_S}))), "the token has expired");
}

#[test]
fn a_token_whose_nbf_or_iat_is_to_come_is_none_yet() {
    for name in ["nbf", "iat"] {
        for (tolerance, ahead) in [(60, 60), (0, 0), (600, 600)] {
            let options = json!({"clockTolerance": tolerance});
            assert!(
                matches!(judged(&options, &json!({name: NOW_S + ahead})), Verification::Caller(_)),
                "{name} {ahead}"
            );
            let late = judged(&options, &json!({name: NOW_S + ahead + 1}));
            assert_eq!(reason(&late), "nbf or iat is in the future", "{name}");
        }
        assert!(matches!(judged(&json!({}), &json!({name: NOW_S - 900})), Verification::Caller(_)));
    }
}

#[test]
fn a_date_that_is_odd_is_not_skipped() {
    for name in ["exp", "nbf", "iat"] {
        for odd in [json!("1"), json!(null), json!(-1), json!([NOW_S + 900]), json!(true), json!({})] {
            let found = judged(&json!({}), &json!({name: odd}));
            assert_eq!(reason(&found), "exp, nbf or iat is not a number of seconds since 1970", "{name} {odd}");
        }
    }
}

#[test]
fn a_token_without_exp_is_refused_unless_the_options_take_it() {
    let without = json!({"exp": "-"});
    assert_eq!(reason(&judged(&json!({}), &without)), "the token has no exp");
    assert_eq!(reason(&judged(&json!({"requireExp": true}), &without)), "the token has no exp");
    let taken = caller(&json!({"requireExp": false}), &without);
    assert_eq!((taken.about.expires, taken.until), (None, NOW + 5 * MINUTE));
    assert!(taken.note.unwrap().starts_with("Tokens without exp are accepted"));
}

#[test]
fn a_token_that_lives_longer_than_is_allowed_is_refused() {
    let limited = json!({"maxLifetime": 3600, "clockTolerance": 60});
    let long = "the token's lifetime exceeds maxLifetime";
    // From iat, where it says so: an hour, and the difference of clocks.
    for (issued, seconds, is_long) in
        [(Some(0), 3660, false), (Some(0), 3661, true), (None, 3660, false), (None, 3661, true)]
    {
        let found =
            judged(&limited, &json!({"iat": issued.map_or(json!("-"), |_| json!(NOW_S)), "exp": NOW_S + seconds}));
        match found {
            Verification::Caller(_) if !is_long => {}
            other => assert_eq!((reason(&other), is_long), (long, true)),
        }
    }
    assert_eq!(reason(&judged(&limited, &json!({"iat": NOW_S - 3600, "exp": NOW_S + 61}))), long);
    // An iat to come makes no life shorter.
    assert_eq!(reason(&judged(&limited, &json!({"iat": NOW_S + 30, "exp": NOW_S + 3661}))), long);
    let open = json!({"maxLifetime": 3600, "requireExp": false});
    assert_eq!(reason(&judged(&open, &json!({"exp": "-"}))), long);
}

#[test]
fn the_operator_is_told_of_tokens_that_live_longer_than_an_hour() {
    let note = |iat: Value, exp: u64| caller(&json!({}), &json!({"iat": iat, "exp": exp})).note;
    assert_eq!(note(json!(NOW_S), NOW_S + 3660), None);
    assert!(note(json!(NOW_S), NOW_S + 3661).unwrap().starts_with("Tokens that live longer than an hour are accepted"));
    assert_eq!(note(json!("-"), NOW_S + 3660), None);
    assert!(note(json!("-"), NOW_S + 3661).is_some());
    assert!(note(json!(NOW_S - 3000), NOW_S + 900).is_some());
}

#[test]
fn the_issuer_is_one_of_those_to_the_letter() {
    let two = json!({"issuer": ["https://a.example", "https://b.example"]});
    assert!(matches!(judged(&two, &json!({"iss": "https://b.example"})), Verification::Caller(_)));
    for other in
        [json!("https://a.example/"), json!("https://A.example"), json!("-"), json!(["https://a.example"]), json!(null)]
    {
        let found = judged(&two, &json!({"iss": other}));
        assert_eq!(reason(&found), "the iss is not the configured issuer", "{other}");
    }
}

#[test]
fn the_audience_names_this_server() {
    for ours in [json!("me"), json!(["me"]), json!(["you", "me"]), json!(["me", "you"])] {
        assert!(matches!(judged(&json!({}), &json!({"aud": ours})), Verification::Caller(_)), "{ours}");
    }
    for other in [
        json!("you"),
        json!([]),
        json!("-"),
        json!(["me", 1]),
        json!("Me"),
        json!("me "),
        json!({"me": "me"}),
        json!(null),
    ] {
        let found = judged(&json!({}), &json!({"aud": other}));
        assert_eq!(reason(&found), "the aud does not include this server", "{other}");
    }
}

#[test]
fn a_subject_is_a_text_and_a_bound_token_is_no_bearer_token() {
    for odd in [json!(""), json!(1), json!(null), json!(["ann"])] {
        assert_eq!(reason(&judged(&json!({}), &json!({"sub": odd}))), "the sub is empty or not a string", "{odd}");
    }
    for bound in [json!({"jkt": "x"}), json!({"x5t#S256": "x"}), json!({})] {
        let found = judged(&json!({}), &json!({"cnf": bound}));
        assert!(reason(&found).starts_with("the token is bound to a key or certificate"), "{bound}");
    }
}

#[test]
fn no_issuer_can_name_the_subjects_of_another() {
    for (more, principal) in [
        (json!({}), "user:https%3A//a.example:ann"),
        (json!({"client_id": "ann"}), "client:https%3A//a.example:ann"),
        (json!({"client_id": "robot"}), "user:https%3A//a.example:ann"),
        (json!({"sub": "-", "azp": "robot"}), "client:https%3A//a.example:robot"),
        (json!({"sub": "-", "cid": "robot"}), "client:https%3A//a.example:robot"),
        (json!({"iss": "a%3A:b"}), "user:a%253A%3Ab:ann"),
    ] {
        let options = json!({"issuer": ["https://a.example", "a%3A:b"]});
        assert_eq!(caller(&options, &more).principal, principal, "{more}");
    }
    let nobody = |id: &str| caller(&json!({}), &json!({"sub": "-", "client_id": "", "jti": id})).principal;
    let (one, other) = (nobody("1"), nobody("2"));
    assert!(one.starts_with("token:https%3A//a.example:") && one != other);
}

#[test]
fn scopes_are_words_each_once_from_scope_and_scp() {
    for (more, scopes) in [
        (json!({"scope": "read write"}), vec!["read", "write"]),
        (json!({"scope": "read  read write "}), vec!["read", "write"]),
        (json!({"scp": ["read", "write admin"]}), vec!["read", "write", "admin"]),
        (json!({"scope": "read", "scp": "write"}), vec!["read", "write"]),
        (json!({"scope": 1}), vec![]),
        // RFC 6749 §3.3: neither a quote nor a backslash, nor what is no ASCII.
        (json!({"scope": "a\"b a\\b é ! # [ ] ~ \u{7f}"}), vec!["!", "#", "[", "]", "~"]),
    ] {
        assert_eq!(caller(&json!({}), &more).scopes, scopes, "{more}");
    }
}

#[test]
fn handlers_learn_client_end_and_the_audience_that_is_a_url() {
    let url = "https://mcp.example.com/mcp";
    let options = json!({"audience": ["me", url, "https://mcp.example.com/sse"]});
    let about = |more: Value| *caller(&options, &more).about;
    let all = about(json!({"aud": ["https://other.example", "me", url], "client_id": "c"}));
    assert_eq!(
        (all.client.as_deref(), all.expires, all.resource.as_deref()),
        (Some("c"), Some(NOW_S + 900), Some(url))
    );
    let few = about(json!({"aud": "me", "client_id": ""}));
    assert_eq!((few.client, few.resource), (None, None), "an audience that is no URL is no resource (RFC 8707)");
    assert_eq!(about(json!({"aud": url})).resource.as_deref(), Some(url));
}

#[test]
fn a_token_is_remembered_for_five_minutes_or_until_it_ends() {
    assert_eq!(caller(&json!({}), &json!({})).until, NOW + 5 * MINUTE);
    assert_eq!(caller(&json!({}), &json!({"exp": NOW_S + 30})).until, NOW + 30 * SECOND);
}

#[test]
fn a_header_brings_nothing_along_and_is_of_the_type_that_is_wanted() {
    let with = |options: &Value, more: Value| {
        found(options, &joined(json!({"alg": "EdDSA"}), &more), &claims(&json!({})).to_string())
    };
    for (options, good) in [
        (json!({}), json!({"typ": "JWT"})),
        (json!({}), json!({"typ": "at+jwt"})),
        (json!({}), json!({"typ": "application/AT+JWT"})),
        (json!({"typ": "at+jwt"}), json!({"typ": "Application/at+jwt"})),
        (json!({}), json!({"alg": "Ed25519"})),
        (json!({}), json!({"kid": "any, since the key has none"})),
    ] {
        assert!(matches!(with(&options, good.clone()), Verification::Caller(_)), "{good}");
    }
    for (options, wrong, why) in [
        (json!({}), json!({"crit": ["exp"]}), "crit, b64 or zip"),
        (json!({}), json!({"b64": true}), "crit, b64 or zip"),
        (json!({}), json!({"zip": "DEF"}), "crit, b64 or zip"),
        (json!({}), json!({"jwk": {}}), "contains a key"),
        (json!({}), json!({"jku": "https://a.example"}), "contains a key"),
        (json!({}), json!({"x5u": "https://a.example"}), "contains a key"),
        (json!({}), json!({"x5c": []}), "contains a key"),
        (json!({}), json!({"typ": "dpop+jwt"}), "the typ"),
        (json!({}), json!({"typ": 1}), "the typ"),
        (json!({"typ": "at+jwt"}), json!({}), "the typ"),
        (json!({"typ": "at+jwt"}), json!({"typ": "JWT"}), "the typ"),
        (json!({}), json!({"alg": "none"}), "the alg"),
        (json!({}), json!({"alg": "HS256"}), "the alg"),
        (json!({}), json!({"alg": "ES256"}), "no key matches its kid and alg"),
        (json!({"algorithms": ["RS256"]}), json!({}), "the alg"),
        (json!({}), json!({"alg": "-"}), "the alg"),
        (json!({}), json!({"kid": 1}), "the token is not a JWT"),
    ] {
        assert!(reason(&with(&options, wrong.clone())).contains(why), "{wrong}");
    }
}

#[test]
fn json_with_a_member_twice_is_no_token_however_deep() {
    let header = json!({"alg": "EdDSA"});
    let text = claims(&json!({})).to_string();
    let twice = "the token's JSON has a duplicate member";
    for inside in [r#""sub":"bob""#, r#""x":{"a":1,"a":2}"#, r#""x":[{"y":{"a":1,"a":2}}]"#] {
        let payload = text.replacen('{', &["{", inside, ","].concat(), 1);
        assert_eq!(reason(&found(&json!({}), &header, &payload)), twice, "{inside}");
    }
    for no_object in ["", "[]", "1", "{", "\u{1}"] {
        assert!(reason(&found(&json!({}), &header, no_object)).contains("the token is not a JWT"), "{no_object}");
    }
}
