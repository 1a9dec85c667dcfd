//! Maximum lengths of untrusted input that a step of a flow stores, repeats or processes, in bytes unless stated otherwise.
//! Memory between steps is bounded in `js/boundary/caches.ts`; `docs/limits.md` has both as tables.

/// A JSON-RPC ID, or a progress token: repeated in each response and in each message of a stream.
pub const ID: usize = 256;

/// The `_meta` of a request: needed again for each message of its handler.
pub const META: usize = 64 * 1024;

/// The URI of a resource that is read or subscribed to.
pub const URI: usize = 8 * 1024;

/// All URIs to which one stream is subscribed: they stay in memory as long as the stream, twice, and in its messages.
pub const FOLLOWED: usize = 128 * 1024;

/// Number of URIs to which one stream or session is subscribed.
pub const FOLLOWED_IN_NUMBER: usize = 1000;

/// A request to listen, as a whole: it stays in memory as long as its stream.
pub const LISTEN: usize = 256 * 1024;

/// Number of messages in one batch: all of them start at once.
pub const BATCH: usize = 100;

/// What a call stores between its rounds: it comes back with the next request.
pub const STATE: usize = 256 * 1024;

/// The record of a client that registered with another package: it is parsed at each request that names the client.
pub const LEGACY_RECORD: usize = 16 * 1024;

/// The body of a request for which a stencil is stored.
pub const STENCIL: usize = 8192;
