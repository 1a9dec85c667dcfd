//! The woven suite: which tests reach which mutant, and whether one of them fails with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    Caught,
    /// It ran on and on, which a test would notice too.
    Timeout,
    /// Every test that reaches it passes.
    Missed,
    /// No test reaches it.
    Unreached,
}

/// How much work is begun at once; each is a process of its own.
const AT_ONCE: usize = 2;

/// Tests that run in one process take no longer than this together, unless one alone does.
const TOGETHER: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(3)];

/// A runaway must not take the machine along.
const KILOBYTES: u32 = 4_000_000;

pub struct Suite {
    program: PathBuf,
    /// Where it runs: the root of the copy.
    folder: PathBuf,
    /// How long each test takes, and what it reaches.
    tests: BTreeMap<String, (Duration, BTreeSet<usize>)>,
}

impl Suite {
    /// Runs each test by itself, and writes down what it reaches.
    pub fn new(program: &Path, folder: &Path) -> Self {
        let mut suite = Self { program: program.to_owned(), folder: folder.to_owned(), tests: BTreeMap::new() };
        let names = suite.names();
        let found = each(&names, |name| (name.clone(), suite.reach(name)));
        for (name, reach) in found {
            match reach {
                Some(reach) => drop(suite.tests.insert(name, reach)),
                None => eprintln!("  {name} fails in the woven copy as it is, and is left out"),
            }
        }
        let all = suite.tests.keys().map(String::as_str).collect::<Vec<_>>();
        let together = suite.run(&all, &[], Duration::from_secs(1800));
        assert_eq!(together, Some(true), "the tests pass one by one and not together: nothing could be told from them");
        suite
    }

    fn names(&self) -> Vec<String> {
        let output = Command::new(&self.program).args(["--list", "--format=terse"]).current_dir(&self.folder).output();
        let output = output.expect("the suite starts");
        let text = String::from_utf8_lossy(&output.stdout);
        text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
    }

    fn reach(&self, name: &str) -> Option<(Duration, BTreeSet<usize>)> {
        let file = std::env::temp_dir().join(format!("mutants-reached-{}-{name}", std::process::id()));
        let started = Instant::now();
        let ended = self.run(&[name], &[("MUTANTS_REACHED", &file.to_string_lossy())], Duration::from_secs(600));
        let took = started.elapsed();
        let reached = fs::read_to_string(&file).unwrap_or_default();
        let _ = fs::remove_file(&file);
        (ended == Some(true)).then(|| (took, reached.lines().filter_map(|line| line.parse().ok()).collect()))
    }

    /// Whether these tests pass; nothing where they take longer than `limit`.
    fn run(&self, names: &[&str], env: &[(&str, &str)], limit: Duration) -> Option<bool> {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit -v {KILOBYTES}; exec \"$0\" \"$@\"")]).arg(&self.program);
        command.args(["--exact", "--test-threads=1", "-q", "-Zunstable-options", "--fail-fast"]).args(names);
        command.env("RUSTC_BOOTSTRAP", "1").envs(env.iter().copied()).current_dir(&self.folder);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the suite starts");
        let started = Instant::now();
        loop {
            if let Some(status) = child.try_wait().expect("it is our child") {
                return Some(status.success());
            }
            if started.elapsed() > limit {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Runs all of `mutants`, and says which are missed as it goes.
    pub fn judge<'n>(&self, mutants: &[usize], name: impl Fn(usize) -> &'n str + Sync) -> Vec<(usize, Outcome)> {
        let started = Instant::now();
        let done = Mutex::new(0);
        each(mutants, |&number| {
            let outcome = self.judge_one(number);
            if matches!(outcome, Outcome::Missed | Outcome::Unreached) {
                eprintln!("  {outcome:?}: {}", name(number));
            }
            let mut done = done.lock().expect("nobody panics with it");
            *done += 1;
            if *done % 100 == 0 {
                eprintln!("  {done} of {} after {} s", mutants.len(), started.elapsed().as_secs());
            }
            (number, outcome)
        })
    }

    /// The quick tests first.
    fn judge_one(&self, number: usize) -> Outcome {
        let reaching = self.tests.iter().filter(|(_, (_, reached))| reached.contains(&number));
        let mut reaching = reaching.map(|(name, (took, _))| (*took, name.as_str())).collect::<Vec<_>>();
        if reaching.is_empty() {
            return Outcome::Unreached;
        }
        reaching.sort();
        let number = number.to_string();
        let mut rest = reaching.as_slice();
        for round in 0.. {
            let together = TOGETHER.get(round).unwrap_or(&TOGETHER[TOGETHER.len() - 1]);
            let mut sum = Duration::ZERO;
            let fit = rest.iter().take_while(|(took, _)| {
                sum += *took;
                sum <= *together
            });
            let (now, later) = rest.split_at(fit.count().max(1));
            let names = now.iter().map(|(_, name)| *name).collect::<Vec<_>>();
            let usual = now.iter().map(|(took, _)| *took).sum::<Duration>();
            match self.run(&names, &[("MUTANT", &number)], Duration::from_secs(10) + usual * 5) {
                Some(true) if later.is_empty() => return Outcome::Missed,
                Some(true) => rest = later,
                Some(false) => return Outcome::Caught,
                None => return Outcome::Timeout,
            }
        }
        Outcome::Missed
    }
}

/// Does `work` for each item, `AT_ONCE` of them at a time.
fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    let result = work(item);
                    results.lock().expect("nobody panics with it").push(result);
                }
            });
        }
    });
    results.into_inner().expect("nobody panics with it")
}
