//! The texts around a result: what JSON-RPC and the revision put there.

use super::Request;
use super::revision::Revision;
use super::session::Place;
use crate::flow::{Plain, Splice, Stencil};
use crate::json::{Value, object};
use crate::jsonrpc::{BEFORE_ID, Fault};

/// How long (in milliseconds) and for whom a client may keep a list or a description. Lists may differ by caller, so they
/// are nobody else's (2026-07-28 utilities/caching).
pub const CACHING: &str = r#""ttlMs":60000,"cacheScope":"private""#;

/// The same for what a resource holds, which the server itself has to say more about: nobody keeps it.
pub const CACHING_OF_READS: &str = r#""ttlMs":0,"cacheScope":"private""#;

/// The request that an answer belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Its id, as it was written.
    pub id: Value<'a>,
    /// Its revision.
    pub revision: Revision,
    /// The session that it belongs to, which has been found to be its sender's; 2026-07-28 has none.
    pub session: Option<&'a str>,
    /// Where that session can be reached.
    pub place: Option<Place>,
    /// The body that it came in by itself; none in a batch.
    pub body: Option<&'a str>,
    /// The token under which the client wants to hear of progress.
    pub progress_token: Option<Value<'a>>,
    /// The server's `Implementation`.
    pub server: Value<'a>,
    /// The HTTP request that it came with.
    pub request: &'a Request<'a>,
}

impl Frame<'_> {
    /// True where the answer is the whole body of the response: not in a batch, and not as an event.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.body.is_some() && !self.request.takes_events_only()
    }

    /// The HTTP status of an answer that reports `fault`: only 2026-07-28 tells faults of a message by status, and every
    /// revision a lack of scopes.
    #[must_use]
    pub fn status(&self, fault: &Fault) -> u16 {
        if self.revision.is_modern() || fault.status == 403 { fault.status } else { 200 }
    }

    /// The text of a complete result with these `members` (`{…}`).
    #[must_use]
    pub fn result(&self, members: &str) -> String {
        self.result_of("complete", members)
    }

    fn result_of(&self, kind: &str, members: &str) -> String {
        let Splice { mut head, tail, open, .. } = self.around(kind);
        match members.strip_prefix('{') {
            Some("}") if open => {
                // Nothing follows the members that the revision adds.
                head.pop();
                head.push('}');
            }
            Some(inner) if open => head.push_str(inner),
            _ => head.push_str(members),
        }
        head + tail
    }

    /// The text of a result that asks the client for more (2026-07-28), with these `members`.
    #[must_use]
    pub fn input_required(&self, members: &str) -> String {
        self.result_of("input_required", members)
    }

    /// The text of the result of a subscription that is over (2026-07-28); `tag` is its metadata.
    #[must_use]
    pub fn ended_subscription(&self, tag: &str) -> String {
        let members = object(&[("resultType", r#""complete""#), ("_meta", tag)]);
        object(&[("jsonrpc", r#""2.0""#), ("id", self.id.text()), ("result", &members)])
    }

    /// What goes around a complete result that the shim has.
    #[must_use]
    pub fn around_result(&self) -> Splice {
        self.around("complete")
    }

    fn around(&self, kind: &str) -> Splice {
        let open = self.revision.is_modern();
        let mut head = String::with_capacity(128 + self.id.text().len() + self.server.text().len());
        for part in [BEFORE_ID, self.id.text(), r#","result":"#] {
            head.push_str(part);
        }
        if open {
            let info = r#"","_meta":{"io.modelcontextprotocol/serverInfo":"#;
            for part in [r#"{"resultType":""#, kind, info, self.server.text(), "},"] {
                head.push_str(part);
            }
        }
        Splice { head, tail: "}", open, plain: Plain::default() }
    }

    /// Where the request's id and `arguments` stand, if what is decided about it holds for other ones too.
    #[must_use]
    pub fn stencil(&self, arguments: Option<Value<'_>>) -> Option<Stencil> {
        let who = self.request.asked_who.get();
        Stencil::of(self.body?, BEFORE_ID.len(), self.id, arguments?, self.progress_token)
            .map(|stencil| stencil.personal(who))
    }

    /// What goes around a tool's or a prompt's result that the shim has.
    #[must_use]
    pub fn around_content(&self) -> Splice {
        Splice { plain: super::returned::plain_in(self.revision), ..self.around_result() }
    }

    /// What goes around what was read of a resource.
    #[must_use]
    pub fn around_read(&self) -> Splice {
        let mut splice = self.around_result();
        if splice.open {
            splice.head.push_str(CACHING_OF_READS);
            splice.head.push(',');
        }
        splice
    }

    /// What goes around the list `member` of a result, whose text the shim has.
    #[must_use]
    pub fn around_list(&self, member: &str) -> Splice {
        let Splice { mut head, .. } = self.around_result();
        if self.revision.is_modern() {
            head.push_str(CACHING);
            head.push(',');
        } else {
            head.push('{');
        }
        head.push('"');
        head.push_str(member);
        head.push_str("\":");
        Splice { head, tail: "}}", open: false, plain: Plain::default() }
    }
}
