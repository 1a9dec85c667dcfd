//! Google: parameters and answers as developers.google.com shows them.

use mcp_wicket::identity::upstream::credential::UpstreamCredential;
use mcp_wicket::identity::{Identity as _, Person, SignInErrorKind};
use serde_json::{Value as Json, json};

use super::{begin, continue_sign_in, handler, http, id_token, kept, limited, nonce, seconds, with};
use crate::world::{NOW, Said, World};

fn signed_in(config: &Json, claims: &Json, answer: &Json) -> Result<Person, SignInErrorKind> {
    let google = handler(with(&json!({ "kind": "google" }), config));
    let kept = kept(&google);
    let claims = with(
        &json!({
            "iss": "https://accounts.google.com", "aud": "Iv1.client", "sub": "1101", "email": "ada@example.com",
            "email_verified": true, "name": "Ada", "picture": "https://lh3.example/a", "hd": "example.com",
            "nonce": nonce(&kept), "iat": seconds(), "exp": seconds() + 3600,
        }),
        claims,
    );
    let answer = with(
        &json!({
            "access_token": "ya29.a", "expires_in": 3920, "token_type": "Bearer", "refresh_token": "1//r",
            "scope": "openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/userinfo.profile",
            "id_token": id_token(&claims),
        }),
        answer,
    );
    let ended =
        continue_sign_in(&google, &kept, "code=4%2Fc0de&iss=https%3A%2F%2Faccounts.google.com", |_| http(200, &answer));
    let waits = if answer.get("id_token").is_some_and(Json::is_string) { 2 } else { 1 };
    assert_eq!(ended.waits.len(), waits, "the code and the keys, then the signature");
    ended.answer.unwrap().map_err(|denied| denied.kind)
}

#[test]
fn the_person_is_asked_so_that_a_refresh_token_comes() {
    let drive = "https://www.googleapis.com/auth/drive.readonly";
    let prompt = |config: Json| {
        let (endpoint, query, _) = begin(&handler(with(&json!({ "kind": "google" }), &config)), World::silent());
        assert_eq!(endpoint, "https://accounts.google.com/o/oauth2/v2/auth");
        assert_eq!(query.get("access_type"), Some("offline"));
        assert_eq!(query.get("nonce").unwrap().len(), 43);
        (
            query.get("prompt").unwrap().to_owned(),
            query.get("hd").map(String::from),
            query.get("scope").unwrap().to_owned(),
        )
    };
    assert_eq!(prompt(json!({})), ("select_account".into(), None, "openid email profile".into()));
    let (asked, _, scope) = prompt(json!({ "scopes": [drive] }));
    assert_eq!((asked.as_str(), scope.as_str()), ("consent", format!("{drive} openid email profile").as_str()));
    assert_eq!(prompt(json!({ "prompt": "none" })).0, "none");
    assert_eq!(prompt(json!({ "hd": "example.com" })).1.as_deref(), Some("example.com"));
}

#[test]
fn props_have_verified_addresses_only() {
    let person = signed_in(&json!({}), &json!({}), &json!({})).unwrap();
    let props = json!({ "sub": "1101", "name": "Ada", "email": "ada@example.com", "picture": "https://lh3.example/a" });
    assert_eq!(serde_json::from_str::<Json>(&person.props).unwrap(), props);
    assert_eq!(person.label, "ada@example.com");
    for verified in [json!(false), json!(null), json!("false"), json!("yes"), json!(0)] {
        let person = signed_in(&json!({}), &json!({ "email_verified": verified }), &json!({})).unwrap();
        assert!(!person.props.contains("email"), "{verified}");
    }
}

#[test]
fn the_credential_has_short_scopes_and_an_end() {
    let person = signed_in(&json!({}), &json!({}), &json!({})).unwrap();
    let credential = UpstreamCredential::read(&person.credential.unwrap()).unwrap();
    assert_eq!(credential.scopes, ["openid", "email", "profile"]);
    assert_eq!(credential.expires, Some(NOW + 3_920_000));
    assert_eq!(credential.refresh.as_deref(), Some("1//r"));
    let without = signed_in(&json!({}), &json!({}), &json!({ "refresh_token": null, "scope": null })).unwrap();
    let credential = UpstreamCredential::read(&without.credential.unwrap()).unwrap();
    assert_eq!(credential.refresh, None, "Google sends it the first time only");
    assert_eq!(credential.scopes, ["openid", "email", "profile"], "RFC 6749, 5.1: as asked");
}

#[test]
fn the_hosted_domain_is_checked_and_not_only_wished_for() {
    let config = json!({ "hd": "example.com" });
    assert!(signed_in(&config, &json!({}), &json!({})).is_ok());
    for hd in [json!("evil.example"), json!(null), json!(""), json!("sub.example.com"), json!(["example.com"])] {
        assert_eq!(
            signed_in(&config, &json!({ "hd": hd }), &json!({})).unwrap_err(),
            SignInErrorKind::NotAllowed,
            "{hd}"
        );
    }
    assert!(signed_in(&json!({ "allow": { "tenants": ["example.com"] } }), &json!({}), &json!({})).is_ok());
    let other = signed_in(&json!({ "allow": { "tenants": ["example.com"] } }), &json!({ "hd": null }), &json!({}));
    assert_eq!(other.unwrap_err(), SignInErrorKind::NotAllowed, "an address at the domain is no account of it");
    let unverified = json!({ "email_verified": false });
    let denied = signed_in(&json!({ "allow": { "domains": ["example.com"] } }), &unverified, &json!({}));
    assert_eq!(denied.unwrap_err(), SignInErrorKind::NotAllowed);
}

