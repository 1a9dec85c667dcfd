//! Who may sign in.
//!
//! **Threat.** An upstream that anyone can join lets anyone in. **Guarantee.** With rules, nothing is issued to somebody
//! who fits none of them, at sign-in and at each refresh with the upstream. **Not guaranteed.** That a name stays with a
//! person: GitHub gives a freed login to somebody else, so `ids` are the rule that lasts.

use super::profile::Profile;
use crate::json::{Object, Value};

/// Who may sign in: whoever fits one of the rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    rules: Vec<Rule>,
    /// The operator's own function decides as well.
    pub function: bool,
    anyone: bool,
}

/// What somebody must have: one of each list that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule(Vec<(Kind, Vec<String>)>);

/// What a list is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Names of accounts.
    Logins,
    /// Ids of accounts.
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

impl Kind {
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
    /// Reads the option: absent, `"anyone"`, `true` (there is a function), one rule or a list of them. `known` is what the
    /// upstream can say.
    pub fn read(value: Option<Value<'_>>, known: &[Kind]) -> Result<Self, String> {
        let Some(value) = value else { return Ok(Self::default()) };
        if value.is_true() {
            return Ok(Self { function: true, ..Self::default() });
        }
        if value.string().as_deref() == Some("anyone") {
            return Ok(Self { anyone: true, ..Self::default() });
        }
        let rules = if value.is_array() { value.array().unwrap_or_default() } else { vec![value] };
        if rules.is_empty() {
            return Err("allow is an empty list, so nobody could sign in. Name somebody, or leave it out.".into());
        }
        let rules = rules.into_iter().map(|rule| Rule::read(rule, known)).collect::<Result<_, _>>()?;
        Ok(Self { rules, ..Self::default() })
    }

    /// True where the operator has said who may.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.anyone || self.function || !self.rules.is_empty()
    }

    /// True where some rule is about `kind`.
    #[must_use]
    pub fn asks(&self, kind: Kind) -> bool {
        self.named(kind).next().is_some()
    }

    /// What the rules name of `kind`.
    pub fn named(&self, kind: Kind) -> impl Iterator<Item = &str> {
        let lists = self.rules.iter().flat_map(|Rule(lists)| lists);
        lists.filter(move |(other, _)| *other == kind).flat_map(|(_, names)| names.iter().map(String::as_str))
    }

    /// True where some rule is about `kind` and not about `with`.
    #[must_use]
    pub fn asks_without(&self, kind: Kind, with: Kind) -> bool {
        let has = |Rule(lists): &Rule, wanted| lists.iter().any(|(kind, _)| *kind == wanted);
        self.rules.iter().any(|rule| has(rule, kind) && !has(rule, with))
    }

    /// True if no rule keeps `profile` out.
    #[must_use]
    pub fn admits(&self, profile: &Profile) -> bool {
        self.rules.is_empty() || self.rules.iter().any(|rule| rule.fits(profile))
    }
}

impl Rule {
    fn read(value: Value<'_>, known: &[Kind]) -> Result<Self, String> {
        let wrong = || {
            String::from(
                "allow is a rule such as { emails: [\"ada@example.com\"] }, a list of rules, a function, or \"anyone\".",
            )
        };
        let Object(members) = value.object().map_err(|_| wrong())?;
        if members.is_empty() {
            return Err("allow has a rule without any list. Name somebody in it, or leave it out.".into());
        }
        let mut lists = Vec::new();
        for (name, list) in members {
            let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.name() == name) else {
                return Err(format!("allow.{name} is no rule. There are: {}.", names(known)));
            };
            if !known.contains(&kind) {
                return Err(format!("allow.{name} cannot be checked with this handler. It knows: {}.", names(known)));
            }
            let entries = list.array().ok().and_then(|entries| {
                entries.into_iter().map(|entry| entry.string().map(String::from)).collect::<Option<Vec<_>>>()
            });
            match entries {
                Some(entries) if !entries.is_empty() && entries.iter().all(|entry| is_entry(kind, entry)) => {
                    lists.push((kind, entries));
                }
                _ => return Err(format!("allow.{name} is a list of {}.", example(kind))),
            }
        }
        Ok(Self(lists))
    }

    fn fits(&self, profile: &Profile) -> bool {
        self.0.iter().all(|(kind, names)| names.iter().any(|name| has(profile, *kind, name)))
    }
}

fn has(profile: &Profile, kind: Kind, name: &str) -> bool {
    let is = |other: &str| other.eq_ignore_ascii_case(name);
    match kind {
        Kind::Logins => profile.login.as_deref().is_some_and(is),
        Kind::Ids => profile.id == name,
        Kind::Orgs => profile.orgs.iter().any(|org| is(org)),
        Kind::Emails => profile.emails.iter().any(|email| is(email)),
        Kind::Domains => profile.domains.iter().any(|domain| is(domain)),
        Kind::Tenants => profile.tenant.as_deref().is_some_and(is),
        Kind::Groups => profile.groups.iter().any(|group| group == name),
    }
}

/// An entry that could fit somebody. Organisations stand in the path of a URL, so their names are checked closely.
fn is_entry(kind: Kind, entry: &str) -> bool {
    let is_plain = |text: &str, more: &[u8]| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    match kind {
        Kind::Orgs | Kind::Logins => is_plain(entry, b"-_"),
        Kind::Domains | Kind::Tenants => is_plain(entry, b".-"),
        Kind::Emails => entry.split_once('@').is_some_and(|(local, host)| !local.is_empty() && is_plain(host, b".-")),
        Kind::Ids | Kind::Groups => !entry.is_empty(),
    }
}

fn example(kind: Kind) -> &'static str {
    match kind {
        Kind::Logins => "account names, such as \"octocat\"",
        Kind::Ids => "account ids, such as \"583231\"",
        Kind::Orgs => "organisation names, such as \"github\"",
        Kind::Emails => "e-mail addresses, such as \"ada@example.com\"",
        Kind::Domains => "e-mail domains without the @, such as \"example.com\"",
        Kind::Tenants => "tenant ids or domains",
        Kind::Groups => "group ids or role names",
    }
}

fn names(kinds: &[Kind]) -> String {
    kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}
