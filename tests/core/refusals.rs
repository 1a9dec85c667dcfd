//! The codes of refusals in the operator's log, and what is counted in front of tokens.

use mcp_wicket::guard::bearer::{RateLimitInput, Refusal};
use mcp_wicket::http::Answer;
use mcp_wicket::http::origin::OriginRejection;
use mcp_wicket::http::refused::{LoggedRefusal, plain};
use mcp_wicket::json::{read, write};
use mcp_wicket::oauth::browser::page;
use mcp_wicket::oauth::error::{Code, OAuthError};
use mcp_wicket::rate_limit::{Network, domain, host};

const GUIDE: &str = include_str!("../../docs/guides/refusals.md");

#[test]
fn every_code_is_in_the_guide() {
    let refusals = Refusal::ALL.map(|refusal| write(&refusal).trim_matches('"').to_owned());
    let oauth = Code::EVERY.into_iter().map(Code::name);
    let codes =
        OriginRejection::ALL.into_iter().map(OriginRejection::name).chain(oauth).chain(page::codes()).map(String::from);
    for code in codes.chain(refusals) {
        assert!(GUIDE.contains(&format!("`{code}`")), "docs/guides/refusals.md does not explain `{code}`");
    }
}

#[test]
fn an_answer_that_refuses_says_why_for_the_log_alone() {
    let answer = OAuthError::new(Code::InvalidGrant, "The code has expired.").answer(false);
    let refused = answer.refused.as_ref().unwrap();
    assert_eq!((refused.code, refused.reason.as_ref()), ("invalid_grant", "The code has expired."));
    assert!(write(&answer).contains(r#""refused":{"code":"invalid_grant","reason":"The code has expired."}"#));
    assert!(!write(&Answer::empty(204)).contains("refused"));
    let named = LoggedRefusal { client: Some("app".into()), ..LoggedRefusal::new("token", "") };
    assert_eq!(write(&named), r#"{"code":"token","reason":"","client":"app"}"#);
}

#[test]
fn a_network_is_an_address_or_half_of_one() {
    let network = |address| Network::of(address).map(|network| network.narrow);
    assert_eq!(network("192.0.2.1"), network(" ::ffff:192.0.2.1 "));
    assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:1"));
    assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
    assert_eq!(network("somewhere"), None);
    // What one customer has counts together in the end.
    let wide = |address| Network::of(address).unwrap().wide;
    assert_eq!(wide("2001:db8:1:2::1"), wide("2001:db8:1:ffff::1"));
    assert_ne!(wide("2001:db8:1::1"), wide("2001:db8:2::1"));
    assert_ne!(wide("192.0.2.1"), wide("192.0.2.2"));
}

#[test]
fn spellings_of_a_host_and_names_below_a_domain_count_as_one() {
    for spelling in
        ["client.example", "Client.EXAMPLE", "client.example.", "client.example:443", "CLIENT.example.:8443"]
    {
        assert_eq!(
            (host(spelling), domain(spelling)),
            ("client.example".into(), "client.example".into()),
            "{spelling}"
        );
    }
    for name in ["h1.client.example", "h2.Client.example.", "a.b.c.client.example:443"] {
        assert_eq!(domain(name), "client.example", "{name}");
        assert_ne!(host(name), "client.example", "{name}");
    }
    for whole in ["192.0.2.1", "[::1]", "[2001:db8::1]:443", "localhost", "cursor", ""] {
        assert_eq!(domain(whole), host(whole), "{whole}");
    }
    assert_ne!(domain("192.0.2.1"), domain("198.51.2.1"));
    assert_ne!(domain("[2001:db8::1]"), domain("[2001:db8::2]"));
}

#[test]
fn what_is_counted_is_a_caller_or_a_network_and_a_verifier() {
    assert!(read::<RateLimitInput>(r#"{"most":3,"principal":"user:x"}"#).is_ok());
    assert!(read::<RateLimitInput>(r#"{"most":3,"verifier":"JWTVerifier","peer":"192.0.2.1"}"#).is_ok());
    assert!(read::<RateLimitInput>(r#"{"most":3,"verifier":"JWTVerifier"}"#).is_ok());
    assert!(read::<RateLimitInput>(r#"{"principal":"user:x"}"#).is_err());
}

/// RFC 6749 §5.2, RFC 9110 §15.
#[test]
fn each_error_has_its_status_and_says_when_to_come_back_where_that_helps() {
    for code in Code::EVERY {
        let status = match code {
            Code::InvalidClient => 401,
            Code::ServerError => 500,
            Code::TemporarilyUnavailable => 503,
            Code::SlowDown => 429,
            _ => 400,
        };
        let answer = OAuthError::new(code, "x").answer(false);
        let has = |answer: &Answer, name: &str| answer.headers.iter().any(|(own, _)| *own == name);
        assert_eq!(answer.status, status, "{code:?}");
        assert_eq!(has(&answer, "retry-after"), matches!(status, 503 | 429), "{code:?}");
        assert!(!has(&answer, "www-authenticate"));
        assert_eq!(has(&OAuthError::new(code, "x").answer(true), "www-authenticate"), status == 401, "{code:?}");
    }
}

#[test]
fn strangers_words_are_one_short_line() {
    assert_eq!(plain("a\nb\u{202e}c\u{2066}d\u{200f}e\u{9f}"), "a b c d e ");
    assert_eq!(plain(&"é".repeat(500)).chars().count(), 200);
}
