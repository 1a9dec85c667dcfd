//! GitHub: every answer here is as docs.github.com shows it.

use mcp_wicket::identity::SignInErrorKind;
use serde_json::{Value as Json, json};

use super::{CALLBACK, STATE, begin, continue_sign_in, handler, http, kept, limited, with};
use crate::world::{NOW, Said, World};

pub(crate) fn user() -> Json {
    json!({ "login": "octocat", "id": 583_231, "name": "The Octocat", "avatar_url": "https://avatars.example/1", "email": null })
}

/// GitHub, answering well, except where `instead` says something else for a URL that ends like this.
pub(crate) fn github(instead: &[(&str, Said)]) -> impl Fn(&Json) -> Said {
    let instead: Vec<(String, Said)> = instead.iter().map(|(end, said)| ((*end).to_owned(), said.clone())).collect();
    move |effect| {
        let url = effect["url"].as_str().unwrap_or_default();
        if let Some((_, said)) = instead.iter().find(|(end, _)| url.ends_with(end)) {
            return said.clone();
        }
        match url {
            "https://github.com/login/oauth/access_token" => http(
                200,
                &json!({ "access_token": "gho_1", "scope": "read:org,repo,user:email", "token_type": "bearer" }),
            ),
            "https://api.github.com/applications/Iv1.client/token" => http(
                200,
                &json!({ "id": 1, "app": { "client_id": "Iv1.client" }, "user": { "login": "octocat", "id": 583_231 } }),
            ),
            "https://api.github.com/user" => http(200, &user()),
            "https://api.github.com/user/emails?per_page=100" => http(
                200,
                &json!([
                    { "email": "old@example.com", "verified": false, "primary": false },
                    { "email": "second@example.org", "verified": true, "primary": false },
                    { "email": "octocat@github.com", "verified": true, "primary": true },
                ]),
            ),
            "https://api.github.com/user/memberships/orgs/acme" => http(200, &json!({ "state": "active" })),
            "https://api.github.com/user/memberships/orgs/invited" => http(200, &json!({ "state": "pending" })),
            _ if url.contains("/memberships/") => http(404, &json!({ "message": "Not Found" })),
            _ => panic!("nobody may ask for {effect}"),
        }
    }
}

fn signed_in(config: Json, instead: &[(&str, Said)]) -> Result<mcp_wicket::identity::Person, SignInErrorKind> {
    let handler = handler(with(&json!({ "kind": "github", "scopes": ["repo", "user:email"] }), &config));
    let ended = continue_sign_in(&handler, &kept(&handler), "code=c0de&state=x", github(instead));
    ended.answer.unwrap().map_err(|denied| denied.kind)
}

#[test]
fn the_person_is_sent_there_with_state_and_challenge() {
    let handler = handler(json!({ "kind": "github", "scopes": ["repo", "user:email"] }));
    let (endpoint, query, begun) = begin(&handler, World::silent());
    assert_eq!(endpoint, "https://github.com/login/oauth/authorize");
    assert_eq!(query.get("client_id"), Some("Iv1.client"));
    assert_eq!(query.get("redirect_uri"), Some(CALLBACK));
    assert_eq!(query.get("state"), Some(STATE));
    assert_eq!(query.get("scope"), Some("repo user:email"));
    assert_eq!(query.get("code_challenge_method"), Some("S256"));
    assert_eq!(query.get("code_challenge").unwrap().len(), 43);
    assert!(!begun.url.contains("s3cret"), "the secret stays here");
    let verifier = serde_json::from_str::<Json>(&begun.kept).unwrap()["verifier"].as_str().unwrap().to_owned();
    assert!(!begun.url.contains(&verifier), "and so does the verifier");
}

#[test]
fn rules_bring_the_scopes_that_they_need() {
    let scope = |allow: Json| {
        let handler = handler(json!({ "kind": "github", "scopes": [], "allow": allow }));
        begin(&handler, World::silent()).1.get("scope").map(String::from)
    };
    assert_eq!(scope(json!({ "orgs": ["acme"] })).as_deref(), Some("read:org"));
    assert_eq!(scope(json!({ "emails": ["a@b.example"] })).as_deref(), Some("user:email"));
    assert_eq!(scope(json!({ "logins": ["octocat"] })), None);
}

#[test]
fn the_subject_is_the_number_and_the_props_are_sensible() {
    let person = signed_in(json!({}), &[]).unwrap();
    assert_eq!(person.id, "583231");
    assert_eq!(person.label, "octocat");
    assert_eq!(
        serde_json::from_str::<Json>(&person.props).unwrap(),
        json!({
            "sub": "583231", "login": "octocat", "name": "The Octocat", "email": "octocat@github.com",
            "picture": "https://avatars.example/1",
        })
    );
    assert_eq!(
        serde_json::from_str::<Json>(&person.credential.unwrap()).unwrap(),
        json!({ "access": "gho_1", "scopes": ["read:org", "repo", "user:email"], "said": NOW }),
        "without an end, and scopes are split at commas"
    );
}

