//! Goes into the woven copy as `src/mutant.rs`: which mutant is this process?

use std::io::Write;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

static ACTIVE: LazyLock<usize> =
    LazyLock::new(|| std::env::var("MUTANT").ok().and_then(|number| number.parse().ok()).unwrap_or(usize::MAX));

/// The file that each mutant is written to when it is reached first, where one is asked for.
static REACHED: LazyLock<Option<std::fs::File>> = LazyLock::new(|| {
    let path = std::env::var_os("MUTANTS_REACHED")?;
    std::fs::OpenOptions::new().create(true).append(true).open(path).ok()
});

static KNOWN: [AtomicBool; 1 << 14] = [const { AtomicBool::new(false) }; 1 << 14];

pub fn is(number: usize) -> bool {
    if let Some(mut file) = REACHED.as_ref()
        && KNOWN.get(number).is_some_and(|known| !known.swap(true, Ordering::Relaxed))
    {
        let _ = file.write_all(format!("{number}\n").as_bytes());
    }
    *ACTIVE == number
}
