//! Who may sign in.
//!
//! **Threat.** An upstream that anyone can join admits anyone.
//! **Guarantee.** With rules, nothing is issued to a person who matches none of them, at sign-in and at each refresh with
//! the upstream.
//! **Not guaranteed.** That a name stays with a person: GitHub reassigns released logins, so only `ids` are permanent.

use super::profile::Profile;
use crate::json::{Object, Value};

/// Who may sign in: people who match one of the rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    rules: Vec<Rule>,
    /// The operator's own function decides, too.
    pub function: bool,
    anyone: bool,
}

/// What a person must match: one entry of each list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule(Vec<(RuleList, Vec<String>)>);

/// The subject of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleList {
    /// Names of accounts.
    Logins,
    /// IDs of accounts.
    Ids,
    /// GitHub organisations.
    Orgs,
    /// Verified e-mail addresses.
    Emails,
    /// Mail domains that the upstream says the person belongs to.
    Domains,
    /// Entra tenants, Google hosted domains.
    Tenants,
    /// Groups and roles.
    Groups,
}

impl RuleList {
    const ALL: [Self; 7] =
        [Self::Logins, Self::Ids, Self::Orgs, Self::Emails, Self::Domains, Self::Tenants, Self::Groups];

    fn name(self) -> &'static str {
        match self {
            Self::Logins => "logins",
            Self::Ids => "ids",
            Self::Orgs => "orgs",
            Self::Emails => "emails",
            Self::Domains => "domains",
            Self::Tenants => "tenants",
            Self::Groups => "groups",
        }
    }
}

impl Allow {
    /// Reads the option: absent, `"anyone"`, `true` (there is a function), one rule or a list of them. `known` is what
    /// the upstream can report.
    pub fn read(value: Option<Value<'_>>, known: &[RuleList]) -> Result<Self, String> {
        let Some(value) = value else { return Ok(Self::default()) };
        if value.is_true() {
            return Ok(Self { function: true, ..Self::default() });
        }
        if value.string().as_deref() == Some("anyone") {
            return Ok(Self { anyone: true, ..Self::default() });
        }
        let rules = if value.is_array() { value.array().unwrap_or_default() } else { vec![value] };
        if rules.is_empty() {
            return Err("allow is an empty list, so nobody could sign in. Add a rule, or omit it.".into());
        }
        let rules = rules.into_iter().map(|rule| Rule::read(rule, known)).collect::<Result<_, _>>()?;
        Ok(Self { rules, ..Self::default() })
    }

    /// True if the operator has configured who may sign in.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.anyone || self.function || !self.rules.is_empty()
    }

    /// True if some rule is about `kind`.
    #[must_use]
    pub fn asks(&self, kind: RuleList) -> bool {
        self.named(kind).next().is_some()
    }

    /// The entries of `kind` in all rules.
    pub fn named(&self, kind: RuleList) -> impl Iterator<Item = &str> {
        let lists = self.rules.iter().flat_map(|Rule(lists)| lists);
        lists.filter(move |(other, _)| *other == kind).flat_map(|(_, names)| names.iter().map(String::as_str))
    }

    /// True if some rule is about `kind` but not about `with`.
    #[must_use]
    pub fn asks_without(&self, kind: RuleList, with: RuleList) -> bool {
        let has = |Rule(lists): &Rule, wanted| lists.iter().any(|(kind, _)| *kind == wanted);
        self.rules.iter().any(|rule| has(rule, kind) && !has(rule, with))
    }

    /// True if the rules admit `profile`.
    #[must_use]
    pub fn admits(&self, profile: &Profile) -> bool {
        self.rules.is_empty() || self.rules.iter().any(|rule| rule.fits(profile))
    }
}

impl Rule {
    fn read(value: Value<'_>, known: &[RuleList]) -> Result<Self, String> {
        let wrong = || {
            String::from(
                "allow must be a rule such as { emails: [\"ada@example.com\"] }, a list of rules, a function, or \"anyone\".",
            )
        };
        let Object(members) = value.object().map_err(|_| wrong())?;
        if members.is_empty() {
            return Err("allow has an empty rule. Add a list to it, or remove the rule.".into());
        }
        let mut lists = Vec::new();
        for (name, list) in members {
            let Some(kind) = RuleList::ALL.into_iter().find(|kind| kind.name() == name) else {
                return Err(format!("allow.{name} is not a rule. Available rules: {}.", names(known)));
            };
            if !known.contains(&kind) {
                return Err(format!(
                    "allow.{name} cannot be checked by this handler. Available rules: {}.",
                    names(known)
                ));
            }
            let entries = list.array().ok().and_then(|entries| {
                entries.into_iter().map(|entry| entry.string().map(String::from)).collect::<Option<Vec<_>>>()
            });
            match entries {
                Some(entries) if !entries.is_empty() && entries.iter().all(|entry| is_entry(kind, entry)) => {
                    lists.push((kind, entries));
                }
                _ => return Err(format!("allow.{name} must be a list of {}.", example(kind))),
            }
        }
        Ok(Self(lists))
    }

    fn fits(&self, profile: &Profile) -> bool {
        self.0.iter().all(|(kind, names)| names.iter().any(|name| has(profile, *kind, name)))
    }
}

fn has(profile: &Profile, kind: RuleList, name: &str) -> bool {
    let is = |other: &str| other.eq_ignore_ascii_case(name);
    match kind {
        RuleList::Logins => profile.login.as_deref().is_some_and(is),
        RuleList::Ids => profile.id == name,
        RuleList::Orgs => profile.orgs.iter().any(|org| is(org)),
        RuleList::Emails => profile.emails.iter().any(|email| is(email)),
        RuleList::Domains => profile.domains.iter().any(|domain| is(domain)),
        RuleList::Tenants => profile.tenant.as_deref().is_some_and(is),
        RuleList::Groups => profile.groups.iter().any(|group| group == name),
    }
}

/// True if an entry could match somebody. Organisations become part of a URL's path, so their names are checked
/// strictly.
fn is_entry(kind: RuleList, entry: &str) -> bool {
    let is_plain = |text: &str, more: &[u8]| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    match kind {
        RuleList::Orgs | RuleList::Logins => is_plain(entry, b"-_"),
        RuleList::Domains | RuleList::Tenants => is_plain(entry, b".-"),
        RuleList::Emails => {
            entry.split_once('@').is_some_and(|(local, host)| !local.is_empty() && is_plain(host, b".-"))
        }
        RuleList::Ids | RuleList::Groups => !entry.is_empty(),
    }
}

fn example(kind: RuleList) -> &'static str {
    match kind {
        RuleList::Logins => "account names, such as \"octocat\"",
        RuleList::Ids => "account IDs, such as \"583231\"",
        RuleList::Orgs => "organization names, such as \"github\"",
        RuleList::Emails => "e-mail addresses, such as \"ada@example.com\"",
        RuleList::Domains => "e-mail domains without the @, such as \"example.com\"",
        RuleList::Tenants => "tenant IDs or domains",
        RuleList::Groups => "group IDs or role names",
    }
}

fn names(kinds: &[RuleList]) -> String {
    kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}
