//! The models of pages (`js/pages/model.ts`).

use serde::Serialize;

use crate::http::origin::origin_of;
use crate::oauth::AuthorizationServer;
use crate::oauth::client::Proof;
use crate::oauth::redirect::Kind;

/// An error that cannot be sent to a client.
#[derive(Default, Serialize)]
#[serde(tag = "kind", rename = "error", rename_all = "camelCase")]
pub(super) struct ErrorPage<'a> {
    pub(super) reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) server: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) server_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) why: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) switch_account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) back: Option<ReturnTarget<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retry: Option<&'a str>,
}

impl<'a> ErrorPage<'a> {
    /// An error page that names the server.
    pub(super) fn of<I>(server: &'a AuthorizationServer<'_, I>, reason: &'a str) -> Self {
        Self {
            reason,
            server: Some(host(&server.issuer)),
            server_name: server.config.name.as_deref(),
            ..Self::default()
        }
    }

    /// An error page about a client's document.
    pub(super) fn of_document(reason: &'a str, client_id: &'a str, why: &'a str) -> Self {
        Self { reason, detail: Some(host(origin_of(client_id))), why: Some(why), ..Self::default() }
    }
}

/// The way back to a client.
#[derive(Serialize)]
pub(super) struct ReturnTarget<'a> {
    pub(super) url: &'a str,
    pub(super) host: &'a str,
    #[serde(rename = "where")]
    pub(super) kind: Kind,
    pub(super) name: &'a str,
}

/// An unknown client.
#[derive(Serialize)]
#[serde(tag = "kind", rename = "recovery", rename_all = "camelCase")]
pub(super) struct RecoveryPage<'a> {
    pub(super) server: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) server_name: Option<&'a str>,
    pub(super) client_id: &'a str,
    pub(super) endpoint: String,
}

/// The page before the browser leaves for another site.
#[derive(Default, Serialize)]
#[serde(tag = "kind", rename = "leave")]
pub(super) struct LeavePage<'a> {
    pub(super) url: &'a str,
    pub(super) what: &'a str,
    pub(super) host: &'a str,
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) outcome: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) waits: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<&'a str>,
}

/// A client on a page.
#[derive(Serialize)]
pub(super) struct PageClient<'a> {
    pub(super) name: &'a str,
    pub(super) id: &'a str,
    pub(super) proof: Proof,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) domain: Option<&'a str>,
}

impl<'a> PageClient<'a> {
    pub(super) fn of(name: &'a str, id: &'a str, proof: Proof) -> Self {
        Self { name, id, proof, domain: (proof == Proof::Domain).then(|| host(origin_of(id))) }
    }
}

/// Where the response goes.
#[derive(Serialize)]
pub(super) struct PageRedirect<'a> {
    pub(super) host: &'a str,
    #[serde(rename = "where")]
    pub(super) kind: Kind,
}

/// A scope with its description, if there is one.
#[derive(Serialize)]
pub(super) struct PageScope<'a> {
    pub(super) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) fixed: bool,
}

impl<'a> PageScope<'a> {
    pub(super) fn of<I>(server: &'a AuthorizationServer<'_, I>, name: &'a str, fixed: bool) -> Self {
        Self { name, text: Some(server.config.text(name)).filter(|text| *text != name), fixed }
    }
}

/// An account, by its label.
#[derive(Serialize)]
pub(super) struct PageAccount<'a> {
    pub(super) label: &'a str,
}

/// The upstream, and what is requested there.
#[derive(Serialize)]
pub(super) struct PageUpstream<'a> {
    pub(super) label: &'a str,
    pub(super) host: &'a str,
    pub(super) scopes: Vec<PageScope<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename = "consent", rename_all = "camelCase")]
pub(super) struct ConsentPage<'a> {
    pub(super) server: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) server_name: Option<&'a str>,
    pub(super) action: &'a str,
    pub(super) hidden: [(&'a str, &'a str); 1],
    pub(super) client: PageClient<'a>,
    pub(super) redirect: PageRedirect<'a>,
    pub(super) scopes: Vec<PageScope<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) remembered: bool,
    pub(super) manage: &'a str,
    pub(super) days: u64,
    pub(super) idle_days: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<PageAccount<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) switch_account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) former_account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) upstream: Option<PageUpstream<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename = "apps", rename_all = "camelCase")]
pub(super) struct AppsPage<'a> {
    pub(super) server: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) server_name: Option<&'a str>,
    pub(super) action: &'a str,
    pub(super) hidden: [(&'a str, &'a str); 1],
    pub(super) account: PageAccount<'a>,
    pub(super) apps: Vec<ConnectedApp<'a>>,
    pub(super) sign_out: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) done: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConnectedApp<'a> {
    pub(super) id: &'a str,
    pub(super) client: PageClient<'a>,
    pub(super) redirect: PageRedirect<'a>,
    pub(super) scopes: Vec<PageScope<'a>>,
    pub(super) created: u64,
    pub(super) last_used: u64,
}

/// A step of a sign-in: `choose`, with the choices, or `sign-in`, with an address and a password.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StepPage<'a> {
    pub(super) kind: &'static str,
    pub(super) server: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) server_name: Option<&'a str>,
    pub(super) action: &'a str,
    pub(super) hidden: [(&'a str, &'a str); 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client: Option<PageClient<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) choices: Option<Vec<PageChoice<'a>>>,
    /// The address that was entered before.
    #[cfg(feature = "provider")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<&'a str>,
    /// `wrong`, or `wait`.
    #[cfg(feature = "provider")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) problem: Option<&'static str>,
    /// Seconds to wait.
    #[cfg(feature = "provider")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seconds: Option<u64>,
}

#[derive(Serialize)]
pub(super) struct PageChoice<'a> {
    pub(super) value: &'a str,
    pub(super) label: &'a str,
}

/// The host of an origin, with its port.
pub(super) fn host(origin: &str) -> &str {
    origin.split_once("://").map_or(origin, |(_, host)| host)
}
