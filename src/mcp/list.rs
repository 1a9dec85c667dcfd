//! Lists of what the server has (MCP server/tools, server/resources, server/prompts §Listing; utilities/pagination).
//!
//! JavaScript has the items. It is told which of their members a revision does not have, so that it can cache the text
//! of whole lists. A cursor is the key of the last item of a page, so it stays valid when something else is registered
//! or removed. It grants nothing: the list is always the caller's own.

use core::ops::Range;

use super::Work;
use super::envelope::Params;
use super::frame::Frame;
use super::revision::Revision;
use crate::crypto;
use crate::flow::{Flow, List, Listed};
use crate::json::{Json, Value, quoted};
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

    /// Members of an item that `revision` does not have.
    fn unknown_in(self, revision: Revision) -> &'static [&'static str] {
        match (self, revision) {
            (_, Revision::V2026_07_28 | Revision::V2025_11_25) => &[],
            (_, Revision::V2025_06_18) => &["icons"],
            (Self::Tools, Revision::V2024_11_05) => &["icons", "title", "outputSchema", "_meta", "annotations"],
            _ => &["icons", "title", "outputSchema", "_meta"],
        }
    }

    /// Schemas that older revisions allow only if they describe an object.
    fn rooted_in(self, revision: Revision) -> &'static [&'static str] {
        if self == Self::Tools && !revision.is_modern() { &["outputSchema"] } else { &[] }
    }
}

/// Begins a list. Waits: none if JavaScript takes the shortcut, else one.
pub fn list<'a>(flow: &Flow<'_>, frame: Frame<'a>, kind: Kind, params: &Params<'a>) -> Result<Work<'a>, Fault> {
    let is_empty = |cursor: &Value<'_>| cursor.string().is_some_and(|cursor| cursor.is_empty());
    let after = match params.cursor.filter(|cursor| !is_empty(cursor)) {
        None => None,
        Some(cursor) => Some(cursor.string().and_then(|cursor| open(kind, &cursor)).ok_or_else(lost)?),
    };
    let list = List {
        of: kind.name(),
        omit: kind.unknown_in(frame.revision),
        rooted: kind.rooted_in(frame.revision),
        after: after.as_deref(),
        request: frame.id,
    };
    let listed = flow.obtain_by(&list, frame.is_alone().then(|| frame.around_list(kind.member())));
    Ok(Box::pin(async move {
        let failed = || Fault::new(500, Code::InternalError, ["The ", kind.name(), " could not be listed."].concat());
        let (items, next) = match listed.await.map_err(|_| failed())? {
            Listed::All(items) => (items.0, None),
            Listed::Some { keys, items, size } => {
                let (page, next) = page(&keys, after.as_deref(), size).ok_or_else(lost)?;
                let items: Vec<_> = items.get(page).into_iter().flatten().flatten().collect();
                (Json::of(&items), next.map(|key| cursor(kind, key)))
            }
            // Many clients request a list although the server has not announced it.
            Listed::Absent => (Json::from_text("[]".into()), None),
        };
        let next = next.map(|cursor| [r#","nextCursor":"#, &quoted(&cursor)].concat()).unwrap_or_default();
        Ok(frame.around_list(kind.member()).filled(&[&*items, &next].concat()))
    }))
}

/// The page that begins after the item with the key `after`, of at most `size` items, and the key of its last item if
/// there are more. `None` if there is no such item.
#[must_use]
pub fn page<'a>(
    keys: &'a [String],
    after: Option<&str>,
    size: Option<usize>,
) -> Option<(Range<usize>, Option<&'a str>)> {
    let start = match after {
        None => 0,
        Some(after) => keys.iter().position(|key| key == after)? + 1,
    };
    let end = size.map_or(keys.len(), |size| start.saturating_add(size).min(keys.len()));
    let last = end.checked_sub(1).and_then(|last| keys.get(last));
    Some((start..end, last.filter(|_| end < keys.len()).map(String::as_str)))
}

fn lost() -> Fault {
    let message =
        "`params.cursor` does not belong to this list, or the list has changed. Start again without a cursor.";
    Fault::new(200, Code::InvalidParams, message)
}

/// The cursor after the item with this key.
fn cursor(kind: Kind, key: &str) -> String {
    crypto::encode([kind.name(), " ", key].concat().as_bytes())
}

/// The key in a cursor.
fn open(kind: Kind, cursor: &str) -> Option<String> {
    let cursor = String::from_utf8(crypto::decode(cursor)?).ok()?;
    cursor.strip_prefix(kind.name())?.strip_prefix(' ').map(Into::into)
}
