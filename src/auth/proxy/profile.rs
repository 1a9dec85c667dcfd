//! What an upstream says about a person, in one shape for all.

use crate::json::{Object, Value, array, object, quoted};

/// A person, as far as the upstream vouches for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// The upstream's stable id.
    pub id: String,
    /// The name that the account has there, where it is unique.
    pub login: Option<String>,
    /// The person's name.
    pub name: Option<String>,
    /// Verified addresses only, the primary one first.
    pub emails: Vec<String>,
    /// Mail domains to which the person belongs: of those addresses, unless the upstream says it otherwise.
    pub domains: Vec<String>,
    /// URL of a picture.
    pub picture: Option<String>,
    /// The tenant (Entra) or the hosted domain (Google) that the account belongs to.
    pub tenant: Option<String>,
    /// Organisations (GitHub), of those that the rules name.
    pub orgs: Vec<String>,
    /// Groups and roles.
    pub groups: Vec<String>,
}

impl Profile {
    /// What stands after the `@` of each address.
    #[must_use]
    pub fn domains_of(emails: &[String]) -> Vec<String> {
        emails.iter().filter_map(|email| email.rsplit_once('@')).map(|(_, host)| host.into()).collect()
    }

    /// Reads what [`Self::to_json`] wrote.
    #[must_use]
    pub(super) fn read(profile: &Object<'_>) -> Option<Self> {
        let text = |name| profile.string(name).map(String::from);
        let list = |name| profile.get(name).and_then(Value::strings);
        let emails = list("emails")?;
        Some(Self {
            id: text("sub")?,
            login: text("login"),
            name: text("name"),
            domains: Self::domains_of(&emails),
            emails,
            picture: text("picture"),
            tenant: text("tenant"),
            orgs: list("orgs")?,
            groups: list("groups")?,
        })
    }

    /// How the person recognises the account.
    #[must_use]
    pub fn label(&self) -> &str {
        let known = self.login.as_ref().or(self.emails.first()).or(self.name.as_ref());
        known.map_or(&self.id, |label| label)
    }

    /// What `this.props` is where the operator has no `context`.
    #[must_use]
    pub fn props(&self) -> String {
        let (id, email) = (quoted(&self.id), self.emails.first().map(|email| quoted(email)));
        let mut members = vec![("sub", id.as_str())];
        let texts = [("login", &self.login), ("name", &self.name), ("picture", &self.picture)];
        let texts = texts.map(|(name, text)| (name, text.as_deref().map(quoted)));
        members.extend(texts.iter().filter_map(|(name, text)| text.as_deref().map(|text| (*name, text))));
        members.extend(email.as_deref().map(|email| ("email", email)));
        object(&members)
    }

    /// All of it, for the operator's own functions.
    #[must_use]
    pub fn to_json(&self) -> String {
        let list = |texts: &[String]| array(texts.iter().map(|text| quoted(text)));
        let (emails, orgs, groups) = (list(&self.emails), list(&self.orgs), list(&self.groups));
        let tenant = self.tenant.as_deref().map(quoted);
        let mut more = vec![("emails", emails.as_str()), ("orgs", orgs.as_str()), ("groups", groups.as_str())];
        more.extend(tenant.as_deref().map(|tenant| ("tenant", tenant)));
        let props = self.props();
        // Both are objects with members, so their insides can be joined.
        let (head, tail) = (props.trim_end_matches('}'), object(&more));
        String::from(head) + "," + tail.trim_start_matches('{')
    }
}