#[test]
fn no_id_token_no_person() {
    assert_eq!(signed_in(&json!({}), &json!({}), &json!({ "id_token": null })).unwrap_err(), SignInErrorKind::Failed);
    assert_eq!(signed_in(&json!({}), &json!({}), &json!({ "id_token": 5 })).unwrap_err(), SignInErrorKind::Failed);
}

fn refreshed(status: u16, answer: Json) -> Result<UpstreamCredential, SignInErrorKind> {
    let google = handler(json!({ "kind": "google" }));
    let kept = json!({ "access": "ya29.old", "refresh": "1//r", "expires": 5, "scopes": ["openid"] }).to_string();
    let world = World::new(|effect| {
        assert_eq!(effect["url"], "https://oauth2.googleapis.com/token");
        let body = effect["body"].as_str().unwrap();
        assert!(body.contains("grant_type=refresh_token") && body.contains("refresh_token=1%2F%2Fr"), "{body}");
        http(status, &answer)
    });
    let refreshed = world.run(async |flow| google.refresh(flow, &kept).await).answer.unwrap();
    refreshed.map(|fresh| UpstreamCredential::read(&fresh).unwrap()).map_err(|denied| denied.kind)
}

#[test]
fn a_refresh_keeps_the_refresh_token_that_does_not_come_again() {
    let fresh =
        refreshed(200, json!({ "access_token": "ya29.b", "expires_in": 3920, "token_type": "Bearer" })).unwrap();
    assert_eq!((fresh.access.as_str(), fresh.refresh.as_deref()), ("ya29.b", Some("1//r")));
    assert_eq!(fresh.scopes, ["openid"]);
    let rotated =
        json!({ "access_token": "ya29.b", "token_type": "Bearer", "refresh_token": "1//s", "scope": "openid email" });
    let fresh = refreshed(200, rotated).unwrap();
    assert_eq!((fresh.refresh.as_deref(), fresh.expires), (Some("1//s"), None));
}

#[test]
fn a_refresh_that_fails_says_whose_fault_it_is() {
    let gone = json!({ "error": "invalid_grant", "error_description": "Token has been expired or revoked." });
    assert_eq!(refreshed(400, gone).unwrap_err(), SignInErrorKind::Refused);
    assert_eq!(refreshed(401, json!({ "error": "invalid_client" })).unwrap_err(), SignInErrorKind::Failed);
    assert_eq!(refreshed(503, json!({})).unwrap_err(), SignInErrorKind::Unavailable);
    assert_eq!(refreshed(500, json!({ "error": "invalid_grant" })).unwrap_err(), SignInErrorKind::Unavailable);
}

#[test]
fn renewing_asks_who_it_is_now() {
    let google = handler(json!({ "kind": "google", "allow": { "domains": ["example.com"] } }));
    let credential = json!({ "access": "ya29.a", "scopes": [] }).to_string();
    let renew = |said: Said| {
        let world = World::new(|effect| {
            assert_eq!(effect["url"], "https://openidconnect.googleapis.com/v1/userinfo");
            said.clone()
        });
        let renewed = world.run(async |flow| google.renew(flow, &credential).await).answer.unwrap();
        renewed.map(|person| person.unwrap().id).map_err(|denied| denied.kind)
    };
    let info = json!({ "sub": "1101", "email": "ada@example.com", "email_verified": true, "hd": "example.com" });
    assert_eq!(renew(http(200, &info)), Ok("1101".into()));
    assert_eq!(renew(http(200, &with(&info, &json!({ "hd": "other.example" })))), Err(SignInErrorKind::NotAllowed));
    assert_eq!(renew(limited(403, &json!({ "retryAfter": "60" }))), Err(SignInErrorKind::Unavailable));
    assert_eq!(renew(http(401, &json!({ "error": "invalid_request" }))), Err(SignInErrorKind::Refused));
    assert_eq!(renew(http(503, &json!({}))), Err(SignInErrorKind::Unavailable));
    assert_eq!(renew(Said::Failed("timeout")), Err(SignInErrorKind::Unavailable));
}

#[test]
fn a_domain_is_whose_organisation_it_is_and_not_what_an_address_says() {
    let allowed = |domain: &str, claims: Json| {
        let rule = json!({ "allow": { "domains": [domain] } });
        signed_in(&rule, &with(&json!({ "email_verified": true }), &claims), &json!({})).map(|_| ())
    };
    assert_eq!(allowed("corp.example", json!({ "email": "ada@corp.example", "hd": "corp.example" })), Ok(()));
    let own = json!({ "email": "former@corp.example" });
    assert_eq!(
        allowed("corp.example", own),
        Err(SignInErrorKind::NotAllowed),
        "an account of one's own with a company's address"
    );
    let other = json!({ "email": "ada@corp.example", "hd": "other.example" });
    assert_eq!(allowed("corp.example", other), Err(SignInErrorKind::NotAllowed));
    assert_eq!(allowed("gmail.com", json!({ "email": "ada@gmail.com" })), Ok(()), "Google vouches for its own");
    assert_eq!(
        allowed("gmail.com", json!({ "email": "ada@gmail.com", "email_verified": false })),
        Err(SignInErrorKind::NotAllowed)
    );
}
