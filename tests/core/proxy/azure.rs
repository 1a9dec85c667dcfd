//! Entra: claims and errors as learn.microsoft.com shows them.

use mcp_wicket::identity::upstream::credential::UpstreamCredential;
use mcp_wicket::identity::{Identity as _, Person, SignInErrorKind};
use serde_json::{Value as Json, json};

use super::{
    begin, come_back_unsigned, continue_sign_in, handler, http, id_token, kept, key_set, nonce, published, seconds,
    signed, with,
};
use crate::world::{Said, World};

const HOME: &str = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490";
const OTHER: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
const OID: &str = "00000000-0000-0000-66f3-3332eca7ea81";

fn claims(tid: &str) -> Json {
    json!({
        "ver": "2.0", "iss": format!("https://login.microsoftonline.com/{tid}/v2.0"), "aud": "Iv1.client", "tid": tid,
        "oid": OID, "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ", "name": "Abe Lincoln",
        "preferred_username": "AbeLi@microsoft.com", "email": "abe@example.com",
        "iat": seconds(), "nbf": seconds(), "exp": seconds() + 3600,
    })
}

fn signed_in(config: &Json, claims: &Json) -> Result<Person, SignInErrorKind> {
    let azure = handler(with(&json!({ "kind": "azure" }), config));
    let kept = kept(&azure);
    let claims = with(&json!({ "nonce": nonce(&kept) }), claims);
    let answer = json!({
        "token_type": "Bearer", "scope": "https://graph.microsoft.com/User.Read openid profile email", "expires_in": 3736,
        "access_token": "eyJ0.a", "refresh_token": "AwAB.r", "id_token": id_token(&claims),
    });
    let ended = continue_sign_in(&azure, &kept, "code=0.AX", |_| http(200, &answer));
    ended.answer.unwrap().map_err(|denied| denied.kind)
}

#[test]
fn resource_is_never_sent() {
    let azure = handler(json!({ "kind": "azure", "tenant": HOME, "scopes": ["User.Read"] }));
    let (endpoint, query, begun) = begin(&azure, World::silent());
    assert_eq!(endpoint, format!("https://login.microsoftonline.com/{HOME}/oauth2/v2.0/authorize"));
    assert_eq!(query.get("scope"), Some("User.Read openid profile email offline_access"));
    assert_eq!(query.get("resource"), None);
    let ended = continue_sign_in(&azure, &begun.kept, "code=0.AX", |_| http(500, &json!({})));
    let fetches = ended.waits[0].iter().filter(|effect| effect["kind"] == "fetch");
    let bodies = fetches.map(|fetch| fetch["body"].as_str().unwrap()).collect::<Vec<_>>();
    assert!(bodies.len() == 1 && !bodies[0].contains("resource="));
}

#[test]
fn the_subject_is_the_person_in_the_tenant() {
    let person = signed_in(&json!({}), &claims(HOME)).unwrap();
    assert_eq!(person.id, format!("{HOME}.{OID}"));
    let elsewhere = signed_in(&json!({}), &claims(OTHER)).unwrap();
    assert_ne!(person.id, elsewhere.id, "the same oid in another tenant is somebody else");
    assert_eq!(
        signed_in(&json!({}), &with(&claims(HOME), &json!({ "oid": null }))).unwrap_err(),
        SignInErrorKind::Failed
    );
    assert_eq!(
        signed_in(&json!({}), &with(&claims(HOME), &json!({ "tid": null }))).unwrap_err(),
        SignInErrorKind::Failed
    );
    let credential = UpstreamCredential::read(&person.credential.unwrap()).unwrap();
    assert_eq!(credential.scopes, ["User.Read", "openid", "profile", "email"], "without their prefix");
}

#[test]
fn the_issuer_is_that_of_the_tokens_own_tenant() {
    let old = json!({ "ver": "1.0", "iss": format!("https://sts.windows.net/{HOME}/") });
    assert!(signed_in(&json!({}), &with(&claims(HOME), &old)).is_ok());
    for iss in [
        format!("https://login.microsoftonline.com/{OTHER}/v2.0"),
        format!("https://sts.windows.net/{OTHER}/"),
        format!("https://sts.windows.net/{HOME}"),
        format!("https://login.microsoftonline.com/{HOME}/v2.0/"),
        format!("https://login.microsoftonline.us/{HOME}/v2.0"),
        "https://login.microsoftonline.com/{tenantid}/v2.0".into(),
        "https://login.microsoftonline.com/common/v2.0".into(),
    ] {
        assert_eq!(
            signed_in(&json!({}), &with(&claims(HOME), &json!({ "iss": iss }))).unwrap_err(),
            SignInErrorKind::Failed,
            "{iss}"
        );
    }
    for tid in ["common", "", "../x", "8eaef023-2b34-4da1-9baa-8bc8c9d6a49g"] {
        assert_eq!(signed_in(&json!({}), &claims(tid)).unwrap_err(), SignInErrorKind::Failed, "{tid}");
    }
}

