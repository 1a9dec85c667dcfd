//! Callers that are not the authorization server's own.

use mcp_wicket::crypto::{Keys, Purpose, SealContext, encode};
use mcp_wicket::flow::{Commit, Context};
use mcp_wicket::guard::access::{self, AccessInput};
use mcp_wicket::guard::external_tokens::{ExternalInput, admit};
use mcp_wicket::json::read;
use mcp_wicket::oauth::signing::is_ours;
use serde_json::{Value as Json, json};

use super::once::Way;
use super::{SITE, keys, server};
use crate::world::{NOW, World};

/// What becomes of what a further verifier has found, and what the operator is told.
fn admitted(more: Json) -> (Json, Vec<Json>) {
    let mut input = json!({"origin": SITE, "scopes": ["read"]});
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    if input.get("answer").is_some() {
        input.as_object_mut().unwrap().remove("scopes");
    }
    let (server, external) = (server(json!({})), read::<ExternalInput>(&input.to_string()).unwrap());
    let ended = World::silent().run(async |flow| admit(flow, &server, &external));
    let told = ended.commits.iter().map(|commit| {
        let Commit::Audit { event } = commit else { panic!("{commit:?}") };
        serde_json::from_str(event).unwrap()
    });
    (serde_json::to_value(ended.answer.unwrap()).unwrap(), told.collect())
}

#[test]
fn whoever_is_found_elsewhere_is_no_person_of_ours() {
    for (principal, name) in [
        ("key:ci", "key:ci"),
        ("client:https%3A//issuer.example:robot", "client:https%3A//issuer.example:robot"),
        ("user:github:583231", "external:user:github:583231"),
        ("user:test:1", "external:user:test:1"),
        ("external:x", "external:external:x"),
        ("ann", "external:ann"),
    ] {
        let (answer, told) = admitted(json!({"principal": principal, "client": "c", "ray": "8f0c2d"}));
        assert_eq!(answer, json!({"principal": name, "scopes": ["read"]}));
        assert!(!name.starts_with("user:"));
        let event = json!({"event": "external token accepted", "subject": name, "client": "c", "scopes": ["read"], "request": "8f0c2d"});
        assert_eq!(told, [event]);
        assert!(admitted(json!({"principal": principal, "told": true})).1.is_empty());
    }
}

#[test]
fn a_token_by_which_alone_its_caller_is_known_is_somebody_of_its_own_and_named_nowhere() {
    let (one, told) = admitted(json!({"token": "opaque-1"}));
    assert_eq!(admitted(json!({"token": "opaque-1"})).0, one);
    assert_ne!(admitted(json!({"token": "opaque-2"})).0, one);
    assert!(!one.to_string().contains("opaque") && !json!(told).to_string().contains("opaque"));
    for nobody in [json!({}), json!({"principal": ""})] {
        assert_eq!(admitted(nobody).0["refused"], "token");
    }
}

/// What becomes of a token of which `resolveExternalToken` says `answer`.
fn resolved(answer: &Json) -> (Json, Vec<Json>) {
    admitted(json!({"token": "opaque-1", "answer": answer}))
}

#[test]
fn an_audience_that_is_named_is_this_server() {
    for ours in [
        json!("https://mcp.example.com/mcp"),
        json!(["x", "https://mcp.example.com"]),
        json!("https://mcp.example.com/sse/"),
    ] {
        assert!(resolved(&json!({"subject": "key:a", "audience": ours})).0["principal"].is_string());
    }
    for other in [
        json!([]),
        json!(""),
        json!("mcp"),
        json!(["https://mcp.example.com.evil.example/mcp"]),
        json!("https://mcp.example.com/x"),
    ] {
        let (answer, told) = resolved(&json!({"subject": "key:a", "audience": other}));
        assert_eq!((&answer["refused"], told.len()), (&json!("token"), 0), "{other}");
    }
}

