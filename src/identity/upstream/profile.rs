//! What an upstream says about a person, in one shape for all.

use serde::{Deserialize, Serialize};

use crate::json::Json;

/// A person, as far as the upstream confirms it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Profile {
    /// The upstream's stable ID.
    #[serde(rename = "sub")]
    pub id: String,
    /// The account's name there, if it is unique.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// The person's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Verified addresses only, the primary one first.
    pub emails: Vec<String>,
    /// The person's mail domains: those of the addresses, unless the upstream says otherwise.
    #[serde(default)]
    pub domains: Vec<String>,
    /// URL of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// The tenant (Entra) or the hosted domain (Google) that the account belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Organisations (GitHub), among those in the rules.
    pub orgs: Vec<String>,
    /// Groups and roles.
    pub groups: Vec<String>,
}

impl Profile {
    /// The part of each address after the `@`.
    #[must_use]
    pub fn domains_of(emails: &[String]) -> Vec<String> {
        emails.iter().filter_map(|email| email.rsplit_once('@')).map(|(_, host)| host.into()).collect()
    }

    /// How the person recognises the account.
    #[must_use]
    pub fn label(&self) -> &str {
        let known = self.login.as_ref().or(self.emails.first()).or(self.name.as_ref());
        known.map_or(&self.id, |label| label)
    }

    fn short(&self) -> BasicProfile<'_> {
        BasicProfile {
            sub: &self.id,
            login: self.login.as_deref(),
            name: self.name.as_deref(),
            picture: self.picture.as_deref(),
            email: self.emails.first().map(String::as_str),
        }
    }

    /// `this.props` if the operator has no `context`.
    #[must_use]
    pub fn props(&self) -> Json {
        Json::of(&self.short())
    }

    /// All of it, for the operator's own functions.
    #[must_use]
    pub fn whole(&self) -> Json {
        let (emails, orgs, groups) = (&self.emails, &self.orgs, &self.groups);
        Json::of(&FullProfile { short: self.short(), emails, orgs, groups, tenant: self.tenant.as_deref() })
    }
}

#[derive(Serialize)]
struct BasicProfile<'a> {
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
}

#[derive(Serialize)]
struct FullProfile<'a> {
    #[serde(flatten)]
    short: BasicProfile<'a>,
    emails: &'a [String],
    orgs: &'a [String],
    groups: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<&'a str>,
}
