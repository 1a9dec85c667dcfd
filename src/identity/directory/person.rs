//! A person's row, and the statements that read it.

use serde::{Deserialize, Serialize};

use crate::flow::{Bound, Failure, Flow, Query, Statement};
use crate::identity::SignInError;
use crate::json::{self, Json};

/// The statement that reads the people for which a condition holds, with this as their password.
macro_rules! people {
    ($password:literal, $condition:literal) => {
        concat!(
            "SELECT u.id, u.email, u.name, u.status, ",
            $password,
            " AS password, (SELECT json_group_array(m.grp) FROM wicket_members m WHERE m.realm = u.realm AND m.user = u.id \
             AND m.org = '') AS groups FROM wicket_users u WHERE u.realm = ?1 AND ",
            $condition
        )
    };
}

const BY_EMAIL: &str = people!("u.password", "u.email_key = ?2");
const BY_ID: &str = people!("NULL", "u.id = ?2");
const REPLACE_PASSWORD: &str = "UPDATE wicket_users SET password = ?3 WHERE realm = ?1 AND id = ?2 AND password = ?4";

/// The part of the database that is this server's. There is one; several issuers over one database would have one each.
const REALM: &str = "";

/// A person, as the database has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DirectoryPerson {
    /// Stable, and never reassigned.
    pub(super) id: String,
    email: Option<String>,
    name: Option<String>,
    status: String,
    /// The hash of the password, if there is one and it was asked for.
    pub(super) password: Option<String>,
    pub(super) groups: Vec<String>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    email: Option<String>,
    name: Option<String>,
    status: String,
    password: Option<String>,
    /// A JSON array, which the database writes.
    groups: String,
}

/// What tools see as `this.props`.
#[derive(Serialize)]
struct Props<'a> {
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    groups: &'a [String],
}

impl DirectoryPerson {
    pub(super) fn is_active(&self) -> bool {
        self.status == "active"
    }

    /// How the person recognises the account.
    pub(super) fn label(&self) -> &str {
        self.email.as_deref().or(self.name.as_deref()).unwrap_or(&self.id)
    }

    pub(super) fn props(&self) -> String {
        let (name, email) = (self.name.as_deref(), self.email.as_deref());
        json::write(&Props { sub: &self.id, name, email, groups: &self.groups })
    }
}

/// The person with this address, in its folded form. Waits: one.
pub(super) async fn by_email(flow: &Flow<'_>, email: &str) -> Result<Option<DirectoryPerson>, SignInError> {
    one(flow, Statement { sql: BY_EMAIL, values: vec![REALM.into(), email.into()] }).await
}

/// The person with this ID, without their password. Waits: one.
pub(super) async fn by_id(flow: &Flow<'_>, id: &str) -> Result<Option<DirectoryPerson>, SignInError> {
    one(flow, Statement { sql: BY_ID, values: vec![REALM.into(), id.into()] }).await
}

/// Replaces the hash of a person's password, unless it has changed since it was read. Waits: one.
pub(super) async fn replace_password(
    flow: &Flow<'_>,
    DirectoryPerson { id, password, .. }: &DirectoryPerson,
    hash: &str,
) -> Result<(), SignInError> {
    let former = password.as_deref().map_or(Bound::Null, Bound::from);
    let values = vec![REALM.into(), id.as_str().into(), hash.into(), former];
    run(flow, Statement { sql: REPLACE_PASSWORD, values }).await.map(|_| ())
}

async fn one(flow: &Flow<'_>, statement: Statement) -> Result<Option<DirectoryPerson>, SignInError> {
    let rows = run(flow, statement).await?;
    let read = |row: &Json| {
        let Row { id, email, name, status, password, groups } = json::read(row).ok()?;
        Some(DirectoryPerson { id, email, name, status, password, groups: json::read(&groups).ok()? })
    };
    match rows.first() {
        None => Ok(None),
        Some(row) => read(row).map(Some).ok_or_else(|| SignInError::failed("a row of wicket_users is malformed")),
    }
}

/// The rows of one statement.
async fn run(flow: &Flow<'_>, statement: Statement) -> Result<Vec<Json>, SignInError> {
    let rows = flow.obtain(&Query { statements: vec![statement] }).await.map_err(|failure| match failure {
        Failure::Absent => SignInError::failed(
            "the database has no tables: run `npx wrangler d1 migrations apply` with `migrations_dir` \
             \"node_modules/mcp-wicket/migrations\"",
        ),
        _ => SignInError::unavailable("the database is unavailable"),
    })?;
    Ok(rows.into_iter().next().unwrap_or_default())
}
