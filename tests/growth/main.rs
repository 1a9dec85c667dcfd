//! Each parser of what strangers send, with an input that grows: `parsers.test.ts` counts the work that this does as
//! WebAssembly, and that twice the input is about twice the work. A library of its own, so that nothing else is counted.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a row that cannot go on has failed")]
#![expect(clippy::needless_pass_by_value, reason = "what a row writes in place reads better without a `&` before it")]
#![allow(missing_docs, reason = "a table for one test")]

#[path = "../core/world.rs"]
#[allow(dead_code, reason = "the other half is for tests/core")]
mod world;

mod http;
mod json;
mod mcp;
mod oauth;
mod tokens;

use std::cell::RefCell;
use std::hint::black_box;

/// What is counted: made ready beforehand, then run once.
type Work = Box<dyn FnOnce()>;

/// What comes of a parser does not matter, but it has to come.
fn done<T>(of: T) {
    black_box(of);
}

/// A parser, and an input for it that is as large as asked for.
#[derive(Clone, Copy)]
struct Row {
    /// The parser and the shape of the input, as the test is called.
    name: &'static str,
    /// How large the largest input is: what the limits admit, or enough to tell.
    most: usize,
    /// Makes an input of this size ready.
    ready: fn(usize) -> Work,
}

/// All rows. Who writes a parser adds one for each shape that could be slow: many, all alike, nested, escaped.
fn rows() -> Vec<Row> {
    [json::ROWS, http::ROWS, mcp::ROWS, tokens::ROWS, oauth::ROWS].concat()
}

thread_local! {
    static READY: RefCell<Option<Work>> = const { RefCell::new(None) };
}

/// Each of these is called from JavaScript.
mod exports {
    #![expect(unsafe_code, reason = "an export has its own name")]

    use super::{READY, rows};

    /// How many rows there are.
    #[unsafe(no_mangle)]
    pub(crate) extern "C" fn growth_rows() -> usize {
        rows().len()
    }

    /// Where the name of a row is in memory …
    #[unsafe(no_mangle)]
    pub(crate) extern "C" fn growth_name(row: usize) -> *const u8 {
        rows()[row].name.as_ptr()
    }

    /// … and how long it is.
    #[unsafe(no_mangle)]
    pub(crate) extern "C" fn growth_name_length(row: usize) -> usize {
        rows()[row].name.len()
    }

    /// The size of a row's largest input.
    #[unsafe(no_mangle)]
    pub(crate) extern "C" fn growth_most(row: usize) -> usize {
        rows()[row].most
    }

    /// Makes a row's input of this size.
    #[unsafe(no_mangle)]
    pub(crate) extern "C" fn growth_ready(row: usize, size: usize) {
        let work = (rows()[row].ready)(size);
        READY.set(Some(work));
    }

    /// What is counted.
    #[unsafe(no_mangle)]
    pub(crate) extern "C" fn growth_run() {
        READY.take().unwrap()();
    }
}
