//! The decisions of `mcp-wicket`: the MCP JSON-RPC core and the authentication patterns.
//!
//! This crate decides and does nothing else. It has no clock, no randomness, no promise and no binding: what it wants to
//! know it asks for as an effect (see [`flow`]), and the JavaScript shim in `js/` performs it. Arrows point one way:
//!
//! ```text
//! wasm  →  mcp, auth  →  oauth, jsonrpc  →  crypto, flow, http, jose, json, text, bounds
//! ```
//!
//! `wasm` is the only module that names `wasm_bindgen`, so `cargo test` on the host runs everything else as it is.

pub mod auth;
pub mod bounds;
pub mod crypto;
pub mod flow;
pub mod http;
#[cfg(feature = "jwt")]
pub mod jose;
pub mod json;
pub mod jsonrpc;
#[cfg(feature = "bearer")]
pub mod limit;
pub mod mcp;
#[cfg(feature = "oauth")]
pub mod oauth;
#[cfg(feature = "probe")]
pub mod probe;
pub mod unique;
#[cfg(target_arch = "wasm32")]
mod wasm;
