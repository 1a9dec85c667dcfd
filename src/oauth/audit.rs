//! Audit events, besides the records of a subject's ledger ([`super::object::ledger`]).

use serde::Serialize;

use crate::flow::{Commit, Flow};
use crate::json::Json;

/// An event; members that do not apply are absent.
#[derive(Default, Serialize)]
pub(crate) struct AuditEvent<'a> {
    /// Its name: `client created`.
    pub(crate) event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) redirects: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) grant: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) upstream: Option<&'a str>,
    /// The typed subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<&'a str>,
    /// How the person recognises the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<&'a str>,
    /// The principal of the operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) operator: Option<&'a str>,
    /// What the operator has called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) call: Option<&'a str>,
    /// Milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<u64>,
    /// An error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'a str>,
    /// The request's ID in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request: Option<&'a str>,
}

impl AuditEvent<'_> {
    /// Writes the event.
    pub(crate) fn log(&self, flow: &Flow<'_>) {
        flow.commit(Commit::Audit { event: Json::of(self) });
    }
}