#[test]
fn what_is_said_of_a_token_counts_as_a_whole_or_not_at_all() {
    const OVER: u64 = NOW / 1000;
    let good = json!({"props": {"a": 1}, "audience": [SITE], "scopes": ["read", "write"], "subject": "key:a", "expires": OVER + 1});
    let (answer, told) = resolved(&good);
    assert_eq!(answer, json!({"principal": "key:a", "scopes": ["read", "write"], "expires": OVER + 1}));
    assert_eq!(told.len(), 1);
    for least in [json!({"props": {}}), json!({"scopes": []}), json!({"expires": OVER + 1})] {
        let (answer, _) = resolved(&least);
        assert_eq!(answer["scopes"], json!([]), "nothing that needs a scope: {least}");
    }
    for (wrong, why) in [
        (json!("invalid"), "a string instead of an object"),
        (json!(true), "`true`, which has no meaning"),
        (json!(1), "a number or a boolean instead of an object"),
        (json!(null), "no object"),
        (json!([]), "a list instead of an object"),
        (json!({}), "without any of `props`, `audience`, `scopes`, `subject`, `expires`"),
        // RFC 7662, RFC 6749 and RFC 7519 have other names.
        (json!({"active": false}), "an unknown member \"active\""),
        (json!({"active": true, "scopes": ["read"]}), "\"active\""),
        (json!({"error": "invalid_token"}), "\"error\""),
        (json!({"props": {}, "aud": "https://other.example"}), "\"aud\""),
        (json!({"props": {}, "exp": 1}), "\"exp\""),
        (json!({"props": {}, "scope": "read"}), "\"scope\""),
        (json!({"props": null}), "`props` that is not an object"),
        (json!({"props": "x"}), "`props` that is not an object"),
        (json!({"props": []}), "`props` that is not an object"),
        (json!({"audience": null}), "`audience` that is not a string or a list"),
        (json!({"audience": 7}), "`audience` that is not a string or a list"),
        (json!({"audience": [SITE, 7]}), "`audience` that is not a string or a list"),
        (json!({"scopes": null}), "`scopes` that is not a list"),
        (json!({"scopes": "read"}), "`scopes` that is not a list"),
        (json!({"scopes": {}}), "`scopes` that is not a list"),
        (json!({"scopes": ["read", 1]}), "`scopes` that is not a list"),
        (json!({"scopes": ["read write"]}), "`scopes` that is not a list"),
        (json!({"subject": null}), "`subject` that is not a string"),
        (json!({"subject": ""}), "`subject` that is not a string"),
        (json!({"subject": 7}), "`subject` that is not a string"),
        (json!({"expires": null}), "`expires` that is not a number"),
        (json!({"expires": "2020-01-01"}), "`expires` that is not a number"),
        (json!({"expires": "4102444800"}), "`expires` that is not a number"),
        (json!({"expires": -1}), "`expires` that is not a number"),
        (json!({"expires": true}), "`expires` that is not a number"),
        (json!({"expires": NOW + 60_000}), "`expires` that is not a number of seconds"),
        (json!({"expires": 1e300}), "`expires` that is not a number"),
        (json!({"expires": 0}), "the token has expired"),
        (json!({"expires": OVER}), "the token has expired"),
    ] {
        let (answer, told) = resolved(&wrong);
        let reason = answer["reason"].as_str().unwrap_or_default();
        assert_eq!((&answer["refused"], told.len()), (&json!("token"), 0), "{wrong}");
        assert!(reason.contains(why), "{wrong}: {reason}");
    }
}

#[test]
fn what_we_have_sealed_is_ours_whatever_for_and_whatever_has_become_of_it() {
    let (keys, context) = (keys(), Context::new(NOW, [3; 32]));
    for (purpose, issuer) in [
        (Purpose::AccessToken, SITE),
        (Purpose::RefreshToken, SITE),
        (Purpose::Code, "https://other.example"),
        (Purpose::Session, SITE),
    ] {
        let binding = SealContext { purpose, issuer, audience: "" };
        let sealed = keys.seal_text(&context, &binding, b"x");
        assert!(is_ours(&keys, SITE, &sealed));
        let cut = &sealed[..sealed.len() - 1];
        assert!(
            is_ours(&keys, SITE, &format!("{cut}A")) || is_ours(&keys, SITE, &format!("{cut}Q")),
            "changed on its way"
        );
        let later =
            Keys::parse(&format!("another-secret-of-this-server-that-is-long-enough,{}", super::SECRET)).unwrap();
        assert!(is_ours(&later, SITE, &sealed), "after the secret was changed");
    }
    for foreign in ["", "opaque", "wk_abc_def", &encode(&[7; 80]), "a.b.c", "..", "eyJhbGciOiJub25lIn0.e30."] {
        assert!(!is_ours(&keys, SITE, foreign), "{foreign}");
    }
}

fn token(header: &Json, claims: &Json) -> String {
    [header.to_string(), claims.to_string(), "x".into()].map(|part| encode(part.as_bytes())).join(".")
}

#[test]
fn a_jwt_is_ours_if_it_says_so() {
    let (keys, ours, usual) = (keys(), json!({"typ": "at+jwt", "alg": "ES256"}), json!({"typ": "JWT", "alg": "HS256"}));
    assert!(is_ours(&keys, SITE, &token(&ours, &json!({"iss": SITE}))));
    assert!(!is_ours(&keys, SITE, &token(&ours, &json!({"iss": "https://issuer.example"}))));
    assert!(!is_ours(&keys, SITE, &token(&usual, &json!({"iss": SITE}))), "the app's own, of the same origin");
    let binding = SealContext { purpose: Purpose::AccessToken, issuer: "https://other.example", audience: "" };
    let inner = keys.seal_text(&Context::new(NOW, [3; 32]), &binding, b"x");
    let other_host = token(&ours, &json!({"iss": "https://other.example", "sealed": inner}));
    assert!(is_ours(&keys, SITE, &other_host), "issued under another host name of ours");
}

#[test]
fn the_guard_says_which_tokens_others_may_be_asked_about() {
    let mut way = Way::new();
    let tokens = way.tokens();
    let judged = |authorization: Option<&str>| {
        let input = json!({"origin": SITE, "authorization": authorization}).to_string();
        let (server, keys, head) = (server(json!({})), keys(), read::<AccessInput>(&input).unwrap());
        let ended = World::silent().run(async |flow| access::verify(flow, &server, Some(&keys), &head).await);
        serde_json::to_value(ended.answer.unwrap()).unwrap()["foreign"] == true
    };
    let bearer = |token: &str| Some(format!("Bearer {token}"));
    for ours in ["access_token", "refresh_token"] {
        assert!(!judged(bearer(tokens[ours].as_str().unwrap()).as_deref()));
    }
    assert!(!judged(bearer(&Way::new().code()).as_deref()));
    assert!(judged(None) && judged(Some("Basic eDp5")) && judged(bearer("wk_abc_def").as_deref()));
    assert!(!judged(Some("Bearer a b")), "what cannot be read is nobody's");
}
