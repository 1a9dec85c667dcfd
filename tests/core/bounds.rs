//! What is held of what strangers make is bounded, and all bounds stand where they are listed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn text_of(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The files below `folder` with this extension, by their path from the root.
fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
    fn collect(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, extension, found);
            } else if path.extension().is_some_and(|it| it == extension) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    collect(&root().join(folder), extension, &mut found);
    let name = |path: &Path| path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
    found.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

/// `4 * MiB`, `20_000`, `64 * 1024`, `8192` as a number.
fn number(text: &str) -> u64 {
    let factor = |part: &str| match part.trim() {
        "KiB" => 1024,
        "MiB" => 1024 * 1024,
        digits => digits.replace('_', "").parse().unwrap(),
    };
    text.split('*').map(factor).product()
}

/// `8 MiB`, `20,000` as a number.
fn shown(text: &str) -> u64 {
    let (count, unit) = text.split_once(' ').unwrap_or((text, ""));
    let factor = match unit {
        "" => 1,
        "KiB" => 1024,
        "MiB" => 1024 * 1024,
        _ => panic!("{text}"),
    };
    count.replace(',', "").parse::<u64>().unwrap() * factor
}

/// The bounds of `js/boundary/caches.ts`: name, value, and per what.
fn of_javascript() -> BTreeMap<String, (u64, String)> {
    let text = text_of("js/boundary/caches.ts");
    let list = text.split_once("export const BOUNDS = {").unwrap().1.split_once("} as const").unwrap().0;
    let bounds = list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("/**"));
    bounds
        .map(|line| {
            let (name, rest) = line.split_once(": ").unwrap();
            let (per, value) = rest.split_once('(').unwrap().1.trim_end_matches("),").split_once(", ").unwrap();
            let value = if value == "MiB" || value == "KiB" { format!("1 * {value}") } else { value.to_owned() };
            (name.to_owned(), (number(&value), per.trim_matches('"').to_owned()))
        })
        .collect()
}

/// The bounds of `src/bounds.rs`.
fn of_rust() -> BTreeMap<String, u64> {
    let text = text_of("src/bounds.rs");
    let lines = text.lines().filter_map(|line| line.strip_prefix("pub const ")?.strip_suffix(';'));
    lines
        .map(|line| {
            let (name, value) = line.split_once(": usize = ").unwrap();
            (name.to_owned(), number(value))
        })
        .collect()
}

/// The rows of a table of `docs/limits.md`, below this heading.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let text = text_of("docs/limits.md");
    let part = text.split_once(heading).unwrap().1;
    let part = part.split_once("\n## ").map_or(part, |(part, _)| part);
    let rows = part.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect())
        .collect()
}

#[test]
fn every_bound_is_on_the_page_of_limits() {
    let held = rows("## Retained data").into_iter();
    let held = held.map(|row| (row[0].clone(), (shown(&row[1]), row[2].clone())));
    assert_eq!(held.collect::<BTreeMap<_, _>>(), of_javascript());
    let sent = rows("## Message sizes").into_iter().map(|row| (row[0].clone(), shown(&row[1])));
    assert_eq!(sent.collect::<BTreeMap<_, _>>(), of_rust());
}

#[test]
fn every_bound_is_used() {
    let javascript = files("js", "ts");
    let pools = text_of("js/boundary/caches.ts");
    for name in of_javascript().keys() {
        let (bound, pool) = (format!("BOUNDS.{name}."), format!("POOLS.{name}"));
        let mut others = javascript.iter().filter(|(path, _)| path != "js/boundary/caches.ts");
        let used = others.any(|(_, text)| text.contains(&bound) || text.contains(&pool));
        let used = used || [",", ")"].iter().any(|end| pools.contains(&format!("BOUNDS.{name}{end}")));
        assert!(used, "nothing is bounded by BOUNDS.{name}");
    }
    let rust = files("src", "rs");
    for name in of_rust().keys() {
        let used = format!("bounds::{name}");
        assert!(rust.iter().any(|(_, text)| text.contains(&used)), "nothing is bounded by bounds::{name}");
    }
}