#[test]
fn tenants_are_pinned() {
    for (tenant, tid, fine) in [
        (HOME, HOME, true),
        (HOME, OTHER, false),
        (HOME, CONSUMERS, false),
        ("organizations", OTHER, true),
        ("organizations", CONSUMERS, false),
        ("consumers", CONSUMERS, true),
        ("consumers", HOME, false),
        ("common", CONSUMERS, true),
        ("common", OTHER, true),
    ] {
        let result = signed_in(&json!({ "tenant": tenant, "allow": "anyone" }), &claims(tid));
        assert_eq!(result.map(|_| ()), if fine { Ok(()) } else { Err(SignInErrorKind::NotAllowed) }, "{tenant} {tid}");
    }
    let rule = json!({ "allow": { "tenants": [HOME.to_uppercase()] } });
    assert!(signed_in(&rule, &claims(HOME)).is_ok());
    assert_eq!(signed_in(&rule, &claims(OTHER)).unwrap_err(), SignInErrorKind::NotAllowed);
}

#[test]
fn an_address_counts_only_where_somebody_vouches_for_it() {
    let rule = json!({ "emails": ["abe@example.com"] });
    let open = json!({ "tenant": "common", "allow": rule });
    assert_eq!(
        signed_in(&open, &claims(OTHER)).unwrap_err(),
        SignInErrorKind::NotAllowed,
        "a stranger's tenant may write anything"
    );
    let names = json!({ "preferred_username": "abe@example.com", "upn": "abe@example.com" });
    assert_eq!(signed_in(&open, &with(&claims(OTHER), &names)).unwrap_err(), SignInErrorKind::NotAllowed);
    for owner in [json!(true), json!(1), json!("1"), json!("true")] {
        assert!(signed_in(&open, &with(&claims(OTHER), &json!({ "xms_edov": owner }))).is_ok(), "{owner}");
    }
    for owner in [json!(false), json!(0), json!("0"), json!("yes"), json!([true])] {
        assert!(signed_in(&open, &with(&claims(OTHER), &json!({ "xms_edov": owner }))).is_err(), "{owner}");
    }
    assert!(signed_in(&json!({ "tenant": HOME, "allow": rule }), &claims(HOME)).is_ok(), "one's own tenant does");
}

#[test]
fn groups_and_roles() {
    let rule = json!({ "tenant": HOME, "allow": { "groups": ["writers"] } });
    assert!(signed_in(&rule, &with(&claims(HOME), &json!({ "groups": ["readers", "writers"] }))).is_ok());
    assert!(signed_in(&rule, &with(&claims(HOME), &json!({ "roles": ["writers"] }))).is_ok());
    assert_eq!(signed_in(&rule, &claims(HOME)).unwrap_err(), SignInErrorKind::NotAllowed);
    let overage =
        json!({ "_claim_names": { "groups": "src1" }, "_claim_sources": { "src1": { "endpoint": "https://x" } } });
    assert_eq!(signed_in(&rule, &with(&claims(HOME), &overage)).unwrap_err(), SignInErrorKind::NotAllowed);
    assert_eq!(
        signed_in(&rule, &with(&claims(HOME), &json!({ "hasgroups": "true" }))).unwrap_err(),
        SignInErrorKind::NotAllowed
    );
}

#[test]
fn errors_of_entra_say_whose_fault_it_is() {
    let azure = handler(json!({ "kind": "azure", "tenant": HOME }));
    for (status, error, code, kind) in [
        (
            400,
            "invalid_grant",
            "AADSTS70008: The provided authorization code or refresh token has expired",
            SignInErrorKind::Refused,
        ),
        (400, "invalid_grant", "AADSTS54005: OAuth2 Authorization code was already redeemed", SignInErrorKind::Refused),
        (
            400,
            "interaction_required",
            "AADSTS50076: you must use multi-factor authentication",
            SignInErrorKind::Refused,
        ),
        (400, "consent_required", "AADSTS65001: The user or administrator has not consented", SignInErrorKind::Refused),
        (401, "invalid_client", "AADSTS7000215: Invalid client secret provided", SignInErrorKind::Failed),
        (401, "invalid_client", "AADSTS7000222: The provided client secret keys are expired", SignInErrorKind::Failed),
        (400, "invalid_resource", "AADSTS500011: The resource principal was not found", SignInErrorKind::Failed),
        (503, "temporarily_unavailable", "AADSTS90033: A transient error has occurred", SignInErrorKind::Unavailable),
        (429, "invalid_request", "AADSTS90055: Too many requests", SignInErrorKind::Unavailable),
    ] {
        let body = json!({ "error": error, "error_description": code, "error_codes": [1], "trace_id": "0000aaaa" });
        let ended = continue_sign_in(&azure, &kept(&azure), "code=0.AX", |_| http(status, &body));
        let denied = ended.answer.unwrap().unwrap_err();
        assert_eq!(denied.kind, kind, "{code}");
        assert!(denied.reason.contains("AADSTS"), "the operator reads the number: {}", denied.reason);
    }
}

