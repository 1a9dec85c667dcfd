//! The JSON reader (RFC 8259), case by case; `serde_json` is asked to agree with each expectation.

use mcp_wicket::json::{self, MAX_DEPTH, MAX_MEMBERS, Malformed, Object, Value, quoted, write};
use serde_json::value::RawValue;

const VALID: &[&str] = &[
    // Words and the empty containers.
    "null",
    "true",
    "false",
    "{}",
    "[]",
    "\"\"",
    // Numbers.
    "0",
    "-0",
    "7",
    "-7",
    "10",
    "1234567890123456789012345678901234567890",
    "0.0",
    "0.5",
    "-0.5",
    "10.01",
    "1e1",
    "1E1",
    "1e+1",
    "1e-1",
    "1e00",
    "0e0",
    "0E+0",
    "1.5e300",
    "1e999",
    "-1e-999",
    "123.456e+789",
    // Strings.
    r#""a""#,
    r#""\"\\\/\b\f\n\r\t""#,
    r#""\u0000\u001f\u0041\u00e9\uABCD\uabcd""#,
    r#""\ud83d\ude00""#,
    r#""\ud800""#,
    r#""\udc00\ud800""#,
    r#""\\u0000""#,
    "\"\u{7f}\"",
    "\"\u{80}\u{2028}\u{2029}\u{feff}\"",
    "\"é世界😀\"",
    r#""/""#,
    r#""[{:,}]""#,
    // White space.
    " 1 ",
    "\t1\n\r",
    " [ 1 , 2 ] ",
    "\n{\t\"a\"\r:\n1 , \"b\" : 2 }\n",
    "{ }",
    "[\n]",
    // Containers.
    "[1]",
    "[1,2,3]",
    "[[],[[]],{}]",
    r#"{"a":1}"#,
    r#"{"a":{"b":{"c":[1,{"d":null}]}}}"#,
    r#"{"":0}"#,
    r#"{"a\u0062":1}"#,
    r#"{"__proto__":{"constructor":1}}"#,
    r#"[{"a":1,"a":2}]"#,
];

const INVALID: &[&str] = &[
    "",
    " ",
    "\u{feff}1",
    "\u{feff}{}",
    "\u{feff}",
    "1\u{feff}",
    // Words.
    "nul",
    "nulll",
    "Null",
    "NULL",
    "tru",
    "truefalse",
    "undefined",
    "NaN",
    "Infinity",
    "-Infinity",
    // Numbers.
    "-",
    "--1",
    "+1",
    "01",
    "-01",
    "00",
    "1.",
    ".5",
    "-.5",
    "1.e1",
    "1..5",
    "1.5.5",
    "1e",
    "1e+",
    "1e-",
    "1e1.5",
    "1ee1",
    "0x10",
    "1_000",
    "1a",
    "1 2",
    "- 1",
    "1 .5",
    "١",
    // Strings.
    "\"",
    "\"a",
    "a\"",
    "'a'",
    r#""\""#,
    r#""\x41""#,
    r#""\u""#,
    r#""\u12""#,
    r#""\u123""#,
    r#""\u123g""#,
    r#""\U0041""#,
    r#""\u+123""#,
    r#""\a""#,
    r#""\0""#,
    "\"\\\n\"",
    "\"\n\"",
    "\"\t\"",
    "\"\0\"",
    "\"\u{1f}\"",
    "\"a\"\"b\"",
    "\"\\é\"",
    "\"\\u00é\"",
    // White space that JSON does not know.
    "\u{b}1",
    "\u{c}1",
    "\u{a0}1",
    "\u{2028}1",
    "\u{0}",
    "1\0",
    // Comments.
    "//\n1",
    "/**/1",
    "1//",
    "[1]#",
    // Arrays.
    "[",
    "]",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    "[,]",
    "[1,,2]",
    "[1 2]",
    "[1:2]",
    "[1]]",
    "[1}",
    "[[1]",
    "[\"a\":1]",
    // Objects.
    "{",
    "}",
    "{\"a\"",
    "{\"a\":",
    "{\"a\":1",
    "{\"a\":1,",
    "{\"a\":1,}",
    "{,}",
    "{,\"a\":1}",
    "{\"a\"}",
    "{\"a\",1}",
    "{\"a\" 1}",
    "{\"a\":1 \"b\":2}",
    "{\"a\"::1}",
    "{a:1}",
    "{'a':1}",
    "{1:1}",
    "{null:1}",
    "{\"a\":1]",
    "{\"a\":1}}",
    "{\"a\":1}{}",
    "{} {}",
    "{}x",
    "{[]:1}",
];