#[test]
fn it_takes_two_waits() {
    let handler = handler(json!({ "kind": "github", "scopes": ["user:email"], "allow": { "orgs": ["acme"] } }));
    let ended = continue_sign_in(&handler, &kept(&handler), "code=c0de", github(&[]));
    assert_eq!(ended.waits.iter().map(Vec::len).collect::<Vec<_>>(), [1, 4]);
    let token = &ended.waits[0][0];
    let body = token["body"].as_str().unwrap();
    for part in ["grant_type=authorization_code", "code=c0de", "client_secret=s3cret", "code_verifier="] {
        assert!(body.contains(part), "{body}");
    }
    assert!(token["headers"].as_array().unwrap().contains(&json!(["accept", "application/json"])));
    for asked in &ended.waits[1] {
        assert!(asked["headers"].as_array().unwrap().iter().any(|header| header[0] == "user-agent"), "{asked}");
    }
    assert!(ended.commits.is_empty());
}

#[test]
fn an_error_with_status_200_is_an_error() {
    let errors = [
        ("bad_verification_code", SignInErrorKind::Refused),
        ("incorrect_client_credentials", SignInErrorKind::Failed),
        ("redirect_uri_mismatch", SignInErrorKind::Failed),
        ("unverified_user_email", SignInErrorKind::Refused),
    ];
    for (error, kind) in errors {
        let said =
            http(200, &json!({ "error": error, "error_description": "…", "error_uri": "https://docs.github.com" }));
        assert_eq!(signed_in(json!({}), &[("access_token", said)]).unwrap_err(), kind, "{error}");
    }
    // Even where a token stands beside it.
    let both = http(200, &json!({ "error": "bad_verification_code", "access_token": "gho_1", "token_type": "bearer" }));
    assert_eq!(signed_in(json!({}), &[("access_token", both)]).unwrap_err(), SignInErrorKind::Refused);
}

#[test]
fn what_is_no_token_is_none() {
    for (status, body, kind) in [
        (200, json!({}), SignInErrorKind::Failed),
        (200, json!({ "access_token": "" }), SignInErrorKind::Failed),
        (200, json!({ "access_token": 5 }), SignInErrorKind::Failed),
        (200, json!({ "access_token": "x", "token_type": "mac" }), SignInErrorKind::Failed),
        (201, json!({ "access_token": "x", "token_type": "bearer" }), SignInErrorKind::Failed),
        (200, json!({ "access_token": "x", "expires_in": -1 }), SignInErrorKind::Failed),
        (200, json!({ "access_token": "x", "expires_in": "soon" }), SignInErrorKind::Failed),
        (200, json!(["access_token"]), SignInErrorKind::Failed),
        (302, json!({}), SignInErrorKind::Failed),
        (429, json!({}), SignInErrorKind::Unavailable),
        (500, json!({}), SignInErrorKind::Unavailable),
        (503, json!({ "error": "invalid_grant" }), SignInErrorKind::Unavailable),
    ] {
        let said = http(status, &body);
        assert_eq!(signed_in(json!({}), &[("access_token", said)]).unwrap_err(), kind, "{status} {body}");
    }
}

#[test]
fn a_token_of_another_app_is_refused() {
    let not_ours = http(404, &json!({ "message": "Not Found", "status": "404" }));
    assert_eq!(signed_in(json!({}), &[("Iv1.client/token", not_ours)]).unwrap_err(), SignInErrorKind::Refused);
    let other = json!({ "app": { "client_id": "Iv1.other" }, "user": { "id": 583_231 } });
    assert_eq!(signed_in(json!({}), &[("Iv1.client/token", http(200, &other))]).unwrap_err(), SignInErrorKind::Refused);
    let other_person = json!({ "app": { "client_id": "Iv1.client" }, "user": { "id": 1 } });
    assert_eq!(
        signed_in(json!({}), &[("Iv1.client/token", http(200, &other_person))]).unwrap_err(),
        SignInErrorKind::Failed
    );
    let bad_secret = http(401, &json!({ "message": "Bad credentials" }));
    assert_eq!(signed_in(json!({}), &[("Iv1.client/token", bad_secret)]).unwrap_err(), SignInErrorKind::Failed);
    for id in [json!("583231"), json!(-1), json!(1.5), json!(null)] {
        let odd = json!({ "app": { "client_id": "Iv1.client" }, "user": { "id": id } });
        let also = with(&user(), &json!({ "id": id }));
        let instead = [("Iv1.client/token", http(200, &odd)), ("/user", http(200, &also))];
        assert_eq!(signed_in(json!({}), &instead).unwrap_err(), SignInErrorKind::Failed, "{id}");
    }
}

