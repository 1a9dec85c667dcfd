//! The shapes that apps see (`js/oauth/operator.ts`).

use serde::{Deserialize, Serialize};

use crate::http::form::{self, Params};
use crate::oauth::authorization_request::AuthorizationRequest;
use crate::oauth::client::Client;
use crate::oauth::object::connections::Connection;

/// Whether there was such a client.
#[derive(Serialize)]
pub(super) struct WasKnown {
    pub(super) known: bool,
}

/// How many grants have ended.
#[derive(Serialize)]
pub(super) struct RevokedGrants {
    pub(super) ended: u64,
}

/// Grants from before this time have ended, in milliseconds since 1970.
#[derive(Serialize)]
pub(super) struct RevokedBefore {
    pub(super) before: u64,
}

/// A validated authorization request, as the app's own pages pass it on.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct AuthRequest {
    pub(super) response_type: String,
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) scope: Vec<String>,
    pub(super) state: String,
    pub(super) code_challenge: String,
    pub(super) code_challenge_method: String,
    pub(super) resource: String,
}

impl AuthRequest {
    pub(super) fn of(pending: AuthorizationRequest) -> Self {
        Self {
            response_type: "code".into(),
            client_id: pending.client,
            redirect_uri: pending.redirect,
            scope: pending.scopes,
            state: pending.state.unwrap_or_default(),
            code_challenge: pending.challenge,
            code_challenge_method: "S256".into(),
            resource: pending.resource,
        }
    }

    /// Its parameters, as the client has sent them.
    pub(super) fn params(&self) -> Option<Params> {
        let scope = self.scope.join(" ");
        let pairs = [
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("scope", &scope),
            ("code_challenge", &self.code_challenge),
            ("code_challenge_method", &self.code_challenge_method),
            ("response_type", &self.response_type),
        ];
        let optional = [("state", &self.state), ("resource", &self.resource)];
        let given = optional.into_iter().filter(|(_, value)| !value.is_empty());
        let pairs = pairs.into_iter().chain(given).map(|(name, value)| (name, value.as_str())).collect::<Vec<_>>();
        Params::read(&form::write(&pairs)).ok()
    }
}

/// Where the browser goes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Completed {
    pub(super) redirect_to: String,
}

/// A client, as apps see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClientInfo<'a> {
    pub(super) client_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_secret: Option<&'a str>,
    pub(super) client_name: &'a str,
    pub(super) redirect_uris: &'a [String],
    pub(super) token_endpoint_auth_method: &'static str,
    pub(super) grant_types: [&'static str; 2],
    pub(super) response_types: [&'static str; 1],
    pub(super) registration_date: u64,
}

impl<'a> ClientInfo<'a> {
    pub(super) fn of(client: &'a Client) -> Self {
        Self {
            client_id: &client.id,
            client_secret: None,
            client_name: &client.name,
            redirect_uris: &client.redirects,
            token_endpoint_auth_method: client.auth.method(),
            grant_types: ["authorization_code", "refresh_token"],
            response_types: ["code"],
            registration_date: client.created,
        }
    }
}

/// A grant, as apps see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GrantSummary<'a> {
    pub(super) id: &'a str,
    pub(super) client_id: &'a str,
    pub(super) user_id: &'a str,
    pub(super) scope: &'a [String],
    pub(super) metadata: GrantMetadata<'a>,
    pub(super) resource: &'a str,
    pub(super) created_at: u64,
    pub(super) last_used_at: u64,
}

impl<'a> GrantSummary<'a> {
    pub(super) fn of(grant: &'a Connection, user_id: &'a str) -> Self {
        Self {
            id: &grant.id,
            client_id: &grant.client,
            user_id,
            scope: &grant.scopes,
            metadata: GrantMetadata { label: &grant.label, client_name: &grant.name },
            resource: &grant.resource,
            created_at: grant.created / 1000,
            last_used_at: grant.used / 1000,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GrantMetadata<'a> {
    pub(super) label: &'a str,
    pub(super) client_name: &'a str,
}
