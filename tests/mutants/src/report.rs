//! What the run has shown: a table of the folders, and who is left.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;

use crate::list::Mutant;
use crate::run::Outcome;

#[derive(Default)]
struct Row {
    caught: usize,
    timeout: usize,
    missed: usize,
    /// It builds, but not where it is woven; `cargo mutants --re NAME` runs it.
    left_out: usize,
    /// It does not build.
    unviable: usize,
}

impl Row {
    fn write(&self, out: &mut String, folder: &str) {
        let Self { caught, timeout, missed, left_out, unviable } = self;
        let good = caught + timeout;
        #[expect(clippy::cast_precision_loss, reason = "there are a few thousand")]
        let percent = good as f64 * 100.0 / (good + missed + left_out).max(1) as f64;
        let _ = writeln!(
            out,
            "{folder:<12} {caught:>6} {timeout:>8} {missed:>7} {left_out:>9} {unviable:>9} {percent:>7.1} %"
        );
    }
}

pub fn report(mutants: &[Mutant], outcomes: &HashMap<usize, Outcome>, viable: &BTreeSet<usize>) -> String {
    let mut folders: BTreeMap<&str, Row> = BTreeMap::new();
    let mut all = Row::default();
    let mut left = [String::new(), String::new(), String::new()];
    for (number, mutant) in mutants.iter().enumerate() {
        let row = folders.entry(mutant.folder()).or_default();
        let outcome = outcomes.get(&number);
        for row in [row, &mut all] {
            *match outcome {
                Some(Outcome::Caught) => &mut row.caught,
                Some(Outcome::Timeout) => &mut row.timeout,
                Some(Outcome::Missed | Outcome::Unreached) => &mut row.missed,
                None if viable.contains(&number) => &mut row.left_out,
                None => &mut row.unviable,
            } += 1;
        }
        let list = match outcome {
            Some(Outcome::Unreached) => 0,
            Some(Outcome::Missed) => 1,
            None if viable.contains(&number) => 2,
            _ => continue,
        };
        let _ = writeln!(left[list], "  {}", mutant.name);
    }
    let mut out = String::new();
    let [unreached, missed, left_out] = left;
    let _ = write!(out, "Not woven:\n{left_out}\nMissed, and no test comes by:\n{unreached}\nMissed:\n{missed}\n");
    let _ = writeln!(
        out,
        "{:<12} {:>6} {:>8} {:>7} {:>9} {:>9} {:>9}",
        "", "caught", "timeout", "missed", "not woven", "unviable", "caught"
    );
    for (folder, row) in &folders {
        row.write(&mut out, folder);
    }
    all.write(&mut out, "all");
    out
}
