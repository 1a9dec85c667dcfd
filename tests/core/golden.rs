//! What crosses to JavaScript, to the letter: one file each in `tests/vectors/golden/`, named after the type.
//! `js/boundary/twins.ts` has the types, generated. White space between the parts of a file does not count.

mod oauth;
mod read;
mod written;

use std::fs;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/golden")
}

/// The file `name`, as JSON without white space outside of strings.
pub(crate) fn golden(name: &str) -> String {
    let path = folder().join(name).with_extension("json");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str::<serde_json::Value>(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let (mut in_string, mut escaped) = (false, false);
    let keep = |character: &char| {
        let outside = !in_string && character.is_ascii_whitespace();
        in_string ^= *character == '"' && !escaped;
        escaped = *character == '\\' && !escaped;
        !outside
    };
    text.chars().filter(keep).collect()
}

#[test]
fn every_file_is_written_or_read_here() {
    let known = written::NAMES.iter().chain(read::NAMES).chain(oauth::NAMES).map(|name| format!("{name}.json"));
    let mut known = known.collect::<Vec<_>>();
    known.sort();
    let files = fs::read_dir(folder()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut files = files.collect::<Vec<_>>();
    files.sort();
    assert_eq!(files, known);
}

#[test]
fn white_space_counts_inside_of_strings_only() {
    assert!(golden("placed-answer").contains("Unknown session."));
    assert_eq!(golden("mcp-input-least"), r#"{"method":"POST","server":{}}"#);
}
