//! Who asks the upstream when a refresh token is used, decided inside the object of the subject: of all that show one token
//! in one moment, one.
//!
//! **Threat.** A client that sends one refresh many times at once (tabs, retries, several machines) makes us ask the upstream and
//! run the operator's functions as often, until the upstream refuses us or the functions get in each other's way.
//! **Guarantee.** Whoever asks has a lease, which is given before anybody is asked. The others wait for what comes of it
//! and get the same: the same answer byte for byte, or the same error. A lease whose holder is gone ends by itself.
//! And a client that goes on refreshing gets what the upstream said last: beyond [`OFTEN`] questions within a minute nobody
//! asks on its account.
//! **Not guaranteed.** That one asks alone where that takes longer than the lease: then the next asks as well, and the first
//! answer counts for both.

use super::error::Code;
use super::grant::Grant;
use super::record::{Members, Reading as _};
use crate::crypto::encode;
use crate::flow::Flow;
use crate::json::Object;

/// Beside what the operator's functions may take, a lease has so much for the upstream, in milliseconds.
const UPSTREAM: u64 = 5_000;

/// So often within a minute the upstream is asked on one client's account about one person. After that what it said last
/// counts, which is no older than that minute.
pub(super) const OFTEN: u64 = 5;

/// Somebody asks, or has asked in vain. Part of a grant's record, and of its valid refresh token alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asking {
    lease: String,
    /// Milliseconds since 1970.
    until: u64,
    /// What came of it where that was no new token, and when.
    failed: Option<(Code, u64)>,
}

impl Asking {
    pub(super) fn write(&self, members: Members) -> Members {
        let members = members.text("asking", &self.lease).number("askingUntil", self.until);
        match self.failed {
            Some((code, at)) => members.text("failed", code.name()).number("failedAt", at),
            None => members,
        }
    }

    pub(super) fn read(record: &Object<'_>) -> Option<Self> {
        let failed = || Some((Code::parse(&record.text("failed")?)?, record.number("failedAt")?));
        Some(Self { lease: record.text("asking")?, until: record.number("askingUntil")?, failed: failed() })
    }

    /// Adds the lease to what its holder gets.
    pub(super) fn hand(&self, members: Members) -> Members {
        members.text("asking", &self.lease)
    }

    /// The error that somebody got for it after `since`, if that was the end of it.
    pub(super) fn failed_after(&self, since: u64) -> Option<Code> {
        self.failed.filter(|(_, at)| *at > since).map(|(code, _)| code)
    }

    /// Whoever has asked gets no token for what the upstream said: those who wait learn so.
    pub(super) fn end(&mut self, code: Code, now: u64) {
        self.failed = Some((code, now));
    }

    /// The holder of `lease` has asked in vain: those who wait learn so. False for any other lease.
    pub(super) fn fail(&mut self, lease: &str, code: Code, now: u64) -> bool {
        let is_holder = self.lease == lease;
        if is_holder {
            self.failed = Some((code, now));
        }
        is_holder
    }
}

/// What becomes of one that shows the valid refresh token.
#[derive(Debug)]
pub(super) enum Turn {
    /// It asks.
    Asks(Asking),
    /// Another does, for so many milliseconds at most.
    Waits(u64),
    /// Another has, since this one came, and this was the end of it.
    Failed(Code),
}

/// Whose turn it is. `input` says since when the request is there (`since`) and how long the operator's functions may take
/// (`patience`), in milliseconds.
pub(super) fn turn(flow: &Flow<'_>, grant: &Grant, input: &Object<'_>) -> Turn {
    let now = flow.context().now();
    match &grant.asking {
        Some(Asking { failed: Some((code, at)), .. }) if input.number("since").is_some_and(|since| since < *at) => {
            Turn::Failed(*code)
        }
        Some(Asking { failed: None, until, .. }) if *until > now => Turn::Waits(until - now),
        _ => Turn::Asks(Asking {
            lease: encode(&flow.context().random::<16>("asking")),
            until: now + UPSTREAM + input.number("patience").unwrap_or(10_000),
            failed: None,
        }),
    }
}

/// Writes when a credential has to be renewed, so that the upstream says anew who the person is (milliseconds since 1970); or
/// that it can be asked with the access token.
pub(super) fn write_due(members: Members, due: Option<u64>) -> Members {
    match due {
        Some(due) => members.number("due", due),
        None => members.flag("askable", true),
    }
}

/// What [`write_due`] wrote. What former versions wrote says nothing of it, and is due.
pub(super) fn read_due(members: &Object<'_>) -> Option<u64> {
    if members.flag("askable") { None } else { Some(members.number("due").unwrap_or(0)) }
}
