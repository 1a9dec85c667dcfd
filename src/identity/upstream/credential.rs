//! The upstream's tokens for a person, as the subject's object stores them (encrypted).

use serde::{Deserialize, Serialize};

use super::profile::Profile;
use crate::identity;
use crate::json;

/// A provider's confirmation of a person is valid for this long, in milliseconds. After that it must be renewed, or the
/// person signs in again.
pub(super) const VERDICT: u64 = 60_000;

/// The upstream's tokens for one person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UpstreamCredential {
    /// The access token.
    pub access: String,
    /// The refresh token, if the upstream issues one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh: Option<String>,
    /// When the access token expires, in milliseconds since 1970; `None` if it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    /// Its scopes, as far as the upstream says.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// What the upstream said about the person, if only ID tokens say it and nothing can be asked again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// When the provider last confirmed the person by issuing tokens, in milliseconds since 1970; `None` in records of
    /// former versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<u64>,
    /// An ID token that is newer than the profile and not yet checked, with its time of arrival (milliseconds since
    /// 1970).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<(String, u64)>,
}

impl UpstreamCredential {
    /// Reads what [`Self::to_json`] wrote.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        json::read(text).ok()
    }

    /// The stored form.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::write(self)
    }

    /// Until when the provider's last confirmation is valid, in milliseconds since 1970.
    pub(super) fn due(&self) -> u64 {
        self.said.map_or(0, |said| said.saturating_add(VERDICT))
    }

    /// What the authorization server needs to know about it.
    pub(super) fn outside(self) -> identity::Credential {
        // If the profile is stored, the provider cannot be asked about it. And an access token that may expire at any
        // time (`expires_in` is only recommended, RFC 6749 section 5.1) cannot be relied on for asking.
        let is_by_exchange = self.profile.is_some() || self.id_token.is_some() || self.expires.is_none();
        let due = is_by_exchange.then(|| self.due());
        let secrets = [Some(self.access.clone()), self.refresh.clone(), self.id_token.map(|(token, _)| token)];
        identity::Credential {
            access: self.access,
            expires: self.expires,
            due: due.filter(|_| self.refresh.is_some()),
            renewable: self.refresh.is_some(),
            secrets: secrets.into_iter().flatten().collect(),
        }
    }

    fn covers(&self, needed: &[String]) -> bool {
        needed.iter().all(|scope| self.scopes.contains(scope))
    }
}

/// The credential to store, given the stored one and a newer one: the newer, unless it lacks a scope of `needed` that
/// the former has; and always with the former's refresh token if it has none, because providers issue one only the
/// first time.
#[must_use]
pub fn merge(kept: Option<&str>, newer: &str, needed: &[String]) -> String {
    let (Some(mut kept), Some(mut newer)) = (kept.and_then(UpstreamCredential::read), UpstreamCredential::read(newer))
    else {
        return newer.into();
    };
    let is_known = !newer.scopes.is_empty() && !kept.scopes.is_empty();
    if is_known && kept.covers(needed) && !newer.covers(needed) {
        // Whichever tokens are stored, the newer profile counts.
        kept.profile = newer.profile.or(kept.profile);
        kept.id_token = newer.id_token.or(kept.id_token);
        kept.said = newer.said.or(kept.said);
        return kept.to_json();
    }
    newer.refresh = newer.refresh.or(kept.refresh);
    newer.to_json()
}