#[test]
fn a_refresh_brings_the_id_token_from_which_renewing_reads() {
    let azure = handler(json!({ "kind": "azure", "tenant": HOME, "allow": { "groups": ["writers"] } }));
    let old = json!({ "access": "a", "refresh": "r", "expires": 5, "scopes": ["User.Read"] }).to_string();
    let token = |groups: Json| id_token(&with(&claims(HOME), &json!({ "groups": groups })));
    let renew = |id_token: &str| {
        let answer = json!({
            "token_type": "Bearer", "expires_in": 3600, "access_token": "b", "refresh_token": "s", "id_token": id_token,
        });
        let fresh = World::new(signed(|_| http(200, &answer))).run(async |flow| azure.refresh(flow, &old).await);
        let fresh = fresh.answer.unwrap().unwrap();
        let keys = signed(|effect| panic!("nothing else is asked: {effect}"));
        let renewed = World::new(keys).run(async |flow| azure.renew(flow, &fresh).await).answer.unwrap();
        renewed.map(|person| person.map(|person| person.id)).map_err(|denied| denied.kind)
    };
    assert_eq!(renew(&token(json!(["writers"]))), Ok(Some(format!("{HOME}.{OID}"))));
    assert_eq!(
        renew(&token(json!(["readers"]))),
        Err(SignInErrorKind::NotAllowed),
        "who left the group is out at the next refresh"
    );
    let none = World::silent().run(async |flow| azure.renew(flow, &old).await).answer.unwrap();
    assert_eq!(none.unwrap_err().kind, SignInErrorKind::Refused, "nothing is known of this person: sign in again");
}

#[test]
fn what_the_id_token_said_outlives_it_and_the_rules_are_asked_at_each_refresh() {
    let azure =
        handler(json!({ "kind": "azure", "tenant": HOME, "allow": { "groups": ["writers"] }, "context": true }));
    let kept = kept(&azure);
    let claims = with(&claims(HOME), &json!({ "nonce": nonce(&kept), "groups": ["writers"] }));
    let answer = json!({
        "token_type": "Bearer", "expires_in": 5400, "access_token": "a", "refresh_token": "r", "id_token": id_token(&claims),
    });
    let ended = continue_sign_in(&azure, &kept, "code=0.AX", |effect| match effect["kind"].as_str() {
        Some("context") => Said::Ok("{}".into()),
        _ => http(200, &answer),
    });
    let credential = ended.answer.unwrap().unwrap().credential.unwrap();
    let renew = |azure: &mcp_wicket::identity::upstream::UpstreamHandler, credential: &str| {
        let mut asked = Vec::new();
        let world = World::new(|effect| {
            asked.push(effect["kind"].as_str().unwrap().to_owned());
            Said::Ok("{}".into())
        });
        // The ID token has ended an hour ago, the access token has not.
        let renewed =
            world.at(crate::world::NOW + 85 * 60 * 1000).run(async |flow| azure.renew(flow, credential).await);
        (renewed.answer.unwrap().map(|person| person.unwrap().id).map_err(|denied| denied.kind), asked)
    };
    assert_eq!(renew(&azure, &credential), (Ok(format!("{HOME}.{OID}")), vec!["context".to_owned()]));
    let stricter =
        handler(json!({ "kind": "azure", "tenant": HOME, "allow": { "groups": ["admins"] }, "context": true }));
    assert_eq!(renew(&stricter, &credential), (Err(SignInErrorKind::NotAllowed), vec![]));
    let moved = handler(json!({ "kind": "azure", "tenant": OTHER, "allow": { "groups": ["writers"] } }));
    assert_eq!(
        renew(&moved, &credential).0,
        Err(SignInErrorKind::NotAllowed),
        "the tenant is held against the option, too"
    );
}

#[test]
fn groups_count_within_a_tenant_only() {
    let refused = |config: Json| {
        let client = json!({ "kind": "azure", "clientId": "Iv1.client", "clientSecret": "s3cret" });
        super::read(&with(&client, &config)).err()
    };
    for tenant in [json!(null), json!("common"), json!("organizations")] {
        for allow in [json!({ "groups": ["mcp-admins"] }), json!([{ "tenants": [HOME] }, { "groups": ["mcp-admins"] }])]
        {
            let why = refused(json!({ "tenant": tenant, "allow": allow })).unwrap();
            assert!(why.contains("allow.groups does not say of which tenant"), "{why}");
        }
    }
    assert_eq!(refused(json!({ "tenant": HOME, "allow": { "groups": ["mcp-admins"] } })), None);
    let rule = json!({ "allow": { "groups": ["mcp-admins"], "tenants": [HOME] } });
    assert_eq!(refused(rule.clone()), None);
    let roles = json!({ "roles": ["mcp-admins"] });
    assert!(signed_in(&rule, &with(&claims(HOME), &roles)).is_ok());
    assert_eq!(signed_in(&rule, &with(&claims(OTHER), &roles)).unwrap_err(), SignInErrorKind::NotAllowed);
}