#[test]
fn what_is_json_is_read_as_it_stands() {
    for text in VALID {
        let theirs = serde_json::from_str::<&RawValue>(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(Value::read(text).map(Value::text), Ok(theirs.get()), "{text}");
    }
}

#[test]
fn what_is_no_json_is_refused_with_a_place_in_the_text() {
    for text in INVALID {
        assert!(serde_json::from_str::<&RawValue>(text).is_err(), "serde_json takes {text:?}");
        match Value::read(text) {
            Err(Malformed::Syntax(at)) => assert!(at <= text.len(), "{text:?} shows at byte {at}"),
            other => panic!("{text:?}: {other:?}"),
        }
        assert!(matches!(Object::read(text), Err(Malformed::Syntax(_))), "as an object: {text:?}");
    }
}

#[test]
fn the_place_is_where_it_shows() {
    for (text, at) in [("", 0), ("[1,]", 3), (r#"{"a":tru}"#, 8), ("1 x", 2), ("\"a\u{1}\"", 1), (r#"{"a":1,"b"}"#, 10)]
    {
        assert_eq!(Value::read(text), Err(Malformed::Syntax(at)), "{text}");
    }
}

#[test]
fn an_object_is_read_in_its_order_with_its_values_as_they_stand() {
    let text = r#" { "b" : 1.50 , "a\u0062" : [ 1 ] , "__proto__" : {"x" : 1e5} , "" : null } "#;
    let read = Object::read(text).unwrap();
    let members = read.0.iter().map(|(name, value)| (name.as_ref(), value.text())).collect::<Vec<_>>();
    assert_eq!(members, [("b", "1.50"), ("ab", "[ 1 ]"), ("__proto__", r#"{"x" : 1e5}"#), ("", "null")]);
    assert_eq!(read.get("__proto__").unwrap().text(), r#"{"x" : 1e5}"#);
    assert_eq!(read.get("constructor"), None);
    assert_eq!(write(&read), r#"{"b":1.50,"ab":[ 1 ],"__proto__":{"x" : 1e5},"":null}"#);
    assert_eq!(write(&Object::read("{}").unwrap()), "{}");
}

#[test]
fn a_member_that_is_there_twice_is_refused_where_the_object_is_taken_apart() {
    for text in
        [r#"{"a":1,"a":1}"#, r#"{"a":1,"b":2,"\u0061":3}"#, r#"{"__proto__":1,"__proto__":2}"#, r#"{"":1,"":2}"#]
    {
        assert!(matches!(Object::read(text), Err(Malformed::Duplicate(_))), "{text}");
        let value = Value::read(text).expect("it is JSON all the same");
        assert!(matches!(value.object(), Err(Malformed::Duplicate(_))), "{text}");
    }
    assert_eq!(Object::read(r#"{"a\u0000":1,"a\u0000":1}"#).unwrap_err(), Malformed::Duplicate("a\0".into()));
    assert!(Object::read(r#"{"a":1,"A":2,"a ":3}"#).is_ok());
    assert!(Object::read(r#"{"a":{"b":1,"b":2}}"#).is_ok(), "only the object itself is taken apart");
}

#[test]
fn another_kind_is_told_from_no_json() {
    for text in ["1", "\"a\"", "[{}]", "null", " true "] {
        assert_eq!(Object::read(text).unwrap_err(), Malformed::Kind, "{text}");
        assert_eq!(Value::read(text).unwrap().object().unwrap_err(), Malformed::Kind, "{text}");
    }
    for text in ["1", "\"[]\"", "{}", "null"] {
        assert_eq!(Value::read(text).unwrap().array().unwrap_err(), Malformed::Kind, "{text}");
    }
}

#[test]
fn arrays_give_their_elements() {
    let elements = |text| Value::read(text).unwrap().array().unwrap().into_iter().map(Value::text).collect::<Vec<_>>();
    assert_eq!(elements("[ ]"), Vec::<&str>::new());
    assert_eq!(elements(r#"[ 1 , "a, b" ,[2,3], {"a" : [ ] } ]"#), ["1", r#""a, b""#, "[2,3]", r#"{"a" : [ ] }"#]);
}

#[test]
fn strings_are_read_as_unicode_or_not_at_all() {
    for (text, read) in [
        (r#""""#, Some("")),
        (r#""a""#, Some("a")),
        (r#""\u0061\u00e9\uABCD\uabcd""#, Some("aé\u{abcd}\u{abcd}")),
        (r#""\"\\\/\b\f\n\r\t""#, Some("\"\\/\u{8}\u{c}\n\r\t")),
        (r#""\\u0061""#, Some("\\u0061")),
        (r#""\ud83d\ude00!""#, Some("😀!")),
        (r#""\ud800""#, None),
        (r#""\ud800x""#, None),
        (r#""\ud800\u0041""#, None),
        (r#""\ud800\ue000""#, None),
        (r#""\ud7ff\udbff\udfff\ue000""#, Some("\u{d7ff}\u{10ffff}\u{e000}")),
        (r#""\ud800\n12345""#, None),
        (r#""\ud800\ud800\udc00""#, None),
        (r#""\udc00""#, None),
        (r#""\udc00\ud800""#, None),
        ("1", None),
        ("null", None),
        (r#"["a"]"#, None),
    ] {
        let string = Value::read(text).unwrap().string();
        assert_eq!(string.as_deref(), read, "{text}");
        assert_eq!(serde_json::from_str::<String>(text).ok().as_deref(), read, "serde_json: {text}");
    }
}

#[test]
fn integers_are_told_from_other_numbers_by_how_they_are_written() {
    for text in ["0", "-0", "1", "-1", "9007199254740993", "-123456789012345678901234567890"] {
        assert!(Value::read(text).unwrap().is_integer(), "{text}");
    }
    for text in ["0.0", "1.5", "1e3", "1E3", "-1.0", "\"1\"", "\"\"", "null", "true", "[]", "[1]", "{}"] {
        assert!(!Value::read(text).unwrap().is_integer(), "{text}");
    }
}

#[test]
fn an_integer_of_a_type_is_never_another_one() {
    for (text, read) in [("0", Some(0)), ("-1", Some(-1)), ("9007199254740993", Some(9_007_199_254_740_993))] {
        assert_eq!(json::read::<i64>(text).ok(), read, "{text}");
    }
    for text in ["-0", "1.0", "1e3", "9223372036854775808", "-9223372036854775809", "\"1\"", "null", "[1]"] {
        assert_eq!(json::read::<i64>(text), Err(Malformed::Kind), "{text}");
    }
    assert_eq!(json::read::<u8>("256"), Err(Malformed::Kind));
    assert_eq!(json::read::<u8>("-1"), Err(Malformed::Kind));
}

#[test]
fn a_name_is_repeated_however_it_is_escaped_and_at_any_depth() {
    for text in [r#"{"a":1,"\u0061":2}"#, r#"{"x":[{"a":1,"\u0061":2}]}"#, r#"[{"b":{"\u0061":1,"a":2}}]"#] {
        assert_eq!(Value::read(text).unwrap().unique(), Err(Malformed::Duplicate("a".into())), "{text}");
    }
    for text in [r#"{"a":1,"\u0062":2}"#, r#"{"a":{"a":1},"b":[{"a":1},{"a":2}]}"#] {
        assert_eq!(Value::read(text).unwrap().unique(), Ok(()), "{text}");
    }
    for text in [r#"{"\ud800":1}"#, r#"[{"a":{"\udc00":[]}}]"#] {
        assert_eq!(Value::read(text).unwrap().unique(), Err(Malformed::Kind), "{text}");
    }
}

#[test]
fn a_name_with_a_lone_surrogate_is_nobodys() {
    #[derive(serde::Deserialize)]
    struct Named {
        a: Option<u8>,
    }
    assert_eq!(json::read::<Named>(r#"{"\u0061":1}"#).unwrap().a, Some(1));
    assert_eq!(json::read::<Named>(r#"{"b\ud83d\ude00":1}"#).unwrap().a, None);
    for text in [r#"{"\ud800":1}"#, r#"{"a":1,"a\udfff":2}"#, r#"{"\ud83d\u0061":1}"#] {
        assert_eq!(json::read::<Named>(text).err(), Some(Malformed::Kind), "{text}");
        assert_eq!(Object::read(text).err(), Some(Malformed::Kind), "{text}");
    }
    assert!(json::read::<Named>("[1]").is_err(), "a list is no object");
}

fn nested(depth: usize, open: &str, inner: &str, close: &str) -> String {
    open.repeat(depth) + inner + &close.repeat(depth)
}

#[test]
fn depth_has_a_limit_that_serde_jsons_raw_values_do_not_have() {
    for (open, inner, close) in [("[", "", "]"), ("[", "1", "]"), (r#"{"a":"#, "1", "}"), (" [ ", "{}", " ] ")] {
        let own = usize::from(inner == "{}");
        let (deepest, deeper) =
            (nested(MAX_DEPTH - own, open, inner, close), nested(MAX_DEPTH + 1 - own, open, inner, close));
        assert!(Value::read(&deepest).is_ok(), "{open}");
        assert_eq!(Value::read(&deeper), Err(Malformed::TooDeep), "{open}");
        assert!(serde_json::from_str::<&RawValue>(&deeper).is_ok(), "{open}");
    }
    let object = |depth| nested(depth, r#"{"a":"#, "1", "}");
    assert!(Object::read(&object(MAX_DEPTH)).is_ok());
    assert_eq!(Object::read(&object(MAX_DEPTH + 1)).unwrap_err(), Malformed::TooDeep);
    let wide = format!("[{}]", vec![nested(MAX_DEPTH - 1, "[", "", "]"); 3].join(","));
    assert!(Value::read(&wide).is_ok(), "depth is not counted across siblings");
}

#[test]
fn no_depth_overflows_the_stack() {
    for depth in [10_000, 1_000_000] {
        for open in ["[", r#"{"a":"#, r#"[{"a":"#] {
            for text in [open.repeat(depth), nested(depth, open, "1", "]")] {
                assert_eq!(Value::read(&text), Err(Malformed::TooDeep));
                assert!(Object::read(&text).is_err());
            }
        }
    }
}

fn wide(members: usize) -> String {
    format!("{{{}}}", (0..members).map(|number| format!(r#""{number}":0"#)).collect::<Vec<_>>().join(","))
}

#[test]
fn only_what_is_taken_apart_has_a_limit_of_members() {
    assert_eq!(Object::read(&wide(MAX_MEMBERS)).unwrap().0.len(), MAX_MEMBERS);
    // Without a limit, telling whether a member is there twice takes the square of their number.
    let text = wide(200_000);
    assert_eq!(Object::read(&text).unwrap_err(), Malformed::TooWide);
    assert_eq!(Value::read(&text).unwrap().object().unwrap_err(), Malformed::TooWide);
    let inside = format!(r#"{{"arguments":{text}}}"#);
    assert_eq!(Object::read(&inside).unwrap().get("arguments").unwrap().text(), text);
}

#[test]
fn quoting_is_undone_by_reading() {
    let every_ascii = (0..0x80).map(char::from).collect::<String>();
    for text in
        ["", "a", "\"", "\\", "\\u0041", "\n\r\t\u{8}\u{c}\0\u{1f}\u{7f}", "é世界😀\u{2028}\u{feff}", &every_ascii]
    {
        let json = quoted(text);
        assert_eq!(Value::read(&json).unwrap().string().as_deref(), Some(text), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text, "{json}");
        assert!(!json.contains(char::is_control) || text.contains('\u{7f}'), "{json:?}");
        let theirs = serde_json::to_string(text).unwrap();
        assert_eq!(Value::read(&theirs).unwrap().string().as_deref(), Some(text), "{theirs}");
    }
}

#[test]
fn reasons_say_what_is_wrong() {
    assert_eq!(Value::read("[1,]").unwrap_err().reason(), "not valid JSON at byte 3");
    assert_eq!(Value::read(&"[".repeat(200)).unwrap_err().reason(), "nested deeper than 128 levels");
    assert_eq!(Object::read(&wide(257)).unwrap_err().reason(), "an object of more than 256 members");
    assert_eq!(Object::read(r#"{"\"":1,"\"":2}"#).unwrap_err().reason(), r#"the member "\"" is duplicated"#);
    assert_eq!(Object::read("[]").unwrap_err().reason(), "a JSON value of the wrong type");
}

/// Bytes that are hashed for the canonical text of `text`, and that text.
fn canonical(text: &str) -> (usize, String) {
    let mut hashed = 0;
    let canonical = Value::read(text).unwrap().canonical(&mut |text| {
        hashed += text.len();
        format!("{:x}", text.bytes().fold(7_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into())))
    });
    (hashed, canonical)
}

#[test]
fn the_canonical_text_does_not_depend_on_how_a_value_is_written() {
    let same = [
        (r#"{"b":[1,2],"a":"A"}"#, r#"{ "a" : "\u0041" , "b" : [ 1 , 2 ] }"#, r#"{"a":"A","b":[1,2]}"#),
        (r#"{"a":{"c":{},"b":[]}}"#, r#"{"a":{"b":[ ],"c":{ }}}"#, r#"{"a":{"b":[],"c":{}}}"#),
        (r#"{"a":1,"a":2}"#, r#"{"\u0061":1,"a":2}"#, r#"{"a":1,"a":2}"#),
        ("[1.0,-0,1e3,null,true]", "[1.0, -0, 1e3, null, true]", "[1.0,-0,1e3,null,true]"),
    ];
    for (one, other, text) in same {
        assert_eq!((canonical(one).1, canonical(other).1), (text.into(), text.into()));
    }
    let different =
        ["1", "1.0", "\"1\"", "[1]", "[]", "{}", r#"{"a":1,"a":2}"#, r#"{"a":2,"a":1}"#, r#"{"a":1}"#, r#"["a",1]"#];
    let texts = different.map(|text| canonical(text).1);
    for (at, text) in texts.iter().enumerate() {
        assert!(!texts[..at].contains(text), "{text}");
    }
    // Long objects stand by their hashes, whatever is around them.
    let long = |text: &str, last: u32| format!(r#"{{"z":{{"b":"{text}","a":{last}}},"y":1}}"#);
    let text = "x".repeat(100);
    assert_eq!(
        canonical(&long(&text, 1)),
        canonical(&long("x", 1).replace("\"x\"", &format!("\"\\u0078{}\"", &text[1..])))
    );
    assert_ne!(canonical(&long(&text, 1)).1, canonical(&long(&text, 2)).1);
    assert!(canonical(&long(&text, 1)).1.starts_with("{\"y\":1,\"z\":#"));
}

#[test]
fn twice_as_much_or_twice_as_deep_is_about_twice_the_work_for_a_canonical_text() {
    let nested = |depth: usize, many: usize, open: &str, close: &str| {
        let text = format!("{}[{}]{}", open.repeat(depth), vec!["1"; many].join(","), close.repeat(depth));
        canonical(&text).0 + canonical(&text).1.len()
    };
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}"), (r#"{"b":1,"a":"#, "}"), (r#"[{"b":{},"a":"#, "}]")] {
        for depth in [1, 20] {
            let (one, two, four) = (5_000, 10_000, 20_000);
            let [one, two, four] = [one, two, four].map(|many| nested(depth, many, open, close));
            assert!(two < one * 5 / 2 && four < two * 5 / 2, "{one} {two} {four}");
        }
        let [shallow, deep] = [10, 60].map(|depth| nested(depth, 10_000, open, close));
        assert!(deep < shallow * 3 / 2, "{open} {shallow} {deep}");
    }
}
