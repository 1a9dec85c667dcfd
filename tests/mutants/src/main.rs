//! Runs the core suite against the mutants of cargo-mutants, in one build: see `docs/mutants.md`.
#![allow(clippy::disallowed_methods, reason = "this is no part of what has no clock")]

mod list;
mod report;
mod run;
mod tree;
mod weave;

use std::collections::BTreeSet;
use std::path::Path;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the package is here");
    let known = root.join("target/mutants/report.txt");
    let words = std::env::args().skip(1).collect::<Vec<_>>();
    let mut mutants = list::mutants(&root);
    if words == ["--missed"] {
        let report = std::fs::read_to_string(&known).expect("there has been a run before");
        mutants.retain(|mutant| report.lines().any(|line| line.trim_start() == mutant.name));
    } else {
        mutants.retain(|mutant| words.is_empty() || words.iter().any(|word| mutant.name.contains(word.as_str())));
    }
    eprintln!("{} mutants: weaving and building …", mutants.len());
    let tree = tree::Tree::new(&root, &mutants);
    let (program, woven) = tree.build();
    eprintln!("Each test by itself …");
    let suite = run::Suite::new(&program, tree.folder());
    eprintln!("Each of {} mutants …", woven.len());
    let outcomes = suite.judge(&woven.iter().copied().collect::<Vec<_>>(), |number| mutants[number].name.as_str());
    let outcomes = outcomes.into_iter().collect();
    let write = |viable| {
        let report = report::report(&mutants, &outcomes, &viable);
        std::fs::write(&known, &report).expect("a file in target");
        report
    };
    write(BTreeSet::new());
    let rest = (0..mutants.len()).filter(|number| !woven.contains(number)).collect::<BTreeSet<_>>();
    eprintln!("{} that were not woven: which of them build by themselves? …", rest.len());
    let report = write(tree.viable(&rest));
    print!("{report}");
}