#[test]
fn a_key_signs_for_the_issuers_that_it_is_published_for() {
    let azure = handler(json!({ "kind": "azure" }));
    let kept = kept(&azure);
    let of = |tid: &str| with(&claims(tid), &json!({ "nonce": nonce(&kept) }));
    let run = |claims: &Json, issuer: Json| {
        let answer = json!({ "token_type": "Bearer", "access_token": "eyJ0.a", "id_token": id_token(claims) });
        let ended = come_back_unsigned(&azure, &kept, "code=0.AX", |effect| match effect["kind"].as_str().unwrap() {
            "document" => {
                assert_eq!(effect["url"], "https://login.microsoftonline.com/common/discovery/v2.0/keys");
                published(&key_set(&[json!({ "issuer": issuer })]))
            }
            "verify" => Said::Ok("true".into()),
            _ => http(200, &answer),
        });
        ended.answer.unwrap().map(|_| ()).map_err(|denied| denied.kind)
    };
    let v2 = |tenant: &str| json!(format!("https://login.microsoftonline.com/{tenant}/v2.0"));
    assert_eq!(run(&of(HOME), json!(null)), Ok(()));
    assert_eq!(run(&of(HOME), v2("{tenantid}")), Ok(()));
    assert_eq!(run(&of(OTHER), v2("{tenantid}")), Ok(()));
    assert_eq!(run(&of(HOME), v2(HOME)), Ok(()));
    for wrong in [v2(OTHER), v2(""), json!("https://evil.example/{tenantid}/v2.0"), json!(5), json!("")] {
        assert_eq!(run(&of(HOME), wrong.clone()), Err(SignInErrorKind::Failed), "{wrong}");
    }
}

#[test]
fn a_national_cloud_has_its_own_issuer() {
    let config = json!({ "tenant": HOME, "authority": "https://login.microsoftonline.us" });
    let us = json!({ "iss": format!("https://login.microsoftonline.us/{HOME}/v2.0") });
    assert!(signed_in(&config, &with(&claims(HOME), &us)).is_ok());
    assert_eq!(signed_in(&config, &claims(HOME)).unwrap_err(), SignInErrorKind::Failed);
}

#[test]
fn a_token_without_the_groups_lets_nobody_in_by_a_group_and_everybody_else_as_before() {
    let allow = json!({ "tenant": HOME, "allow": { "groups": ["admins"] } });
    let overfull = [json!({ "_claim_names": { "groups": "src1" } }), json!({ "hasgroups": true })];
    for more in &overfull {
        let claims = with(&claims(HOME), &with(more, &json!({ "roles": ["admins"] })));
        assert_eq!(signed_in(&allow, &claims).unwrap_err(), SignInErrorKind::NotAllowed, "{more}");
        assert!(signed_in(&json!({ "tenant": HOME }), &claims).is_ok(), "where nobody asks for groups");
    }
    let other = json!({ "_claim_names": { "manager": "src1" }, "groups": ["admins"] });
    assert!(signed_in(&allow, &with(&claims(HOME), &other)).is_ok());
}

#[test]
fn props_have_the_name_and_the_domain_of_an_address_that_is_the_tenants() {
    let props = |config: Json, more: Json| {
        serde_json::from_str::<Json>(&signed_in(&config, &with(&claims(HOME), &more)).unwrap().props).unwrap()
    };
    let own = props(json!({ "tenant": HOME }), json!({}));
    assert_eq!((&own["name"], &own["email"]), (&json!("Abe Lincoln"), &json!("abe@example.com")));
    let unnamed = props(json!({ "tenant": HOME }), json!({ "name": null }));
    assert_eq!(unnamed["name"], "AbeLi@microsoft.com");
    assert_eq!(props(json!({}), json!({})).get("email"), None, "an address of another tenant is nobody's proof");
    let domains = json!({ "tenant": HOME, "allow": { "domains": ["example.com"] } });
    assert!(signed_in(&domains, &claims(HOME)).is_ok());
    let elsewhere = json!({ "tenant": HOME, "allow": { "domains": ["example.org"] } });
    assert_eq!(signed_in(&elsewhere, &claims(HOME)).unwrap_err(), SignInErrorKind::NotAllowed);
}
