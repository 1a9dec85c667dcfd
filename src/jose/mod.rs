//! The words of signed tokens (RFC 7515, RFC 7518) that whoever reads or makes them needs: algorithms and the compact form. It
//! decides about no token.

pub mod algorithm;
pub mod compact;
