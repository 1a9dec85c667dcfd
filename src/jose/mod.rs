//! The parts of signed tokens (RFC 7515, RFC 7518) that are needed to read or create them: algorithms, compact
//! serialization, headers and keys. Nothing here decides whether a token is valid.

pub mod algorithm;
pub mod compact;
pub mod header;
pub mod jwk;
pub mod numeric_date;
