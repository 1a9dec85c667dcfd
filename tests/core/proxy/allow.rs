//! Who may sign in: a table over rules and people.

use mcp_wicket::identity::upstream::{Allow, Profile};
use mcp_wicket::json::Value;
use serde_json::{Value as Json, json};

use super::super::proxy::handler;

fn somebody() -> Profile {
    Profile {
        id: "42".into(),
        login: Some("Ada".into()),
        emails: vec!["ada@example.com".into(), "ADA@Work.Example".into()],
        domains: vec!["example.com".into(), "Work.Example".into()],
        tenant: Some("8EAEF023-2b34-4da1-9baa-8bc8c9d6a490".into()),
        orgs: vec!["acme".into()],
        groups: vec!["g-1".into()],
        ..Profile::default()
    }
}

fn admits(rules: &Json, profile: &Profile) -> bool {
    use mcp_wicket::identity::upstream::RuleList;
    let text = rules.to_string();
    let kinds = [
        RuleList::Logins,
        RuleList::Ids,
        RuleList::Orgs,
        RuleList::Emails,
        RuleList::Domains,
        RuleList::Tenants,
        RuleList::Groups,
    ];
    Allow::read(Some(Value::read(&text).unwrap()), &kinds).unwrap().admits(profile)
}

#[test]
fn one_of_each_list_and_any_of_the_rules() {
    let cases = [
        (json!({ "logins": ["ada"] }), true),
        (json!({ "logins": ["ad"] }), false),
        (json!({ "ids": ["42"] }), true),
        (json!({ "ids": ["4", "2", "042"] }), false),
        (json!({ "orgs": ["ACME"] }), true),
        (json!({ "emails": ["ada@EXAMPLE.com"] }), true),
        (json!({ "emails": ["da@example.com"] }), false),
        (json!({ "domains": ["example.com"] }), true),
        (json!({ "domains": ["work.example"] }), true),
        (json!({ "domains": ["ample.com", "com"] }), false),
        (json!({ "tenants": ["8eaef023-2b34-4da1-9baa-8bc8c9d6a490"] }), true),
        (json!({ "groups": ["g-1"] }), true),
        (json!({ "groups": ["G-1"] }), false),
        (json!({ "groups": ["g-1"], "tenants": ["8eaef023-2b34-4da1-9baa-8bc8c9d6a490"] }), true),
        (json!({ "groups": ["g-1"], "logins": ["bob"] }), false),
        (json!([{ "groups": ["g-2"] }, { "logins": ["bob", "ada"] }]), true),
        (json!([{ "groups": ["g-2"] }, { "logins": ["bob"] }]), false),
    ];
    for (rules, expected) in cases {
        assert_eq!(admits(&rules, &somebody()), expected, "{rules}");
    }
}

#[test]
fn who_says_nothing_fits_no_rule() {
    let nobody = Profile { id: "1".into(), ..Profile::default() };
    for rules in [
        json!({ "logins": ["ada"] }),
        json!({ "orgs": ["acme"] }),
        json!({ "emails": ["ada@example.com"] }),
        json!({ "domains": ["example.com"] }),
        json!({ "tenants": ["x"] }),
        json!({ "groups": ["g-1"] }),
    ] {
        assert!(!admits(&rules, &nobody), "{rules}");
    }
    let emails = vec!["example.com".into(), "x@y@evil.example".into()];
    let odd = Profile { domains: Profile::domains_of(&emails), emails, ..nobody };
    assert!(!admits(&json!({ "domains": ["example.com"] }), &odd), "no @, no domain");
    assert!(!admits(&json!({ "domains": ["y"] }), &odd));
    assert!(admits(&json!({ "domains": ["evil.example"] }), &odd), "the last @ counts");
}

#[test]
fn without_rules_everybody_may() {
    assert!(handler(json!({ "kind": "github" })).warnings().len() == 1);
    assert!(Allow::read(None, &[]).unwrap().admits(&somebody()));
    assert!(!Allow::default().is_set());
}
