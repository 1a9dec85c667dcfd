//! The fuzz targets, driven by a seeded generator: a smoke run that needs no fuzzer and is the same each time.

use std::fs;
use std::path::Path;

use crate::random::Random;

#[path = "../../fuzz/targets.rs"]
mod targets;

/// What a mutation puts in: everything that means something to one of the targets, and some that does not.
const PIECES: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"\\",
    b"/",
    b"0",
    b"-",
    b"+",
    b".",
    b"e",
    b" ",
    b"\n",
    b"\t",
    b"\r",
    b"\0",
    b"\x7f",
    "é".as_bytes(),
    "世".as_bytes(),
    "😀".as_bytes(),
    b"\xf0\x9f\x98",
    b"\xff",
    b"null",
    b"true",
    b"{}",
    b"[]",
    b"\"\"",
    b"\\ud800",
    b"\\u0000",
    b"\"id\":",
    b"\"jsonrpc\":\"2.0\",",
    b"\"method\":\"ping\",",
    b"\"params\":{},",
    b"\"result\":{},",
    b"\"_meta\":{},",
    b"\"__proto__\":{},",
    b"=?base64?",
    b"?=",
    b"=",
    b"%2e%2e/",
    b"{a}",
    b"{+a}",
    b"{/a*}",
    b"{?a,b}",
    b"{#a}",
    b"{a:3}",
    b"a/",
    b"&a=",
    b"\"kty\":\"oct\",",
    b"\"crv\":\"P-256\",",
    b"\"alg\":\"none\",",
    b"\"d\":\"AA\",",
    b"wk_",
    b"_",
    b"2026-07-28",
    b"tools/call",
    b"initialize",
];

fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    let from = random.below(bytes.len() + 1);
    let to = (from + random.below(6)).min(bytes.len());
    match random.below(6) {
        0 => drop(bytes.drain(from..to)),
        1 => drop(bytes.splice(from..to, random.of(PIECES).iter().copied())),
        2 => {
            let piece = bytes[from..to].to_vec();
            drop(bytes.splice(from..from, piece));
        }
        3 if random.below(8) == 0 => bytes.truncate(from),
        4 if from < bytes.len() => bytes[from] ^= 1 << random.below(8),
        _ => drop(bytes.splice(from..from, random.of(PIECES).iter().copied())),
    }
}

/// Runs `target` over mutations of its corpus.
fn smoke(name: &str, target: fn(&[u8]), runs: usize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    files.sort();
    let seeds = files.into_iter().map(|file| fs::read(file).unwrap()).collect::<Vec<_>>();
    assert!(!seeds.is_empty());
    for seed in &seeds {
        target(seed);
    }
    let mut random = Random::new(0x6675_7a7a + runs as u64);
    for _ in 0..runs {
        let mut bytes = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(5) {
            mutate(&mut random, &mut bytes);
        }
        target(&bytes);
    }
}

const RUNS: usize = 50_000;

#[test]
fn the_json_reader() {
    smoke("json", targets::json, RUNS);
}

#[test]
fn the_json_rpc_decoder() {
    smoke("message", targets::message, RUNS);
}

#[test]
fn the_header_codec() {
    smoke("header", targets::header, RUNS);
}

#[test]
fn whole_requests() {
    smoke("request", targets::request, RUNS);
}

#[test]
fn uri_templates() {
    smoke("uri_template", targets::uri_template, RUNS);
}

#[test]
fn tokens() {
    smoke("token", targets::token, RUNS / 5);
}

#[test]
fn key_sets() {
    smoke("jwks", targets::jwks, RUNS / 5);
}

#[test]
fn api_keys() {
    smoke("api_key", targets::api_key, RUNS / 5);
}
