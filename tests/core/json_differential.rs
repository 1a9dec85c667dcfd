//! The JSON reader against `serde_json`, over pseudo-random texts that are the same in every run.
//!
//! Known differences: ours has a limit of depth where `serde_json` only looks for the end of a value, one of width where an
//! object is taken apart, and refuses a member that is there twice.

use mcp_wicket::json::{MAX_DEPTH, Malformed, Object, Value, quoted};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::random::Random;

const SEEDS: &[&str] = &[
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#,
    r#"{"a":[1,-2.5e+3,true,null],"b":{"c":"d"}}"#,
    r#" [ "\u00e9\n" , {} , [ ] , 0.10 ] "#,
    r#"{"id":"\ud83d\ude00","\u0061":false}"#,
    r#""a\\\"b\/\b\f\r\t""#,
    "[[[{\"x\":[[]]}],-0],1E-9]",
    "-12.75e10",
    r#"{"é":"世界","":"😀"}"#,
];

/// What a mutation puts in: everything that means something to JSON, and some that does not.
const PIECES: &[&str] = &[
    "{", "}", "[", "]", ",", ":", "\"", "\\", "/", "0", "1", "9", "-", "+", ".", "e", "E", "u", "t", "n", " ", "\n",
    "\t", "\r", "\0", "\u{1f}", "\u{7f}", "é", "世", "😀", "\u{feff}", "null", "true", "false", "\\u", "\\ud800",
    "\\udc00", "\"a\":", "\"\"", "[]", "{}", "1e5", "0.", "00", "_proto_",
];

fn mutate(random: &mut Random, text: &mut String) {
    let at = |random: &mut Random, text: &str| {
        let place = random.below(text.len() + 1);
        (0..=place).rev().find(|place| text.is_char_boundary(*place)).unwrap_or(0)
    };
    let (one, other) = (at(random, text), at(random, text));
    let (from, to) = (one.min(other), one.max(other).min(one.min(other) + 6));
    let to = (to..=text.len()).find(|place| text.is_char_boundary(*place)).unwrap_or(text.len());
    let piece = text[from..to].to_owned();
    match random.below(6) {
        0 => text.replace_range(from..to, ""),
        1 => text.replace_range(from..to, random.of(PIECES)),
        2 => text.insert_str(from, &piece),
        3 => text.truncate(from),
        _ => text.insert_str(from, random.of(PIECES)),
    }
}

fn depth(text: &str) -> usize {
    text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count()
}

