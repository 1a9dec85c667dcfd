//! The tests of the decisions. They run on the host: what the core asks for is answered by a scripted [`world`].
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed, and says so by panicking"
)]
#![expect(clippy::needless_pass_by_value, reason = "what a test writes in place reads better without a `&` before it")]

mod api_keys;
mod base64;
mod bearer;
mod boundary;
mod bounds;
mod cors;
mod crypto;
#[cfg(feature = "probe")]
mod flow;
mod form;
mod fuzz;
mod golden;
mod host;
mod json;
mod json_differential;
mod jwt;
mod mcp;
mod oauth;
mod origin;
mod password;
mod proxy;
mod random;
mod refusals;
mod session;
mod verifiers;
mod world;
