//! The authorization server (OAuth 2.1), whoever knows the people.

pub mod identity;
