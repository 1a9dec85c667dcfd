//! How long what strangers send may be, where a step of a flow keeps it, repeats it or works on it: in bytes, unless it says
//! otherwise. What is held between steps is bounded in `js/bounds.ts`; `docs/limits.md` has both as tables.

/// A JSON-RPC id, and a progress token: each answer and each message of a stream repeats them.
pub const ID: usize = 256;

/// The metadata of a request: each message of its handler is decided with it.
pub const META: usize = 64 * 1024;

/// The URI of a resource that is followed, or asked for.
pub const URI: usize = 8 * 1024;

/// All URIs that one stream follows: each is there as long as the stream is, twice, and in what is said of it.
pub const FOLLOWED: usize = 128 * 1024;

/// URIs that one stream or one session follows, in number.
pub const FOLLOWED_IN_NUMBER: usize = 1000;

/// A request to listen, as a whole: it stays as long as its stream.
pub const LISTEN: usize = 256 * 1024;

/// Messages of one batch, which all begin at once.
pub const BATCH: usize = 100;

/// What a call keeps between its rounds: it comes back with the next request.
pub const STATE: usize = 256 * 1024;

/// The body of a request whose form is remembered.
pub const STENCIL: usize = 8192;