/// The members of an object as `serde_json` finds them.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Pairs<'de>;
            fn expecting(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                formatter.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = members.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

fn compare_object(text: &str) {
    // A name that is no Unicode cannot be a `String` of theirs.
    let Ok(Pairs(theirs)) = serde_json::from_str::<Pairs<'_>>(text) else { return };
    let twice = |name: &str| theirs.iter().filter(|(other, _)| other == name).count() > 1;
    match Object::read(text) {
        Ok(Object(ours)) => {
            let ours = ours.iter().map(|(name, value)| (name.as_ref(), value.text())).collect::<Vec<_>>();
            let theirs = theirs.iter().map(|(name, value)| (name.as_str(), value.get())).collect::<Vec<_>>();
            assert_eq!(ours, theirs, "{text}");
            assert!(!theirs.iter().any(|(name, _)| twice(name)), "{text}");
        }
        Err(Malformed::Duplicate(name)) => assert!(twice(&name), "{text}"),
        Err(other) => panic!("{text}: {other:?}"),
    }
}

fn compare_array(value: Value<'_>) {
    let ours = value.array().unwrap().into_iter().map(Value::text).collect::<Vec<_>>();
    let theirs = serde_json::from_str::<Vec<&RawValue>>(value.text()).unwrap();
    assert_eq!(ours, theirs.into_iter().map(RawValue::get).collect::<Vec<_>>(), "{}", value.text());
}

/// Compares the two readers, and tells whether they took the text.
fn compare(text: &str) -> bool {
    let ours = Value::read(text);
    if ours == Err(Malformed::TooDeep) {
        assert!(depth(text) > MAX_DEPTH, "{text}");
        return false;
    }
    match (&ours, serde_json::from_str::<&RawValue>(text)) {
        (Ok(ours), Ok(theirs)) => assert_eq!(ours.text(), theirs.get(), "{text:?}"),
        (Err(Malformed::Syntax(at)), Err(_)) => assert!(*at <= text.len(), "{text:?}"),
        (ours, theirs) => panic!("{text:?}: {ours:?}, {theirs:?}"),
    }
    let Ok(value) = ours else { return false };
    match value.text().as_bytes()[0] {
        b'{' => compare_object(text),
        b'[' => compare_array(value),
        b'"' => assert_eq!(value.string().map(Into::into), serde_json::from_str::<String>(text).ok(), "{text}"),
        _ => {}
    }
    true
}

const CASES: usize = 200_000;

#[test]
fn both_take_the_same_mutated_documents() {
    let mut random = Random::new(0x6d63_7077_6963_6b65);
    let mut taken = 0;
    for _ in 0..CASES {
        let mut text = random.of(SEEDS).to_owned();
        for _ in 0..=random.below(3) {
            mutate(&mut random, &mut text);
        }
        taken += usize::from(compare(&text));
    }
    assert!((CASES / 20..CASES / 2).contains(&taken), "the cases are one-sided: {taken} of {CASES} are JSON");
}

#[test]
fn both_take_the_same_heaps_of_pieces() {
    let mut random = Random::new(0x0068_6561_7073);
    for _ in 0..50_000 {
        let text = (0..random.below(12)).map(|_| random.of(PIECES)).collect::<String>();
        compare(&text);
        compare(&format!("[{text}]"));
        let _: Result<_, _> = Object::read(&text);
    }
}

#[test]
fn both_read_the_same_strings() {
    const PARTS: &[&str] = &[
        "\\ud83d", "\\ude00", "\\uD800", "\\uDFFF", "\\udbff", "\\udc00", "\\ud7ff", "\\ue000", "\\u0041", "\\u0000",
        "\\u00e9", "\\uffff", "\\n", "\\\"", "\\\\", "\\/", "a", "é", "😀", "u", "d83d", "0", " ",
    ];
    let mut random = Random::new(0x0073_7472_696e_6773);
    let mut unicode = 0;
    for _ in 0..50_000 {
        let text = format!("\"{}\"", (0..random.below(6)).map(|_| random.of(PARTS)).collect::<String>());
        assert!(compare(&text), "{text}");
        unicode += usize::from(Value::read(&text).unwrap().string().is_some());
    }
    assert!((10_000..45_000).contains(&unicode), "the cases are one-sided: {unicode} are Unicode");
}

#[test]
fn both_undo_what_the_other_quotes() {
    const CHARACTERS: &[char] = &[
        '\0',
        '\u{1}',
        '\u{8}',
        '\t',
        '\n',
        '\u{b}',
        '\u{c}',
        '\r',
        '\u{1f}',
        ' ',
        '"',
        '\\',
        '/',
        'a',
        'u',
        '\u{7f}',
        '\u{80}',
        'é',
        '\u{2028}',
        '\u{d7ff}',
        '\u{e000}',
        '\u{feff}',
        '\u{ffff}',
        '😀',
        '\u{10ffff}',
    ];
    let mut random = Random::new(0x71_756f_7465);
    for _ in 0..20_000 {
        let text = (0..random.below(10)).map(|_| random.of(CHARACTERS)).collect::<String>();
        let (ours, theirs) = (quoted(&text), serde_json::to_string(&text).unwrap());
        assert_eq!(serde_json::from_str::<String>(&ours).unwrap(), text);
        assert_eq!(Value::read(&theirs).unwrap().string().as_deref(), Some(text.as_str()));
        assert_eq!(Value::read(&ours).unwrap().string().as_deref(), Some(text.as_str()));
    }
}
