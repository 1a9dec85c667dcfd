//! Queries and forms.

use mcp_wicket::http::form::{Params, decode, encode, pairs, with_query};

#[test]
fn what_is_encoded_comes_back() {
    for text in ["", "plain-._~", "a b", "a+b", "100%", "ä€𝄞", "\"<>&='`;", "\0\n", "https://x.example/y?z=1#f"] {
        let encoded = encode(text);
        assert!(encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)), "{encoded}");
        assert_eq!(decode(&encoded).as_deref(), Some(text));
    }
    assert_eq!(encode("a b+ä"), "a%20b%2B%C3%A4");
}

#[test]
fn broken_escapes_are_refused() {
    for text in ["%", "%2", "%zz", "%2g", "%+1", "a%", "%ff", "%c3", "%c3%28", "%ed%a0%80"] {
        assert_eq!(decode(text), None, "{text}");
        assert_eq!(Params::parse(&format!("x={text}")), None, "{text}");
        assert_eq!(Params::parse(&format!("{text}=x")), None, "{text}");
    }
}

#[test]
fn names_and_values() {
    let params = Params::parse("a=1&b=x+y%26&&c&d==&=e").unwrap();
    assert_eq!(params.get("a"), Some("1"));
    assert_eq!(params.get("b"), Some("x y&"));
    assert_eq!(params.get("c"), Some(""));
    assert_eq!(params.get("d"), Some("="));
    assert_eq!(params.get(""), Some("e"));
    assert_eq!(params.get("A"), None);
    assert_eq!(params.repeated(), None);
    assert_eq!(Params::parse(""), Some(Params::default()));
}

#[test]
fn repeated_names_are_found_however_they_are_written() {
    for text in ["a=1&a=1", "a=1&b=2&a", "a=1&%61=2", "x=1&x=2&y"] {
        assert!(Params::parse(text).unwrap().repeated().is_some(), "{text}");
    }
    assert_eq!(Params::parse("s=1&s=2").unwrap().all("s").collect::<Vec<_>>(), ["1", "2"]);
}

#[test]
fn a_query_is_added_to_what_is_there() {
    let added = [("a b", "c&d"), ("e", "")];
    assert_eq!(pairs(&added), "a%20b=c%26d&e=");
    for (url, wanted) in [("https://x/y", "?"), ("https://x/y?", ""), ("https://x/y?z=1", "&")] {
        assert_eq!(with_query(url, &added), format!("{url}{wanted}a%20b=c%26d&e="));
    }
}
