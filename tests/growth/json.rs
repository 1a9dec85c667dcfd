//! JSON and JSON-RPC.

use mcp_wicket::jose::compact;
use mcp_wicket::json::{Object, Value, quoted};

use super::{Row, Work, done};

fn read(text: String) -> Work {
    Box::new(move || assert!(Value::read(&text).is_ok()))
}

/// `text` is taken apart; whether it may be does not matter.
fn object(text: String) -> Work {
    Box::new(move || done(Object::read(&text)))
}

fn members(many: usize, name: impl Fn(usize) -> String) -> String {
    let members = (0..many).map(|number| format!("\"{}\":{number}", name(number)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// Levels of arrays, each with so many bytes of its own.
fn nested(size: usize, levels: usize) -> String {
    let level = format!("[\"{}\",", "x".repeat(size / levels));
    format!("{}1{}", level.repeat(levels), "]".repeat(levels))
}

/// Levels of objects that are each the first member of another.
fn objects(size: usize, levels: usize) -> String {
    format!("{}{}{}", r#"{"a":"#.repeat(levels), quoted(&"x".repeat(size)), r#","b":1}"#.repeat(levels))
}

pub(crate) const ROWS: &[Row] = &[
    Row { name: "JSON: one long string", most: 400_000, ready: |size| read(quoted(&"x".repeat(size))) },
    Row {
        name: "JSON: a string of escapes",
        most: 400_000,
        ready: |size| read(format!("\"{}\"", r"\u0041".repeat(size / 6))),
    },
    Row { name: "JSON: a string of quotes", most: 400_000, ready: |size| read(quoted(&"\"".repeat(size / 2))) },
    Row { name: "JSON: one long number", most: 400_000, ready: |size| read("1".repeat(size)) },
    Row { name: "JSON: white space", most: 400_000, ready: |size| read(" ".repeat(size) + "1") },
    Row { name: "JSON: many elements", most: 200_000, ready: |size| read(format!("[{}1]", "1,".repeat(size / 2))) },
    Row { name: "JSON: nested as deep as may be", most: 200_000, ready: |size| read(nested(size, 127)) },
    Row {
        name: "JSON: an object of 256 members whose long names begin alike",
        most: 400_000,
        ready: |size| object(members(256, |number| "x".repeat(size / 256) + &format!("{number:03}"))),
    },
    Row {
        name: "JSON: an object of many members",
        most: 256,
        ready: |size| object(members(size, |number| number.to_string())),
    },
    Row {
        name: "JSON: an object of too many members",
        most: 40_000,
        ready: |size| object(members(size, |number| number.to_string())),
    },
    Row { name: "JSON: one name again and again", most: 40_000, ready: |size| object(members(size, |_| "a".into())) },
    Row {
        name: "JSON: an array taken apart",
        most: 200_000,
        ready: |size| {
            let text = format!("[{}1]", "1,".repeat(size / 2));
            Box::new(move || assert!(Value::read(&text).unwrap().array().is_ok()))
        },
    },
    Row {
        name: "JSON: a string of escapes, unescaped",
        most: 400_000,
        ready: |size| {
            let text = format!("\"{}\"", r"\ud83d\ude00".repeat(size / 12));
            Box::new(move || assert!(Value::read(&text).unwrap().string().is_some()))
        },
    },
    Row {
        name: "JSON: one spelling for all",
        most: 100_000,
        ready: |size| {
            let text = format!("[{}]", vec![members(100, |number| format!("{}", 999 - number)); size / 1000].join(","));
            Box::new(move || done(Value::read(&text).unwrap().canonical(&mut |text| text.len().to_string())))
        },
    },
    Row {
        name: "JSON of a token: nothing is there twice, at any depth",
        most: 64_000,
        ready: |size| {
            let text = objects(size, 127);
            Box::new(move || assert!(compact::read(&text).is_ok()))
        },
    },
    Row {
        name: "JSON of a token: deeper and deeper",
        most: 120,
        ready: |size| {
            let text = format!("{}1{}", r#"{"a":"#.repeat(size), "}".repeat(size));
            Box::new(move || assert!(compact::read(&text).is_ok()))
        },
    },
];
