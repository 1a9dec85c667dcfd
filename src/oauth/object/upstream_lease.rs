//! The lease for asking the upstream at a refresh, inside the object of the subject: of several concurrent refreshes of one
//! token, one asks.
//!
//! **Threat.** A client that sends one refresh many times concurrently (tabs, retries, several machines) causes as many
//! requests to the upstream and calls of the operator's functions, until the upstream refuses them or the functions
//! interfere with each other.
//! **Guarantee.** A refresh needs a lease before it asks. The others wait for its result and get the same: the same response
//! byte for byte, or the same error. A lease whose holder has disappeared expires. For a client that refreshes in a loop,
//! the upstream's last answer is used: beyond [`OFTEN`] requests per minute, the upstream is not asked for it.
//! **Not guaranteed.** That only one asks if that takes longer than the lease: then the next asks as well, and the first
//! answer counts for both.

use serde::{Deserialize, Serialize};

use super::credential::Renewal;
use super::grant::Grant;
use crate::crypto::encode;
use crate::flow::Flow;
use crate::oauth::error::Code;

/// A lease lasts this long for the upstream, in addition to the time limit of the operator's functions, in
/// milliseconds.
const UPSTREAM: u64 = 5_000;

/// How many times a minute the upstream is asked about one person because of one client. After that its last answer
/// counts, which is no older than that minute.
pub(crate) const OFTEN: u64 = 5;

/// A request asks, or has asked without success. Part of a grant's record, and only about its valid refresh token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UpstreamLease {
    /// The lease of the request that asks.
    pub(crate) lease: String,
    /// Milliseconds since 1970.
    until: u64,
    /// The error, if there was no new token, and when.
    failed: Option<(Code, u64)>,
}

impl UpstreamLease {
    /// The error that another request got after `since`, if that was the result.
    pub(crate) fn failed_after(&self, since: u64) -> Option<Code> {
        self.failed.filter(|(_, at)| *at > since).map(|(code, _)| code)
    }

    /// The request that asked gets no token because of the upstream's answer: those that wait get this error.
    pub(crate) fn end(&mut self, code: Code, now: u64) {
        self.failed = Some((code, now));
    }

    /// The holder of `lease` has asked without success: those that wait get this error. False for any other lease.
    pub(crate) fn fail(&mut self, lease: &str, code: Code, now: u64) -> bool {
        let is_holder = self.lease == lease;
        if is_holder {
            self.failed = Some((code, now));
        }
        is_holder
    }
}

/// What a request with the valid refresh token does.
#[derive(Debug)]
pub(crate) enum LeaseOutcome {
    /// It asks.
    Asks(UpstreamLease),
    /// Another one asks, for at most this many milliseconds.
    Waits(u64),
    /// Another one has asked since this request arrived, and got this error.
    Failed(Code),
}

/// Whose turn it is.
pub(crate) fn turn(flow: &Flow<'_>, grant: &Grant, &Renewal { since, patience, .. }: &Renewal) -> LeaseOutcome {
    let now = flow.context().now();
    match &grant.asking {
        Some(UpstreamLease { failed: Some((code, at)), .. }) if since < *at => LeaseOutcome::Failed(*code),
        Some(UpstreamLease { failed: None, until, .. }) if *until > now => LeaseOutcome::Waits(until - now),
        _ => LeaseOutcome::Asks(UpstreamLease {
            lease: encode(&flow.context().random::<16>("asking")),
            until: now + UPSTREAM + patience,
            failed: None,
        }),
    }
}
