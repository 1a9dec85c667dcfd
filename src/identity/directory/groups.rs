//! Groups, and the scopes that their members may have.

use crate::http::scope;
use crate::json::Value;

/// The groups of the configuration; see [`Groups::read`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups(Vec<(String, Vec<String>)>);

/// The group to which everybody belongs.
const EVERYBODY: &str = "*";

impl Groups {
    /// Reads `{"editors":{"scopes":["notes:write"]},"*":{"scopes":["notes:read"]}}`.
    pub(super) fn read(options: Value<'_>) -> Result<Self, String> {
        let wrong = || "groups must be an object: { editors: { scopes: [\"notes:write\"] } }.".to_owned();
        let groups = options.object().map_err(|_| wrong())?;
        let groups = groups.0.iter().map(|(name, group)| {
            let group = group.object().ok();
            let scopes = group.and_then(|group| group.get("scopes")).and_then(Value::strings);
            let scopes = scopes.filter(|scopes| scopes.iter().all(|scope| scope::is_token(scope)));
            let scopes = scopes.ok_or_else(|| format!("groups.{name}.scopes must be a list of scopes."))?;
            Ok((name.to_string(), scopes))
        });
        groups.collect::<Result<_, String>>().map(Self)
    }

    /// The scopes that a person in `groups` may have.
    #[must_use]
    pub fn scopes_of(&self, groups: &[String]) -> Vec<String> {
        let mut scopes = Vec::<String>::new();
        for (name, of_group) in &self.0 {
            if name == EVERYBODY || groups.contains(name) {
                scopes.extend(of_group.iter().cloned());
            }
        }
        scopes.sort_unstable();
        scopes.dedup();
        scopes
    }
}
