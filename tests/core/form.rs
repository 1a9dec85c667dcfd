//! Queries and forms.

use mcp_wicket::http::form::{Malformed, Params, encode, extend, write};

#[test]
fn what_is_encoded_comes_back() {
    for text in ["plain-._~", "a b", "a+b", "100%", "ä€𝄞", "\"<>&='`;", "\0\n", "https://x.example/y?z=1#f"] {
        let encoded = encode(text);
        assert!(encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)), "{encoded}");
        assert_eq!(Params::read(&format!("x={encoded}")).unwrap().get("x"), Some(text));
        assert_eq!(Params::read(&format!("{encoded}=x")).unwrap().get(text), Some("x"));
    }
    assert_eq!(encode("a b+ä"), "a%20b%2B%C3%A4");
}

#[test]
fn broken_escapes_are_refused() {
    for text in ["%", "%2", "%zz", "%2g", "%+1", "a%", "%ff", "%c3", "%c3%28", "%ed%a0%80"] {
        assert_eq!(Params::read(&format!("x={text}")), Err(Malformed::Encoding), "{text}");
        assert_eq!(Params::read(&format!("{text}=x")), Err(Malformed::Encoding), "{text}");
    }
}

#[test]
fn names_and_values() {
    let params = Params::read("a=1&b=x+y%26&&c&d==&=e").unwrap();
    assert_eq!(params.get("a"), Some("1"));
    assert_eq!(params.get("b"), Some("x y&"));
    assert_eq!(params.get("c"), None, "without a value it counts as absent");
    assert_eq!(params.get("d"), Some("="));
    assert_eq!(params.get(""), Some("e"));
    assert_eq!(params.get("A"), None);
    assert_eq!(params.repeated(&[]), None);
    assert_eq!(Params::read(""), Ok(Params::default()));
}

#[test]
fn there_is_an_end_to_it() {
    assert!(Params::read(&"a=1&".repeat(64)).is_ok());
    assert_eq!(Params::read(&"a=1&".repeat(65)), Err(Malformed::TooMany));
}

#[test]
fn repeated_names_are_found_however_they_are_written() {
    for (text, name) in [("a=1&a=1", "a"), ("a=1&b=2&a", "a"), ("a=1&%61=2", "a"), ("x&y=1&y", "y")] {
        let params = Params::read(text).unwrap();
        assert_eq!(params.repeated(&[]), Some(name), "{text}");
        assert_eq!(params.repeated(&["z", name]), None, "{text}");
    }
    assert_eq!(Params::read("s=1&s=2").unwrap().all("s").collect::<Vec<_>>(), ["1", "2"]);
}

#[test]
fn a_query_is_added_to_what_is_there() {
    let added = [("a b", "c&d"), ("e", "")];
    assert_eq!(write(&added), "a%20b=c%26d&e=");
    for (url, mark) in [("https://x/y", "?"), ("https://x/y?", ""), ("https://x/y?z=1", "&"), ("https://x/y?z&", "")] {
        assert_eq!(extend(url, &added), format!("{url}{mark}a%20b=c%26d&e="));
        assert_eq!(extend(&format!("{url}#f?"), &added), format!("{url}{mark}a%20b=c%26d&e=#f?"));
    }
}
