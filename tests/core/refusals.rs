//! The codes of refusals in the operator's log, and what is counted in front of tokens.

use mcp_wicket::auth::bearer::{Counted, Refusal};
use mcp_wicket::http::Answer;
use mcp_wicket::http::origin::Foreign;
use mcp_wicket::http::refused::Refused;
use mcp_wicket::limit::network;
use mcp_wicket::oauth::error::{Code, Failed};
use mcp_wicket::oauth::page;

const GUIDE: &str = include_str!("../../docs/guides/refusals.md");

#[test]
fn every_code_is_in_the_guide() {
    let oauth = Code::EVERY.into_iter().map(Code::name);
    let codes = Refusal::names().chain(Foreign::ALL.into_iter().map(Foreign::name)).chain(oauth).chain(page::codes());
    for code in codes {
        assert!(GUIDE.contains(&format!("`{code}`")), "docs/guides/refusals.md does not explain `{code}`");
    }
}

#[test]
fn an_answer_that_refuses_says_why_for_the_log_alone() {
    let answer = Failed::new(Code::InvalidGrant, "The code has expired.").answer(false);
    let refused = answer.refused.as_ref().unwrap();
    assert_eq!((refused.code, refused.reason.as_ref()), ("invalid_grant", "The code has expired."));
    assert!(answer.to_json().contains(r#""refused":{"code":"invalid_grant","reason":"The code has expired."}"#));
    assert!(!Answer::empty(204).to_json().contains("refused"));
    let named = Refused { client: Some("app".into()), ..Refused::new("token", "") };
    assert_eq!(named.to_json(), r#"{"code":"token","reason":"","client":"app"}"#);
}

#[test]
fn a_network_is_an_address_or_half_of_one() {
    assert_eq!(network("192.0.2.1"), network(" ::ffff:192.0.2.1 "));
    assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:1"));
    assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
    assert_eq!(network("somewhere"), None);
}

#[test]
fn what_is_counted_is_a_caller_or_a_network_and_a_verifier() {
    assert!(Counted::read(r#"{"most":3,"principal":"user:x"}"#).is_some());
    assert!(Counted::read(r#"{"most":3,"verifier":"JWTVerifier","peer":"192.0.2.1"}"#).is_some());
    assert!(Counted::read(r#"{"most":3,"verifier":"JWTVerifier"}"#).is_some());
    assert!(Counted::read(r#"{"principal":"user:x"}"#).is_none());
}
