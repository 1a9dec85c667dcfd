use mcp_wicket::http::host::{authority_of, host_of, is_loopback};

#[test]
fn the_authority_is_between_the_scheme_and_the_path() {
    for (url, authority) in [
        ("https://mcp.example.com", "mcp.example.com"),
        ("https://mcp.example.com:8443/mcp?x=//y", "mcp.example.com:8443"),
        ("http://[::1]:8787?x", "[::1]:8787"),
        ("https://mcp.example.com#x", "mcp.example.com"),
        ("http://user@mcp.example.com/", "user@mcp.example.com"),
        ("mcp.example.com/x", "mcp.example.com"),
        ("https:///x", ""),
    ] {
        assert_eq!(authority_of(url), authority, "{url}");
    }
}

#[test]
fn a_host_comes_without_its_port_and_not_with_a_port_that_is_none() {
    for (authority, host) in [
        ("mcp.example.com", Some("mcp.example.com")),
        ("mcp.example.com:65535", Some("mcp.example.com")),
        ("[::1]", Some("[::1]")),
        ("[::1]:80", Some("[::1]")),
        ("mcp.example.com:", None),
        ("mcp.example.com:65536", None),
        ("mcp.example.com:+80", None),
        ("localhost:x@evil.example", None),
    ] {
        assert_eq!(host_of(authority), host, "{authority}");
    }
}

#[test]
fn loopback_is_localhost_its_addresses_and_nothing_that_looks_like_them() {
    for own in ["localhost", "localhost:8787", "127.0.0.1", "127.255.0.9:1", "[::1]", "[::1]:8787"] {
        assert!(is_loopback(own), "{own}");
    }
    for other in [
        "localhost.example.com",
        "LOCALHOST",
        "127.0.0.1.example.com",
        "127.1",
        "0127.0.0.1",
        "128.0.0.1",
        "0.0.0.0",
        "::1",
        "[::2]",
        "localhost@evil.example",
        "localhost:80@evil.example",
        "",
    ] {
        assert!(!is_loopback(other), "{other}");
    }
}
