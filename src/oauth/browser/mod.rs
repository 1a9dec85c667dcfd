//! What people see, and what their browsers store.

pub(crate) mod account;
pub mod connected;
pub mod consent;
pub(crate) mod cookies;
pub mod error_page;
mod model;
pub mod page;
pub(crate) mod prompt;
pub(crate) mod sign_in;
