//! What the source must keep to: who may know whom, and what nobody may do.

use std::fs;
use std::path::{Path, PathBuf};

/// Which modules of the crate each module may name; `wasm` may name all.
const ARROWS: &[(&str, &[&str])] = &[
    ("unique", &[]),
    ("bounds", &[]),
    ("config", &["http"]),
    ("json", &["unique"]),
    ("jose", &["crypto", "flow", "json", "unique"]),
    ("http", &["json", "unique"]),
    ("crypto", &["flow", "json"]),
    ("flow", &["bounds", "json"]),
    ("jsonrpc", &["bounds", "http", "json"]),
    ("mcp", &["bounds", "crypto", "flow", "http", "json", "jsonrpc", "unique"]),
    ("rate_limit", &["crypto", "flow"]),
    ("callback_result", &["jose", "json"]),
    ("identity", &["callback_result", "crypto", "flow", "http", "jose", "json"]),
    ("oauth", &["bounds", "crypto", "flow", "http", "identity", "jose", "json", "rate_limit", "unique"]),
    (
        "guard",
        &[
            "callback_result",
            "crypto",
            "flow",
            "http",
            "identity",
            "jose",
            "json",
            "jsonrpc",
            "rate_limit",
            "oauth",
            "unique",
        ],
    ),
    ("probe", &["flow", "json"]),
];

/// A source file, below `src/`.
struct Source {
    path: String,
    lines: usize,
    /// Without comment lines: they may name what they like.
    code: String,
}

impl Source {
    /// The top module that it belongs to.
    fn module(&self) -> &str {
        self.path.split('/').next().unwrap().trim_end_matches(".rs")
    }

    /// The words of the code, each with what follows it.
    fn words(&self) -> impl Iterator<Item = (&str, &str)> {
        let is_word = |character: char| character.is_alphanumeric() || character == '_';
        let starts = self.code.char_indices().scan(' ', move |before, (at, character)| {
            let starts = is_word(character) && !is_word(*before);
            *before = character;
            Some(starts.then_some(at))
        });
        starts.flatten().map(move |at| {
            let rest = &self.code[at..];
            rest.split_at(rest.find(|character| !is_word(character)).unwrap_or(rest.len()))
        })
    }

    /// The modules of this crate that the code names: `crate::name` and `crate::{name, …}`.
    fn names(&self) -> Vec<&str> {
        let after = self.code.split("crate::").skip(1).collect::<Vec<_>>();
        assert!(after.iter().all(|rest| !rest.starts_with('{')), "{}: one `use` a module, please", self.path);
        after
            .iter()
            .map(|rest| rest.split(|character: char| !character.is_alphanumeric() && character != '_').next().unwrap())
            .collect()
    }
}

fn sources() -> Vec<Source> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, &mut found);
    let sources = found.iter().map(|path| {
        let text = fs::read_to_string(path).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        let path = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
        Source { path, lines: text.lines().count(), code }
    });
    sources.collect()
}

#[test]
fn the_walk_finds_the_source() {
    let sources = sources();
    for path in ["lib.rs", "json/mod.rs", "flow/mod.rs", "mcp/mod.rs", "guard/mod.rs", "identity/mod.rs", "wasm/mod.rs"]
    {
        assert!(sources.iter().any(|source| source.path == path), "{path}");
    }
    let mcp = sources.iter().find(|source| source.path == "mcp/mod.rs").unwrap();
    assert!(mcp.names().contains(&"flow") && mcp.names().contains(&"jsonrpc"));
    assert!(mcp.words().any(|(word, rest)| word == "Answer" && rest.starts_with("::")));
}

#[test]
fn only_the_binding_names_the_binding() {
    for source in sources().iter().filter(|source| source.module() != "wasm") {
        for (word, rest) in source.words() {
            let binding = matches!(word, "wasm_bindgen" | "serde_wasm_bindgen" | "js_sys" | "web_sys")
                || (word == "worker" && (rest.starts_with("::") || rest.starts_with(" as ") || rest.starts_with(';')));
            assert!(!binding, "{} names {word}", source.path);
        }
    }
}

