//! URI templates, read backwards.

use mcp_wicket::flow::Variable;
use mcp_wicket::mcp::uri_template::UriTemplate;

type Found<'a> = Option<Vec<(&'a str, Vec<&'a str>)>>;

fn check(template: &str, uri: &str, expected: &Found<'_>) {
    let found = UriTemplate::parse(template).unwrap_or_else(|| panic!("{template} is none")).matches(uri);
    let found = found
        .as_ref()
        .map(|variables| variables.iter().map(|(name, value)| (name.as_str(), values(value))).collect::<Vec<_>>());
    assert_eq!(&found, expected, "{template} and {uri}");
}

fn values(variable: &Variable) -> Vec<&str> {
    match variable {
        Variable::One(value) => vec![value.as_str()],
        Variable::Many(values) => values.iter().map(String::as_str).collect(),
    }
}

#[test]
fn what_matches_and_with_which_variables() {
    for (template, uri, expected) in [
        ("notes://all", "notes://all", vec![]),
        ("notes://{id}", "notes://1", vec![("id", vec!["1"])]),
        ("notes://{id}", "notes://a%20b%2Fc", vec![("id", vec!["a%20b%2Fc"])]),
        ("notes://{id}", "notes://é世", vec![("id", vec!["é世"])]),
        ("test://template/{id}/data", "test://template/123/data", vec![("id", vec!["123"])]),
        ("a:{x}-{y}", "a:1-2-3", vec![("x", vec!["1-2"]), ("y", vec!["3"])]),
        ("a:{x}{y}", "a:é世", vec![("x", vec!["é"]), ("y", vec!["世"])]),
        ("a:{x,y}", "a:1,2", vec![("x", vec!["1"]), ("y", vec!["2"])]),
        ("a:{x*}", "a:1", vec![("x", vec!["1"])]),
        ("a:/{+path}", "a:/b/c?d#e", vec![("path", vec!["b/c?d#e"])]),
        ("a:{#part}", "a:#x/y", vec![("part", vec!["x/y"])]),
        ("a:f{.ext}", "a:f.tar.gz", vec![("ext", vec!["tar.gz"])]),
        ("a:{/x,y}", "a:/1/2", vec![("x", vec!["1"]), ("y", vec!["2"])]),
        ("a:{/path*}", "a:/1/2/3", vec![("path", vec!["1", "2", "3"])]),
        ("a:x{;k}", "a:x;k=1", vec![("k", vec!["1"])]),
        ("a:x{?q,n}", "a:x?q=1&n=2", vec![("q", vec!["1"]), ("n", vec!["2"])]),
        ("a:x{?q,n}", "a:x?n=2&q=1", vec![("n", vec!["2"]), ("q", vec!["1"])]),
        ("a:x{?q,n}", "a:x?n=2", vec![("n", vec!["2"])]),
        ("a:x{?q,n}", "a:x", vec![]),
        ("a:x{?q*}", "a:x?q=1&q=2&q=3", vec![("q", vec!["1", "2", "3"])]),
        ("a:x{?q}{#f}", "a:x?q=1#y", vec![("q", vec!["1"]), ("f", vec!["y"])]),
        ("a:x?k=1{&q}", "a:x?k=1&q=2", vec![("q", vec!["2"])]),
        ("a:{x}/{x}", "a:1/1", vec![("x", vec!["1"])]),
        ("a:{x:3}", "a:123", vec![("x", vec!["123"])]),
    ] {
        check(template, uri, &Some(expected));
    }
}

#[test]
fn what_does_not_match() {
    for (template, uri) in [
        ("notes://all", "notes://al"),
        ("notes://all", "notes://all/"),
        ("notes://{id}", "notes://"),
        ("notes://{id}", "notes://a/b"),
        ("notes://{id}", "notes://a?b"),
        ("notes://{id}", "notes://a#b"),
        ("notes://{id}", "notes://a,b"),
        ("notes://{id}", "Notes://a"),
        ("notes://{id}/x", "notes://1/y"),
        ("a:x{?q}", "a:x?"),
        ("a:x{?q}", "a:x?q"),
        ("a:x{?q}", "a:x?z=1"),
        ("a:x{?q}", "a:x?q=1&q=2"),
        ("a:x{?q}", "a:x?q=1&z=2"),
        ("a:{x}/{x}", "a:1/2"),
        ("a:{x:3}", "a:1234"),
        ("a:{/x}", "a:1"),
    ] {
        check(template, uri, &None);
    }
}

#[test]
fn a_dot_segment_matches_nothing_however_it_is_written() {
    for value in
        ["..", ".", "%2e%2e", "%2E.", ".%2e", "..%2Fetc", "a%2f..", "..%5Cx", "a\\..\\b", "%2e%2e%2f%2e%2e", "..%2f.."]
    {
        check("file:///docs/{name}", &format!("file:///docs/{value}"), &None);
        check("file:///docs/{+path}", &format!("file:///docs/{value}"), &None);
        check("a:x{?q}", &format!("a:x?q={value}"), &None);
    }
    for path in ["../x", "a/../b", "a/..", "./a", "a/%2e%2e/b", "a/%2E%2E%2Fb"] {
        check("file:///docs/{+path}", &format!("file:///docs/{path}"), &None);
        check("file:///docs{/path*}", &format!("file:///docs/{path}"), &None);
    }
    for fine in ["...", "a..b", "..a", ".hidden", "%2e%2e%2e", "a.b"] {
        check("file:///docs/{name}", &format!("file:///docs/{fine}"), &Some(vec![("name", vec![fine])]));
    }
}

#[test]
fn what_is_no_template() {
    let long = format!("a:{}", "x".repeat(1023));
    let many = "{a}".repeat(65);
    for template in [
        "{",
        "}",
        "{}",
        "{a",
        "a}",
        "{a}}",
        "{{a}}",
        "{a,}",
        "{,a}",
        "{a b}",
        "{a-b}",
        "{+}",
        "{=a}",
        "{|a}",
        "{!a}",
        "{a:0}",
        "{a:10000}",
        "{a:x}",
        "{a:3*}",
        "{a**}",
        "{é}",
        &long,
        &many,
    ] {
        assert!(UriTemplate::parse(template).is_none(), "{template}");
    }
    assert!(UriTemplate::parse("").is_some_and(|template| template.matches("").is_some()));
}

#[test]
fn matching_comes_to_an_end() {
    // A matcher that goes back would not, within a lifetime.
    let parts = "{a}-{b}-{c}-{d}-{e}-{f}-{g}-{h}";
    let hostile = [
        (["x:", parts, parts, "!"].concat(), "-".repeat(8000)),
        (["x:", parts, "!"].concat(), "a-".repeat(4000)),
        (["x:", "{a}{b}{c}{d}{e}{f}{g}{h}{i}{j}", "!"].concat(), "a".repeat(8000)),
        ("x:{+a}/{+b}/{+c}/{+d}!".to_owned(), "/".repeat(8000)),
        (["x:", &"{?q}".repeat(30), "!"].concat(), "?".repeat(8000)),
        (["x:", &"{&q*}".repeat(30), "!"].concat(), "&q=1".repeat(2000)),
        (["x:", "{a}", &"a".repeat(1000), "b"].concat(), "a".repeat(8000)),
    ];
    for (template, rest) in hostile {
        let parsed = UriTemplate::parse(&template).unwrap_or_else(|| panic!("{template} is none"));
        assert!(parsed.matches(&["x:", &rest].concat()).is_none());
    }
    assert!(UriTemplate::parse("{+a}").unwrap().matches(&"a".repeat(8193)).is_none());
}
