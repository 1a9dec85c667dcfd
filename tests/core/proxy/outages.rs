//! Answers of a provider that say that it cannot answer now, and nothing about the person.

use mcp_wicket::flow::Fetched;
use mcp_wicket::identity::{Identity as _, SignInErrorKind};
use serde_json::{Value as Json, json};

use super::{handler, http, key_set, limited, published};
use crate::world::{NOW, Said, World};

/// 403 with bodies as the providers document them.
fn limits() -> Vec<Json> {
    let google = |reason: &str| {
        let cause = json!({ "domain": "usageLimits", "reason": reason, "message": "User Rate Limit Exceeded" });
        json!({ "error": { "code": 403, "message": "x", "errors": [cause] } })
    };
    vec![
        google("rateLimitExceeded"),
        google("userRateLimitExceeded"),
        google("dailyLimitExceeded"),
        google("quotaExceeded"),
        json!({ "error": { "code": 403, "message": "Quota exceeded for quota metric 'Queries' of service" } }),
        json!({ "error": { "code": 403, "status": "RESOURCE_EXHAUSTED" } }),
        json!({ "error": { "code": 403, "details": [{ "@type": "x", "reason": "RATE_LIMIT_EXCEEDED" }] } }),
        json!({ "errorCode": "E0000047", "errorSummary": "API call exceeded the limit." }),
        json!({ "message": "API rate limit exceeded for user ID 583231." }),
        json!({ "message": "You have exceeded a secondary rate limit. Please wait a few minutes." }),
        json!({ "error": "too_many_requests" }),
        json!({ "error": "temporarily_unavailable", "error_description": "later" }),
    ]
}

/// 403 that says no, or does not say why.
fn refusals() -> Vec<Json> {
    let cause = json!({ "domain": "global", "reason": "insufficientPermissions", "message": "no" });
    vec![
        json!({}),
        json!([]),
        json!("rate limit"),
        json!({ "error": "insufficient_scope", "error_description": "the token lacks profile" }),
        json!({ "error": { "code": 403, "message": "forbidden", "status": "PERMISSION_DENIED", "errors": [cause] } }),
        json!({ "errorCode": "E0000006", "errorSummary": "You do not have permission to perform the requested action" }),
        json!({ "error": { "errors": "rateLimitExceeded", "details": [5, null, "x"], "message": 5 }, "name": "rate limit" }),
    ]
}

#[test]
fn a_403_is_an_outage_where_it_says_that_too_much_was_asked() {
    let is_outage = |status: u16, body: &Json, limited: bool| {
        let retry_after = limited.then(|| "1".to_owned());
        Fetched { status, body: body.to_string(), remaining: None, retry_after }.is_outage()
    };
    for body in limits() {
        assert!(is_outage(403, &body, false), "{body}");
        for status in [200, 400, 401, 404] {
            assert!(!is_outage(status, &body, true), "{status} {body}");
        }
    }
    for body in refusals() {
        assert!(!is_outage(403, &body, false), "{body}");
        for (status, limited) in [(403, true), (429, false), (500, false), (503, false), (599, false)] {
            assert!(is_outage(status, &body, limited), "{status} {limited} {body}");
        }
    }
    assert!(
        !Fetched { status: 403, body: "<h1>Forbidden</h1>".into(), remaining: None, retry_after: None }.is_outage()
    );
}

#[test]
fn at_every_provider_it_logs_nobody_out() {
    let issuer = "https://id.example";
    let metadata = json!({
        "issuer": issuer, "authorization_endpoint": "https://id.example/auth", "token_endpoint": "https://id.example/token",
        "userinfo_endpoint": "https://id.example/me", "jwks_uri": "https://id.example/jwks",
        "code_challenge_methods_supported": ["S256"],
    });
    let credential = json!({ "access": "a", "refresh": "r", "expires": NOW, "scopes": [] }).to_string();
    for config in [
        json!({ "kind": "github" }),
        json!({ "kind": "google" }),
        json!({ "kind": "azure" }),
        json!({ "kind": "generic", "issuer": issuer }),
    ] {
        let handler = handler(config.clone());
        let answers = |said: Said| {
            let say = |effect: &Json| match effect["url"].as_str().unwrap_or_default() {
                url if url.ends_with("/openid-configuration") => published(&metadata),
                _ if effect["kind"] == "document" => published(&key_set(&[json!({})])),
                _ => said.clone(),
            };
            let renewed = World::new(say).run(async |flow| handler.renew(flow, &credential).await).answer.unwrap();
            let fresh = World::new(say).run(async |flow| handler.refresh(flow, &credential).await).answer.unwrap();
            (renewed.unwrap_err().kind, fresh.unwrap_err().kind)
        };
        // Entra tells who somebody is by a refresh only: without the ID token of one there is nothing to ask.
        let is_asked = config["kind"] != "azure";
        let outage = (
            if is_asked { SignInErrorKind::Unavailable } else { SignInErrorKind::Refused },
            SignInErrorKind::Unavailable,
        );
        for body in limits() {
            assert_eq!(answers(http(403, &body)), outage, "{config} {body}");
        }
        for header in [json!({ "remaining": "0" }), json!({ "retryAfter": "60" })] {
            assert_eq!(answers(limited(403, &header)), outage, "{config} {header}");
        }
        assert_eq!(
            answers(http(403, &json!({}))).1,
            SignInErrorKind::Failed,
            "{config}: what explains nothing costs no grant"
        );
    }
}