#[test]
fn rules_are_checked_on_what_github_says() {
    let allowed = |allow: Json| signed_in(json!({ "allow": allow }), &[]).map(|_| ());
    assert_eq!(allowed(json!({ "orgs": ["acme"] })), Ok(()));
    assert_eq!(
        allowed(json!({ "orgs": ["invited"] })),
        Err(SignInErrorKind::NotAllowed),
        "an invitation is no membership"
    );
    assert_eq!(allowed(json!({ "orgs": ["strangers"] })), Err(SignInErrorKind::NotAllowed));
    assert_eq!(allowed(json!({ "emails": ["second@example.org"] })), Ok(()), "any verified address counts");
    assert_eq!(
        allowed(json!({ "emails": ["old@example.com"] })),
        Err(SignInErrorKind::NotAllowed),
        "an unverified one does not"
    );
    assert_eq!(allowed(json!({ "domains": ["github.com"] })), Ok(()));
    assert_eq!(allowed(json!({ "ids": ["583231"] })), Ok(()));
    assert_eq!(allowed(json!({ "ids": ["58323"] })), Err(SignInErrorKind::NotAllowed));
    assert_eq!(allowed(json!({ "logins": ["OctoCat"] })), Ok(()));
    assert_eq!(
        allowed(json!({ "logins": ["octocat"], "orgs": ["strangers"] })),
        Err(SignInErrorKind::NotAllowed),
        "all of a rule"
    );
    assert_eq!(allowed(json!([{ "logins": ["nobody"] }, { "orgs": ["acme"] }])), Ok(()), "any of the rules");
}

#[test]
fn where_membership_cannot_be_told_nobody_is_let_in() {
    let allow = json!({ "allow": { "orgs": ["acme"] } });
    for (said, kind) in [
        (
            http(403, &json!({ "message": "Although you appear to have the correct authorization credentials…" })),
            SignInErrorKind::NotAllowed,
        ),
        (http(500, &json!({})), SignInErrorKind::Unavailable),
        (http(200, &json!({})), SignInErrorKind::NotAllowed),
        (Said::Failed("timeout"), SignInErrorKind::Unavailable),
        (Said::Failed("refused"), SignInErrorKind::Failed),
    ] {
        assert_eq!(signed_in(allow.clone(), &[("orgs/acme", said)]).unwrap_err(), kind);
    }
}

#[test]
fn too_many_requests_are_an_outage_and_change_nobody() {
    let config = json!({ "allow": { "orgs": ["acme"] } });
    let forbidden = |message: &str| http(403, &json!({ "message": message }));
    for said in [
        limited(403, &json!({ "remaining": "0" })),
        limited(403, &json!({ "retryAfter": "60" })),
        limited(429, &json!({ "remaining": "0" })),
        http(429, &json!({})),
        forbidden("API rate limit exceeded for user ID 583231."),
        forbidden("You have exceeded a secondary rate limit. Please wait a few minutes before you try again."),
    ] {
        for asked in ["Iv1.client/token", "/user", "/user/emails?per_page=100", "orgs/acme"] {
            assert_eq!(
                signed_in(config.clone(), &[(asked, said.clone())]).unwrap_err(),
                SignInErrorKind::Unavailable,
                "{asked}"
            );
        }
    }
    let left = limited(403, &json!({ "remaining": "4999" }));
    assert_eq!(
        signed_in(config, &[("orgs/acme", left)]).unwrap_err(),
        SignInErrorKind::NotAllowed,
        "this one is a refusal"
    );
}

#[test]
fn the_callbacks_error_is_handed_on() {
    let handler = handler(json!({ "kind": "github" }));
    for (query, kind) in [
        ("error=access_denied&error_description=The+user+has+denied", SignInErrorKind::Refused),
        ("error=application_suspended", SignInErrorKind::Failed),
        ("error=redirect_uri_mismatch", SignInErrorKind::Failed),
        ("error=temporarily_unavailable&code=c0de", SignInErrorKind::Unavailable),
        ("error=server_error", SignInErrorKind::Unavailable),
        ("", SignInErrorKind::Failed),
        ("code=", SignInErrorKind::Failed),
        ("code=c0de&iss=https://evil.example", SignInErrorKind::Failed),
    ] {
        let ended =
            continue_sign_in(&handler, &kept(&handler), query, |effect| panic!("nothing may be asked for: {effect}"));
        assert_eq!(ended.answer.unwrap().unwrap_err().kind, kind, "{query}");
    }
    let named = "code=c0de&iss=https%3A%2F%2Fgithub.com%2Flogin%2Foauth";
    assert!(continue_sign_in(&handler, &kept(&handler), named, github(&[])).answer.unwrap().is_ok());
}

