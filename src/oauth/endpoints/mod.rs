//! The endpoints, one file each.

pub mod authorize;
pub mod callback;
pub mod introspect;
pub mod metadata;
pub mod operator;
pub mod register;
pub mod revoke;
pub mod table;
pub mod token;
