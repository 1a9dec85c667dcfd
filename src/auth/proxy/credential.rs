//! What the upstream gave us for a person: its tokens, as the subject's object keeps them (encrypted).

use super::profile::Profile;
use crate::json::{Object, Value, array, object, quoted};
use crate::oauth::identity;

/// What a provider has said of a person counts for this long, in milliseconds. After that it says so anew, or the person
/// signs in again.
pub(super) const VERDICT: u64 = 60_000;

/// The upstream's tokens for one person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credential {
    /// The access token.
    pub access: String,
    /// The refresh token, where the upstream gives one.
    pub refresh: Option<String>,
    /// When the access token ends, in milliseconds since 1970; nothing where it does not.
    pub expires: Option<u64>,
    /// What it may do, as far as the upstream says.
    pub scopes: Vec<String>,
    /// What the upstream said about the person, where only ID tokens say it and nobody can be asked again.
    pub profile: Option<Profile>,
    /// When the provider has last vouched for the person by giving out tokens, in milliseconds since 1970; nothing in what
    /// former versions kept.
    pub said: Option<u64>,
    /// An ID token that is newer than the profile and yet to be checked, with when it came (milliseconds since 1970).
    pub id_token: Option<(String, u64)>,
}

impl Credential {
    /// Reads what [`Self::to_json`] wrote.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let members = Object::read(text).ok()?;
        let expires = match members.get("expires") {
            Some(expires) => Some(expires.text().parse().ok()?),
            None => None,
        };
        let scopes = members.get("scopes").and_then(|scopes| scopes.array().ok()).unwrap_or_default();
        Some(Self {
            access: members.string("access")?.into(),
            refresh: members.string("refresh").map(Into::into),
            expires,
            scopes: scopes.into_iter().filter_map(Value::string).map(Into::into).collect(),
            profile: match members.get("profile") {
                Some(profile) => Some(Profile::read(&profile.object().ok()?)?),
                None => None,
            },
            said: members.get("said").and_then(|said| said.text().parse().ok()),
            id_token: match (members.string("idToken"), members.get("received")) {
                (Some(token), Some(received)) => Some((token.into(), received.text().parse().ok()?)),
                _ => None,
            },
        })
    }

    /// `{"access":"…","refresh":"…","expires":…,"scopes":["…"],"profile":{…},"said":…,"idToken":"…","received":…}`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let (access, scopes) = (quoted(&self.access), array(self.scopes.iter().map(|scope| quoted(scope))));
        let (refresh, expires) = (self.refresh.as_deref().map(quoted), self.expires.map(|expires| expires.to_string()));
        let mut members = vec![("access", access.as_str())];
        members.extend(refresh.as_deref().map(|refresh| ("refresh", refresh)));
        members.extend(expires.as_deref().map(|expires| ("expires", expires)));
        members.push(("scopes", &scopes));
        let profile = self.profile.as_ref().map(Profile::to_json);
        members.extend(profile.as_deref().map(|profile| ("profile", profile)));
        let said = self.said.map(|said| said.to_string());
        members.extend(said.as_deref().map(|said| ("said", said)));
        let id_token = self.id_token.as_ref().map(|(token, received)| (quoted(token), received.to_string()));
        if let Some((token, received)) = &id_token {
            members.extend([("idToken", token.as_str()), ("received", received)]);
        }
        object(&members)
    }

    /// When what the provider has said of the person counts no more, in milliseconds since 1970.
    pub(super) fn due(&self) -> u64 {
        self.said.map_or(0, |said| said.saturating_add(VERDICT))
    }

    /// What the authorization server has to know of it.
    pub(super) fn outside(self) -> identity::Credential {
        // Where the profile is kept, nobody can be asked about it; and an access token that may end at any time (`expires_in`
        // is only recommended, RFC 6749 section 5.1) is not trusted to be good for asking.
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

/// The credential to keep of the one that is kept and a newer one: the newer, unless it lacks a scope of `needed` that the
/// former has; and never without the refresh token of the former, because providers give one only the first time.
#[must_use]
pub fn merge(kept: Option<&str>, newer: &str, needed: &[String]) -> String {
    let (Some(mut kept), Some(mut newer)) = (kept.and_then(Credential::read), Credential::read(newer)) else {
        return newer.into();
    };
    let is_known = !newer.scopes.is_empty() && !kept.scopes.is_empty();
    if is_known && kept.covers(needed) && !newer.covers(needed) {
        // Whatever tokens are kept, the person is as the newer ones say.
        kept.profile = newer.profile.or(kept.profile);
        kept.id_token = newer.id_token.or(kept.id_token);
        kept.said = newer.said.or(kept.said);
        return kept.to_json();
    }
    newer.refresh = newer.refresh.or(kept.refresh);
    newer.to_json()
}
