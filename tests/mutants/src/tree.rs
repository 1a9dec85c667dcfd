//! The woven copy of the package, and its build.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::list::Mutant;
use crate::weave::{Woven, plain, weave};

pub struct Tree<'m> {
    root: PathBuf,
    copy: PathBuf,
    mutants: &'m [Mutant],
    /// The files with mutants as they were at the start; who edits them meanwhile disturbs nothing.
    texts: BTreeMap<&'m str, String>,
}

impl<'m> Tree<'m> {
    pub fn new(root: &Path, mutants: &'m [Mutant]) -> Self {
        let read = |file: &str| fs::read_to_string(root.join(file)).expect("a source");
        let texts = mutants.iter().map(|mutant| (mutant.file.as_str(), read(&mutant.file))).collect();
        let tree = Self { root: root.to_owned(), copy: root.join("target/mutants/tree"), mutants, texts };
        tree.copy_all();
        tree
    }

    pub fn folder(&self) -> &Path {
        &self.copy
    }

    /// Everything that git knows or would add. What is as it was keeps its date, so that cargo does not build it again.
    fn copy_all(&self) {
        let mut git = Command::new("git");
        let listed = git.args(["ls-files", "-z", "-co", "--exclude-standard"]).current_dir(&self.root).output();
        let listed = listed.expect("git starts").stdout;
        let mutated = self.mutants.iter().map(|mutant| mutant.file.as_str()).collect::<BTreeSet<_>>();
        for file in String::from_utf8_lossy(&listed).split_terminator('\0').filter(|file| !mutated.contains(file)) {
            if file == "src/lib.rs" {
                let text = fs::read_to_string(self.root.join(file)).expect("a source");
                self.write(file, format!("{text}\n#[allow(missing_docs)]\npub mod mutant;\n").as_bytes());
            } else if let Ok(bytes) = fs::read(self.root.join(file)) {
                self.write(file, &bytes);
            }
        }
        self.write("src/mutant.rs", include_bytes!("probe.rs"));
    }

    fn write(&self, file: &str, bytes: &[u8]) {
        let path = self.copy.join(file);
        if fs::read(&path).is_ok_and(|known| known == bytes) {
            return;
        }
        fs::create_dir_all(path.parent().expect("it is in the copy")).expect("a folder");
        fs::write(path, bytes).expect("a file in the copy");
    }

    /// Weaves all that builds, and builds the core suite. Gives its program, and the mutants that are in it.
    pub fn build(&self) -> (PathBuf, BTreeSet<usize>) {
        let mut wanted = (0..self.mutants.len()).collect::<BTreeSet<_>>();
        loop {
            let files = self.weave_all(&wanted);
            let woven = files.values().flat_map(|woven| &woven.places).map(|place| place.number).collect();
            let output = self.cargo(&["check", "--lib"]);
            if output.status.success() {
                return (self.program(), woven);
            }
            let blamed = self.blamed(&output, &files);
            assert!(!blamed.is_empty(), "no mutant is to blame:\n{}", rendered(&output));
            eprintln!("  {} do not build where they are woven", blamed.len());
            wanted.retain(|number| !blamed.contains(number));
        }
    }

    /// Those of `numbers` that build as cargo-mutants writes them: one at a time in each function, many at once.
    pub fn viable(&self, numbers: &BTreeSet<usize>) -> BTreeSet<usize> {
        let mut left = numbers.clone();
        let mut viable = BTreeSet::new();
        while !left.is_empty() {
            let mut regions: Vec<(&str, Range<usize>)> = Vec::new();
            let mut batch = left.clone();
            batch.retain(|number| {
                let mutant = &self.mutants[*number];
                let region = mutant.region(self.text(&mutant.file));
                let free = !regions
                    .iter()
                    .any(|(file, other)| *file == mutant.file && region.start < other.end && other.start < region.end);
                if free {
                    regions.push((&mutant.file, region));
                }
                free
            });
            left.retain(|number| !batch.contains(number));
            viable.extend(self.building(batch));
        }
        viable
    }

