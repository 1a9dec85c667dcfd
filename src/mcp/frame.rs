//! The text around a result, as JSON-RPC and the revision require it.

use serde::Serialize;

use super::Request;
use super::revision::Revision;
use super::session::ObjectName;
use crate::flow::{Shortcut, Stencil};
use crate::json::{self, Value};
use crate::jsonrpc::{BEFORE_ID, Fault};

/// How long (in milliseconds) a client may cache a list or a description, and for whom. Lists may differ by caller, so
/// they are private (2026-07-28 utilities/caching).
pub const CACHING: &str = r#""ttlMs":60000,"cacheScope":"private""#;

/// The time in [`CACHING`].
pub(super) const KEPT_FOR: u32 = 60_000;

/// The same for the contents of a resource, about which the server must say more itself: not to be cached.
pub const CACHING_OF_READS: &str = r#""ttlMs":0,"cacheScope":"private""#;

/// The request to which a response belongs.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Its ID, as it was written.
    pub id: Value<'a>,
    /// Its revision.
    pub revision: Revision,
    /// Its session, which belongs to the caller; 2026-07-28 has none.
    pub session: Option<&'a str>,
    /// Where that session can be reached.
    pub place: Option<ObjectName>,
    /// Its body, if it is not part of a batch.
    pub body: Option<&'a str>,
    /// The token under which the client wants progress notifications.
    pub progress_token: Option<Value<'a>>,
    /// The server's `Implementation`.
    pub server: Value<'a>,
    /// Its HTTP request.
    pub request: &'a Request<'a>,
}

impl Frame<'_> {
    /// True if the response is the whole body: not part of a batch, and not an event.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.body.is_some() && !self.request.takes_events_only()
    }

    /// The HTTP status of a response that reports `fault`: only 2026-07-28 reports a message's faults by status, and
    /// every revision missing scopes.
    #[must_use]
    pub fn status(&self, fault: &Fault) -> u16 {
        if self.revision.is_modern() || fault.status == 403 { fault.status } else { 200 }
    }

    /// The text of a complete result with the members of `result`, an object.
    #[must_use]
    pub fn result(&self, result: &impl Serialize) -> String {
        self.result_of("complete", &json::write(result))
    }

    /// The text of a result as it is, without the revision's own members.
    #[must_use]
    pub fn bare_result(&self, result: &impl Serialize) -> String {
        [BEFORE_ID, self.id.text(), r#","result":"#, &json::write(result), "}"].concat()
    }

    /// The text of a complete, empty result.
    #[must_use]
    pub fn empty_result(&self) -> String {
        self.result_of("complete", "{}")
    }

    /// The text of an `input_required` result (2026-07-28) with the members of `result`.
    #[must_use]
    pub fn input_required(&self, result: &impl Serialize) -> String {
        self.result_of("input_required", &json::write(result))
    }

    fn result_of(&self, kind: &str, members: &str) -> String {
        Shortcut::around(self.head(kind), "}", self.revision.is_modern()).filled(members)
    }

    /// The text before a result; on 2026-07-28 it ends inside the result object.
    fn head(&self, kind: &str) -> String {
        let mut head = String::with_capacity(128 + self.id.text().len() + self.server.text().len());
        for part in [BEFORE_ID, self.id.text(), r#","result":"#] {
            head.push_str(part);
        }
        if self.revision.is_modern() {
            let info = r#"","_meta":{"io.modelcontextprotocol/serverInfo":"#;
            for part in [r#"{"resultType":""#, kind, info, self.server.text(), "},"] {
                head.push_str(part);
            }
        }
        head
    }

    /// Where the request's ID and `arguments` stand, if the decision also holds for others.
    #[must_use]
    pub fn stencil(&self, arguments: Option<Value<'_>>) -> Option<Stencil> {
        let who = self.request.asked_who.get();
        Stencil::of(self.body?, BEFORE_ID.len(), self.id, arguments?, self.progress_token)
            .map(|stencil| stencil.personal(who))
    }

    /// The text around a tool's or a prompt's result that JavaScript has.
    #[must_use]
    pub fn around_content(&self, stencil: Option<Stencil>) -> Shortcut {
        Shortcut::around(self.head("complete"), "}", self.revision.is_modern())
            .of_results(super::handler_result::plain_in(self.revision), stencil)
    }

    /// The text around a resource's contents.
    #[must_use]
    pub fn around_read(&self) -> Shortcut {
        let mut head = self.head("complete");
        if self.revision.is_modern() {
            head.push_str(CACHING_OF_READS);
            head.push(',');
        }
        Shortcut::around(head, "}", self.revision.is_modern())
    }

    /// The text around the list `member` of a result, whose text JavaScript has.
    #[must_use]
    pub fn around_list(&self, member: &str) -> Shortcut {
        let mut head = self.head("complete");
        if self.revision.is_modern() {
            head.push_str(CACHING);
            head.push(',');
        } else {
            head.push('{');
        }
        head.push('"');
        head.push_str(member);
        head.push_str("\":");
        Shortcut::around(head, "}}", false)
    }
}