#[test]
fn what_the_operator_wrote_decides_last() {
    let say = |context: &Said, allow: &Said| {
        let (context, allow, github) = (context.clone(), allow.clone(), github(&[]));
        move |effect: &Json| match effect["kind"].as_str() {
            Some("context") => {
                assert_eq!(effect["accessToken"], "gho_1");
                assert_eq!(effect["profile"]["sub"], "583231");
                context.clone()
            }
            Some("allow") => {
                assert_eq!(effect["profile"]["emails"], json!(["octocat@github.com", "second@example.org"]));
                allow.clone()
            }
            _ => github(effect),
        }
    };
    let handler = handler(json!({ "kind": "github", "scopes": ["user:email"], "allow": true, "context": true }));
    let ok = |text: &str| Said::Ok(text.into());
    let run = |context: Said, allow: Said| {
        let ended = continue_sign_in(&handler, &kept(&handler), "code=c0de", say(&context, &allow));
        let asked = ended.waits.iter().flatten().filter(|effect| effect["kind"] == "context").count();
        (ended.answer, asked)
    };
    let (person, _) = run(ok(r#"{"login":"octocat"}"#), ok("true"));
    assert_eq!(person.unwrap().unwrap().props, r#"{"login":"octocat"}"#);
    let (person, _) = run(ok("{}"), ok(r#"{"scopes":["read"]}"#));
    assert_eq!(person.unwrap().unwrap().scopes, Some(vec!["read".into()]));
    let (refused, asked) = run(ok("{}"), ok("false"));
    assert_eq!(
        (refused.unwrap().unwrap_err().kind, asked),
        (SignInErrorKind::NotAllowed, 0),
        "no context for who may not come in"
    );
    let (failed, asked) = run(ok("{}"), Said::Failed("failed"));
    assert_eq!(
        (failed.unwrap().unwrap_err().kind, asked),
        (SignInErrorKind::Broken, 0),
        "a rule that fails lets nobody in"
    );
    assert_eq!(run(Said::Failed("failed"), ok("true")).0.unwrap().unwrap_err().kind, SignInErrorKind::Broken);
    let late = run(Said::Failed("timeout"), ok("true")).0.unwrap().unwrap_err();
    assert_eq!((late.kind, late.reason.as_str()), (SignInErrorKind::Late, "the function `context` timed out"));
    assert_eq!(run(ok("{}"), Said::Failed("timeout")).0.unwrap().unwrap_err().kind, SignInErrorKind::Late);
    for shape in [
        "1",
        "null",
        r#""true""#,
        "[]",
        "{}",
        r#"{"allowed":false}"#,
        r#"{"error":"x"}"#,
        r#"{"scopes":"read"}"#,
        r#"{"scopes":null}"#,
        r#"{"scopes":[1]}"#,
        r#"{"scopes":["read"],"allow":false}"#,
    ] {
        let denied = run(ok("{}"), ok(shape)).0.unwrap().unwrap_err();
        assert_eq!(denied.kind, SignInErrorKind::NotAllowed, "{shape} is no answer of a rule");
        assert!(denied.reason.contains("`allow`"), "{shape}: {}", denied.reason);
    }
    for shape in ["1", "null", r#""x""#, "[]"] {
        assert!(run(ok(shape), ok("true")).0.is_err(), "{shape} is no props");
    }
}

#[test]
fn an_enterprise_server_has_its_own_places() {
    let handler = handler(json!({ "kind": "github", "baseUrl": "https://git.example/", "scopes": [] }));
    let (endpoint, ..) = begin(&handler, World::silent());
    assert_eq!(endpoint, "https://git.example/login/oauth/authorize");
    let ended =
        continue_sign_in(&handler, &kept(&handler), "code=c0de", |effect| match effect["url"].as_str().unwrap() {
            "https://git.example/login/oauth/access_token" => {
                http(200, &json!({ "access_token": "gho_1", "token_type": "bearer", "scope": "" }))
            }
            "https://git.example/api/v3/user" => http(200, &user()),
            "https://git.example/api/v3/applications/Iv1.client/token" => {
                http(200, &json!({ "app": { "client_id": "Iv1.client" }, "user": { "id": 583_231 } }))
            }
            url => panic!("{url}"),
        });
    assert_eq!(ended.answer.unwrap().unwrap().id, "583231");
}
