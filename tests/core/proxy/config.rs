//! Options that are wrong say which, and how to put it right.

use mcp_wicket::identity::Identity as _;
use serde_json::{Value as Json, json};

use super::{handler, read, with};

#[test]
fn wrong_options_are_refused_by_name() {
    let github = json!({ "kind": "github", "clientId": "Iv1.client", "clientSecret": "s3cret" });
    let google = with(&github, &json!({ "kind": "google" }));
    let azure = with(&github, &json!({ "kind": "azure" }));
    let generic = with(&github, &json!({ "kind": "generic", "issuer": "https://id.example" }));
    let cases: &[(&Json, Json, &str)] = &[
        (&github, json!({ "kind": "gitlab" }), "handler"),
        (&github, json!({ "clientId": null }), "clientId"),
        (&github, json!({ "clientId": "" }), "clientId"),
        (&github, json!({ "clientId": " x" }), "clientId"),
        (&github, json!({ "clientId": "../x" }), "clientId"),
        (&github, json!({ "clientSecret": null }), "clientSecret"),
        (&github, json!({ "clientSecret": "x\n" }), "clientSecret"),
        (&github, json!({ "name": "GitHub" }), "name"),
        (&github, json!({ "name": "a:b" }), "name"),
        (&github, json!({ "scopes": "repo" }), "scopes"),
        (&github, json!({ "scopes": ["a b"] }), "scopes"),
        (&github, json!({ "baseUrl": "http://git.example" }), "baseUrl"),
        (&github, json!({ "baseUrl": "https://x@git.example" }), "baseUrl"),
        (&github, json!({ "baseUrl": "https://git.example/?x" }), "baseUrl"),
        (&github, json!({ "allow": {} }), "allow"),
        (&github, json!({ "allow": [] }), "allow"),
        (&github, json!({ "allow": "everyone" }), "allow"),
        (&github, json!({ "allow": { "orgs": [] } }), "allow.orgs"),
        (&github, json!({ "allow": { "orgs": ["a/b"] } }), "allow.orgs"),
        (&github, json!({ "allow": { "orgs": [5] } }), "allow.orgs"),
        (&github, json!({ "allow": { "ids": [583_231] } }), "allow.ids"),
        (&github, json!({ "allow": { "emails": ["github.com"] } }), "allow.emails"),
        (&github, json!({ "allow": { "domains": ["@github.com"] } }), "allow.domains"),
        (&github, json!({ "allow": { "users": ["x"] } }), "allow.users"),
        (&github, json!({ "allow": { "tenants": ["x"] } }), "allow.tenants"),
        (&google, json!({ "allow": { "logins": ["x"] } }), "allow.logins"),
        (&google, json!({ "prompt": "always" }), "prompt"),
        (&google, json!({ "clientSecret": null }), "clientSecret"),
        (&azure, json!({ "tenant": "contoso" }), "tenant"),
        (&azure, json!({ "tenant": "../x" }), "tenant"),
        (&azure, json!({ "allow": { "tenants": ["contoso.com"] } }), "allow.tenants"),
        (&generic, json!({ "issuer": null }), "issuer"),
        (&generic, json!({ "issuer": "http://id.example" }), "issuer"),
        (&generic, json!({ "issuer": "https://id.example/#x" }), "issuer"),
        (&generic, json!({ "endpoints": {} }), "endpoints"),
        (&generic, json!({ "issuer": null, "endpoints": { "token": "https://x.example" } }), "endpoints"),
    ];
    for (base, wrong, name) in cases {
        let refused = read(&with(base, wrong)).expect_err(&wrong.to_string());
        assert!(refused.contains(name), "{wrong}: {refused}");
        assert!(!refused.contains("s3cret"), "{refused}");
    }
    for right in [&github, &google, &azure, &generic] {
        assert!(read(right).is_ok(), "{right}");
    }
}

#[test]
fn an_upstream_that_anyone_can_join_is_worth_a_warning() {
    let warned =
        |config: Json| handler(config).warnings().iter().any(|warning| warning.starts_with("Anyone with an account"));
    assert!(warned(json!({ "kind": "github" })));
    assert!(!warned(json!({ "kind": "github", "allow": "anyone" })));
    assert!(!warned(json!({ "kind": "github", "allow": { "logins": ["octocat"] } })));
    assert!(!warned(json!({ "kind": "github", "allow": true })));
    assert!(warned(json!({ "kind": "google" })));
    assert!(!warned(json!({ "kind": "google", "hd": "example.com" })));
    assert!(warned(json!({ "kind": "azure" })));
    assert!(warned(json!({ "kind": "azure", "tenant": "organizations" })));
    assert!(!warned(json!({ "kind": "azure", "tenant": "8eaef023-2b34-4da1-9baa-8bc8c9d6a490" })));
    assert!(!warned(json!({ "kind": "generic", "issuer": "https://id.example" })));
}

#[test]
fn scopes_that_are_too_broad_are_worth_a_warning_each() {
    let warned = |kind: &str, scopes: Json| {
        handler(json!({ "kind": kind, "scopes": scopes, "allow": "anyone" })).warnings().len()
    };
    assert_eq!(warned("github", json!(["repo", "delete_repo", "admin:org"])), 2);
    assert_eq!(warned("github", json!(["repo", "user:email", "read:org", "write:org"])), 0);
    assert_eq!(warned("google", json!(["https://www.googleapis.com/auth/drive.readonly"])), 0);
    assert_eq!(warned("google", json!(["https://www.googleapis.com/auth/drive", "https://mail.google.com/"])), 2);
    assert_eq!(warned("azure", json!(["User.Read"])), 0);
    assert_eq!(warned("azure", json!(["Directory.ReadWrite.All", "https://graph.microsoft.com/.default"])), 2);
}

#[test]
fn people_read_what_is_asked_of_the_upstream() {
    let github = handler(json!({ "kind": "github", "scopes": ["repo", "user:email", "odd"] })).about();
    assert_eq!((github.label.as_str(), github.host.as_str()), ("GitHub", "github.com"));
    assert_eq!(github.scopes[1], ("user:email".into(), Some("Read your e-mail addresses")));
    assert_eq!(github.scopes[2], ("odd".into(), None));
    let azure = handler(json!({ "kind": "azure", "scopes": ["https://graph.microsoft.com/User.Read"] })).about();
    assert_eq!(azure.scopes[0].1, Some("Read your profile"));
    let generic = handler(json!({ "kind": "generic", "issuer": "https://id.example/t", "label": "Acme" })).about();
    assert_eq!((generic.label.as_str(), generic.host.as_str()), ("Acme", "id.example"));
    assert_eq!(handler(json!({ "kind": "google" })).about().host, "accounts.google.com");
}

#[test]
fn http_is_for_this_computer_only() {
    for (base, fine) in [
        ("http://127.0.0.1:8787", true),
        ("http://localhost", true),
        ("http://[::1]:9", true),
        ("http://127.0.0.1.example", false),
        ("http://127.1", false),
        ("http://localhost.example", false),
        ("http://127.0.0.1@evil.example", false),
        ("https://", false),
        ("ftp://127.0.0.1", false),
        ("https://git.example\\x", false),
    ] {
        let config = json!({ "kind": "github", "clientId": "x", "clientSecret": "y", "baseUrl": base });
        assert_eq!(read(&config).is_ok(), fine, "{base}");
    }
}