/// Everything in `js/` that outlives a call and is no cache within a pool: where it is, and what bounds it.
const COLLECTIONS: &[(&str, &str, &str)] = &[
    ("js/auth/concurrency-limit.ts", "#known", "BOUNDS.lookups"),
    ("js/auth/concurrency-limit.ts", "#unknown", "BOUNDS.lookups"),
    ("js/auth/rust-verifier.ts", "logged", "texts of this package"),
    ("js/auth/rust-verifier.ts", "sharedBy", "BOUNDS.verifiers"),
    ("js/boundary/caches.ts", "#holders", "open streams"),
    ("js/boundary/caches.ts", "#newer", "the pool itself"),
    ("js/boundary/caches.ts", "#older", "the pool itself"),
    ("js/boundary/effects/list.ts", "cachedLists", "BOUNDS.lists, and BOUNDS.listsOfAKind"),
    ("js/boundary/effects/listen.ts", "#messages", "BOUNDS.subscriptions"),
    ("js/boundary/effects/tally.ts", "counts", "BOUNDS.counts"),
    ("js/boundary/effects/verify.ts", "#keys", "MAX_KEYS, keys of a configured issuer"),
    ("js/boundary/step.ts", "loggedMessages", "texts about the set-up"),
    ("js/common/overlap.ts", "running", "callbacks of requests under way"),
    ("js/common/refusals.ts", "equal", "BOUNDS.refusals"),
    ("js/common/shared.ts", "going", "BOUNDS.shared"),
    ("js/development/people.ts", "#codes", "MAX_CODES, on the developer's own machine"),
    ("js/development/sign-in.ts", "#said", "MAX_LINES, on the developer's own machine"),
    ("js/mcp/agent/agent.ts", "#worlds", "requests that an object answers at the moment"),
    ("js/mcp/agent/forwarding.ts", "#incomplete", "BOUNDS.buffered"),
    ("js/mcp/handler.ts", "cores", "BOUNDS.endpoints"),
    ("js/mcp/server/cancellation.ts", "#controllers", "calls of one request"),
    ("js/mcp/server/client-requests.ts", "#answers", "one call: what the app asks"),
    ("js/mcp/server/client-requests.ts", "#inputRequests", "one call: what the app asks"),
    ("js/mcp/server/hub-connection.ts", "#streams", "open streams, and BOUNDS.buffered"),
    ("js/mcp/server/hub-connection.ts", "connections", "servers of the app's own"),
    ("js/mcp/server/names.ts", "warned", "BOUNDS.warnedNames"),
    ("js/mcp/server/registered.ts", "tools", "the app's own"),
    ("js/mcp/server/running-calls.ts", "running", "BOUNDS.running"),
    ("js/mcp/server/schema/duplicates.ts", "#ids", "one call: parts of its arguments"),
    ("js/mcp/server/schema/writer.ts", "#names", "the app's schemas, MAX_SCHEMAS"),
    ("js/mcp/server/schema/writer.ts", "#written", "the app's schemas, MAX_SCHEMAS"),
    ("js/oauth/access-token-verifier.ts", "#cached", "BOUNDS.origins, and BOUNDS.tokens"),
    ("js/oauth/outbox.ts", "sinks", "MAX_SINKS"),
    ("js/oauth/provider.ts", "#endpoints", "the app's own"),
    ("js/oauth/provider.ts", "#guards", "the app's own"),
    ("js/oauth/provider.ts", "#routes", "the app's own"),
    ("js/oauth/relays.ts", "#entries", "a relay's copy of the list of grants that ended"),
    ("js/oauth/relays.ts", "#rules", "the same, of what the operator has revoked"),
    (
        "js/oauth/revocation-list.ts",
        "#ended",
        "grants that ended within the life of an access token: none may be forgotten",
    ),
    ("js/oauth/revocation-list.ts", "#rules", "what the operator has revoked within the same time"),
    ("js/oauth/roles.ts", "steps", "issuers of the app's own"),
    ("js/objects/find.ts", "answers", "bindings"),
    ("js/objects/keys.ts", "roots", "bindings"),
    ("js/objects/roles.ts", "roles", "roles of this package"),
];

#[test]
fn nothing_else_is_kept() {
    let mut found = Vec::new();
    for (path, text) in files("js", "ts") {
        if ["js/cli/", "js/testing/", "js/pages/"].iter().any(|folder| path.starts_with(folder)) {
            continue;
        }
        for line in text.lines() {
            // Fields of classes are two deep, locals of functions deeper or in `const` at two.
            let field = line.strip_prefix("  ").filter(|line| !line.starts_with([' ', 'c', 'l']));
            let declared = field.or_else(|| Some(line).filter(|line| !line.starts_with(' ')));
            let Some((before, after)) = declared.and_then(|line| line.split_once(" = new ")) else { continue };
            if !["Map", "Set"].iter().any(|kind| after.starts_with(kind)) || !after.ends_with("();") {
                continue;
            }
            if before.contains("ReadonlySet") || before.starts_with("this.") {
                continue;
            }
            let name = before.split(':').next().unwrap().split(' ').next_back().unwrap();
            found.push((path.clone(), name.to_owned()));
        }
    }
    found.sort();
    let listed = COLLECTIONS.iter().map(|(path, name, _)| ((*path).to_owned(), (*name).to_owned()));
    assert_eq!(found, listed.collect::<Vec<_>>(), "say what bounds it, or use a cache within a pool");
}