    /// What is left of `batch` when all that the compiler refuses is gone.
    fn building(&self, mut batch: BTreeSet<usize>) -> BTreeSet<usize> {
        loop {
            let files =
                self.by_file(&batch).into_iter().map(|(file, of_file)| (file, plain(self.text(file), &of_file)));
            let files = files.collect::<BTreeMap<_, _>>();
            files.iter().for_each(|(file, plain)| self.write(file, plain.text.as_bytes()));
            let output = self.cargo(&["check", "--lib"]);
            if output.status.success() {
                return batch;
            }
            let mut blamed = self.blamed(&output, &files);
            if blamed.is_empty() {
                // What the compiler works out fails where it is used: whatever is mutated in that file goes.
                let errors = errors(&output);
                let files = errors.iter().filter_map(|(file, _)| files.get(file.as_str()));
                blamed.extend(files.flat_map(|file| &file.places).map(|place| place.number));
            }
            if blamed.is_empty() {
                eprintln!("  nobody is to blame:\n{}", rendered(&output));
                return blamed;
            }
            batch.retain(|number| !blamed.contains(number));
        }
    }

    fn text(&self, file: &str) -> &str {
        self.texts.get(file).map_or("", String::as_str)
    }

    fn blamed(&self, output: &Output, files: &BTreeMap<&str, Woven>) -> BTreeSet<usize> {
        let errors = errors(output);
        let blamed = errors.iter().flat_map(|(file, place)| files.get(file.as_str()).map(|file| file.blamed(place)));
        blamed.flatten().collect()
    }

    /// The mutants of each file that has any, `wanted` or not.
    fn by_file(&self, wanted: &BTreeSet<usize>) -> BTreeMap<&'m str, Vec<(usize, &'m Mutant)>> {
        let mut by_file: BTreeMap<&str, Vec<(usize, &Mutant)>> = BTreeMap::new();
        for (number, mutant) in self.mutants.iter().enumerate() {
            let of_file = by_file.entry(&mutant.file).or_default();
            if wanted.contains(&number) {
                of_file.push((number, mutant));
            }
        }
        by_file
    }

    fn weave_all(&self, wanted: &BTreeSet<usize>) -> BTreeMap<&'m str, Woven> {
        let weave_one = |(file, of_file): (&'m str, Vec<_>)| {
            let woven = weave(self.text(file), &of_file);
            self.write(file, woven.text.as_bytes());
            (file, woven)
        };
        self.by_file(wanted).into_iter().map(weave_one).collect()
    }

    fn program(&self) -> PathBuf {
        let output = self.cargo(&["test", "--no-run", "--test=core"]);
        assert!(output.status.success(), "the woven suite does not build:\n{}", rendered(&output));
        let messages = messages(&output);
        let mut programs = messages.iter().filter(|message| message["target"]["name"] == "core");
        programs
            .next_back()
            .and_then(|message| message["executable"].as_str().map(PathBuf::from))
            .expect("it has been built")
    }

    fn cargo(&self, args: &[&str]) -> Output {
        let mut command = Command::new("cargo");
        command.args(args).args(["--locked", "--all-features", "--message-format=json"]).current_dir(&self.copy);
        command.env("CARGO_TARGET_DIR", self.root.join("target/mutants/build")).env("RUSTFLAGS", "--cap-lints=allow");
        // What the package uses is run thousands of times; the package with its tests is much to optimize.
        for profile in ["dev", "test"] {
            command.arg("--config").arg(format!("profile.{profile}.debug=false"));
            command.arg("--config").arg(format!("profile.{profile}.package.\"*\".opt-level=2"));
        }
        command.output().expect("cargo starts")
    }
}

fn messages(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn rendered(output: &Output) -> String {
    let messages = messages(output);
    let errors = messages.iter().filter(|message| message["message"]["level"] == "error");
    errors.filter_map(|message| message["message"]["rendered"].as_str()).collect()
}

/// Where each error is: the file, and the bytes in it.
fn errors(output: &Output) -> Vec<(String, Range<usize>)> {
    let messages = messages(output);
    let errors = messages.iter().filter(|message| message["message"]["level"] == "error");
    errors.flat_map(|message| spans(&message["message"])).collect()
}

fn spans(message: &Value) -> Vec<(String, Range<usize>)> {
    let number = |value: &Value| value.as_u64().and_then(|number| usize::try_from(number).ok());
    let span = |span: &Value| {
        let place = number(&span["byte_start"])?..number(&span["byte_end"])?;
        Some((span["file_name"].as_str()?.to_owned(), place))
    };
    let spans = message["spans"].as_array().into_iter().flatten();
    spans.filter(|span| span["is_primary"] == true).filter_map(span).collect()
}
