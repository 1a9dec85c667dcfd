//! What `cargo mutants --list --json` says: the mutants, in its words and with its places.

use std::ops::Range;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

#[derive(Deserialize)]
pub struct Mutant {
    pub name: String,
    pub file: String,
    pub function: Option<Function>,
    pub span: Span,
    pub replacement: String,
    pub genre: Genre,
}

#[derive(Deserialize)]
pub struct Function {
    pub span: Span,
}

#[derive(Deserialize)]
pub struct Span {
    start: Place,
    end: Place,
}

/// Both count from 1; columns are characters.
#[derive(Deserialize)]
struct Place {
    line: usize,
    column: usize,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
pub enum Genre {
    FnValue,
    BinaryOperator,
    UnaryOperator,
    MatchArm,
    MatchArmGuard,
    StructField,
}

impl Place {
    fn offset(&self, text: &str) -> usize {
        let line = text.split_inclusive('\n').take(self.line - 1).map(str::len).sum::<usize>();
        let column = text[line..].char_indices().nth(self.column - 1).map_or(text.len() - line, |(offset, _)| offset);
        line + column
    }
}

impl Span {
    /// The bytes of `text`, which is the mutant's file.
    pub fn bytes(&self, text: &str) -> Range<usize> {
        self.start.offset(text)..self.end.offset(text)
    }
}

impl Mutant {
    /// What a compiler's error due to it is within: its function or, outside of one, itself.
    pub fn region(&self, text: &str) -> Range<usize> {
        self.function.as_ref().map_or(&self.span, |function| &function.span).bytes(text)
    }

    /// `src/oauth` of `src/oauth/client/mod.rs`.
    pub fn folder(&self) -> &str {
        let mut slashes = self.file.match_indices('/').map(|(offset, _)| offset);
        slashes.nth(1).map_or(&self.file, |offset| &self.file[..offset])
    }
}

/// All mutants of the package at `root`. `cargo-mutants` is given by the variable `CARGO_MUTANTS`, or is on the path.
pub fn mutants(root: &Path) -> Vec<Mutant> {
    let program = std::env::var_os("CARGO_MUTANTS").unwrap_or_else(|| "cargo-mutants".into());
    let mut command = Command::new(program);
    let output =
        command.args(["mutants", "--list", "--json"]).current_dir(root).output().expect("cargo-mutants starts");
    assert!(output.status.success(), "cargo mutants --list: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the list of cargo-mutants has the form of version 27")
}