#[test]
fn nothing_is_unsafe() {
    for source in sources() {
        for (word, _) in source.words() {
            let expected = source.path == "wasm/mod.rs" && source.code.contains("#![expect(unsafe_code, reason");
            assert!(word != "unsafe" && (word != "unsafe_code" || expected), "{} says {word}", source.path);
        }
    }
}

#[test]
fn arrows_point_one_way() {
    for source in sources() {
        if matches!(source.module(), "lib" | "wasm") {
            continue;
        }
        let arrows = ARROWS.iter().find(|(module, _)| *module == source.module());
        let (module, may) = arrows.unwrap_or_else(|| panic!("say here what {} may name", source.path));
        for name in source.names() {
            assert!(name == *module || may.contains(&name), "{} names crate::{name}", source.path);
        }
        let is_top = !source.path.contains('/') || source.path.ends_with("/mod.rs");
        let climb = if is_top { "super::" } else { "super::super::" };
        assert!(!source.code.contains(climb), "{} climbs out of its module: say crate:: instead", source.path);
    }
}

/// What is decided inside an object, and what a client is, depends on no endpoint and on no page.
#[test]
fn objects_know_neither_endpoints_nor_pages() {
    let inner = ["oauth/object/", "oauth/client/"];
    for source in sources().iter().filter(|source| inner.iter().any(|folder| source.path.starts_with(folder))) {
        for outer in ["oauth::endpoints", "oauth::browser", "oauth::operator"] {
            assert!(!source.code.contains(outer), "{} names {outer}", source.path);
        }
    }
}

#[test]
fn nobody_knows_the_binding() {
    for source in sources().iter().filter(|source| source.module() != "wasm") {
        assert!(!source.names().contains(&"wasm"), "{} names crate::wasm", source.path);
    }
}

#[test]
fn files_stay_short() {
    for source in sources() {
        assert!(source.lines <= 500, "{} has {} lines", source.path, source.lines);
    }
}

#[test]
fn no_flow_has_a_clock_or_dice() {
    for source in sources().iter().filter(|source| source.module() != "wasm") {
        for (word, rest) in source.words() {
            let banned = ["SystemTime", "Instant", "getrandom", "thread_rng", "RandomState"];
            let is_crate = word == "rand" && rest.starts_with("::");
            assert!(!banned.contains(&word) && !is_crate, "{} says {word}", source.path);
        }
    }
}

/// RUSTSEC-2023-0071: nothing in Rust has a private RSA key. What signs or checks with RSA is the runtime.
#[test]
fn no_rsa_with_a_private_key() {
    let lock = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).unwrap();
    for name in ["rsa", "ring", "openssl", "openssl-sys", "aws-lc-rs", "aws-lc-sys", "num-bigint-dig"] {
        assert!(!lock.contains(&format!("name = \"{name}\"\n")), "{name} does RSA");
    }
    assert!(lock.contains("name = \"chacha20poly1305\"\n"), "the file is read as it is written");
}

/// RUSTSEC-2022-0018: what somebody shows is never compared by `==`, which takes longer the more of it is right.
#[test]
fn secrets_are_compared_in_the_same_time() {
    const SECRETS: &[&str] = &["secret", "proof", "browser", "nonce", "verifier", "shown", "mac", "cookie"];
    /// Compares a setting with itself.
    const HARMLESS: &[&str] = &["secret.trim() != secret"];
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let mut seen = 0;
    for source in sources().iter().filter(|source| matches!(source.module(), "oauth" | "guard" | "identity" | "crypto"))
    {
        for line in source.code.lines().filter(|line| !HARMLESS.iter().any(|harmless| line.contains(harmless))) {
            for operator in [" == ", " != "] {
                for (at, _) in line.match_indices(operator) {
                    let (left, right) = (line[..at].trim_end_matches(|it| !is_word(it)), &line[at + 4..]);
                    let left = left.rsplit(|it| !is_word(it)).next().unwrap();
                    let right = right.trim_start_matches(|it| !is_word(it)).split(|it| !is_word(it)).next().unwrap();
                    seen += 1;
                    if right.starts_with(char::is_uppercase) {
                        continue; // a variant of an enum
                    }
                    assert!(!SECRETS.contains(&left) && !SECRETS.contains(&right), "{}: {line}", source.path);
                }
            }
        }
    }
    assert!(seen > 100, "{seen} comparisons were looked at");
}
