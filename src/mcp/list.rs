//! Lists of what the server has (MCP server/tools, server/resources, server/prompts §Listing; utilities/pagination).
//!
//! The shim has the items; what a revision does not know of them is told to it, so that it can keep the texts of whole
//! lists. A cursor is the key of the last item of a page, so that it stays right when something else is registered or
//! removed. It opens nothing: the list is always the caller's own.

use super::Work;
use super::frame::Frame;
use super::revision::Revision;
use crate::crypto;
use crate::flow::{Flow, List, Listed};
use crate::json::{Object, Value, quoted};
use crate::jsonrpc::{Code, Fault};

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `tools/list`.
    Tools,
    /// `resources/list`.
    Resources,
    /// `resources/templates/list`.
    Templates,
    /// `prompts/list`.
    Prompts,
}

impl Kind {
    /// The kind that `method` lists.
    #[must_use]
    pub fn of(method: &str) -> Option<Self> {
        [Self::Tools, Self::Resources, Self::Templates, Self::Prompts].into_iter().find(|kind| kind.method() == method)
    }

    fn method(self) -> &'static str {
        match self {
            Self::Tools => "tools/list",
            Self::Resources => "resources/list",
            Self::Templates => "resources/templates/list",
            Self::Prompts => "prompts/list",
        }
    }

    /// The name of the list in the registry, which also marks its cursors.
    fn name(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Resources => "resources",
            Self::Templates => "templates",
            Self::Prompts => "prompts",
        }
    }

    /// The member of the result.
    fn member(self) -> &'static str {
        if self == Self::Templates { "resourceTemplates" } else { self.name() }
    }

    /// Members of an item that `revision` does not know.
    fn unknown_in(self, revision: Revision) -> &'static [&'static str] {
        match (self, revision) {
            (_, Revision::V2026_07_28 | Revision::V2025_11_25) => &[],
            (_, Revision::V2025_06_18) => &["icons"],
            (Self::Tools, Revision::V2024_11_05) => &["icons", "title", "outputSchema", "_meta", "annotations"],
            _ => &["icons", "title", "outputSchema", "_meta"],
        }
    }

    /// Members that are schemas, which older revisions know only where they describe an object.
    fn rooted_in(self, revision: Revision) -> &'static [&'static str] {
        if self == Self::Tools && !revision.is_modern() { &["outputSchema"] } else { &[] }
    }
}

/// Begins a list. Waits: none where the shim splices, else one.
pub fn list<'a>(flow: &Flow<'_>, frame: Frame<'a>, kind: Kind, params: &Object<'a>) -> Result<Work<'a>, Fault> {
    let is_empty = |cursor: &Value<'_>| cursor.string().is_some_and(|cursor| cursor.is_empty());
    let after = match params.given("cursor").filter(|cursor| !is_empty(cursor)) {
        None => None,
        Some(cursor) => Some(cursor.string().and_then(|cursor| open(kind, &cursor)).ok_or_else(lost)?),
    };
    let listed = flow.obtain(&List {
        of: kind.name(),
        omit: kind.unknown_in(frame.revision),
        rooted: kind.rooted_in(frame.revision),
        after: after.as_deref(),
        request: frame.id,
        splice: frame.is_alone().then(|| frame.around_list(kind.member())),
    });
    Ok(Box::pin(async move {
        let failed = || Fault::new(500, Code::InternalError, ["The ", kind.name(), " could not be listed."].concat());
        match listed.await.map_err(|_| failed())? {
            Listed::Page(page, next) => {
                let around = frame.around_list(kind.member());
                let mut answer = around.head + &page;
                if let Some(key) = next {
                    answer.push_str(r#","nextCursor":"#);
                    answer.push_str(&quoted(&cursor(kind, &key)));
                }
                Ok(answer + around.tail)
            }
            // Many a client asks without having been told that there are any.
            Listed::Absent => {
                let around = frame.around_list(kind.member());
                Ok(around.head + "[]" + around.tail)
            }
            Listed::Lost => Err(lost()),
        }
    }))
}

fn lost() -> Fault {
    let message = "`params.cursor` is none of this list's, or the list has changed. Begin again without a cursor.";
    Fault::new(200, Code::InvalidParams, message)
}

/// The cursor behind the item with this key.
fn cursor(kind: Kind, key: &str) -> String {
    crypto::encode([kind.name(), " ", key].concat().as_bytes())
}

/// The key that a cursor names.
fn open(kind: Kind, cursor: &str) -> Option<String> {
    let cursor = String::from_utf8(crypto::decode(cursor)?).ok()?;
    cursor.strip_prefix(kind.name())?.strip_prefix(' ').map(Into::into)
}
