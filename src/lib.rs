//! The decisions of `mcp-wicket`: the MCP JSON-RPC core and the authentication patterns.
//!
//! This crate only decides. It has no clock, no randomness, no promises and no bindings: whatever it needs to know, it
//! requests as an effect (see [`flow`]), which the JavaScript in `js/` performs. Dependencies point one way:
//!
//! ```text
//! wasm  →  config, mcp, guard  →  oauth  →  identity  →  callback_result, limit
//!       →  crypto, flow, http, jose, json, jsonrpc, bounds, unique
//! ```
//!
//! `wasm` is the only module that uses `wasm_bindgen`, so `cargo test` runs everything else unchanged on the host.

pub mod bounds;
#[cfg(feature = "jwt")]
pub mod callback_result;
pub mod config;
pub mod crypto;
pub mod flow;
pub mod guard;
pub mod http;
#[cfg(feature = "oauth")]
pub mod identity;
#[cfg(feature = "jwt")]
pub mod jose;
pub mod json;
pub mod jsonrpc;
pub mod mcp;
#[cfg(feature = "oauth")]
pub mod oauth;
#[cfg(feature = "probe")]
pub mod probe;
#[cfg(feature = "bearer")]
pub mod rate_limit;
pub mod unique;
#[cfg(target_arch = "wasm32")]
mod wasm;
