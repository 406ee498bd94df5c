//! What this lesson shows: a call that two languages read. The method, its arguments, the reply and
//! the error are JSON, and a specification says what each of them looks like. Then a second dialect
//! of the same idea, the one that Go's `net/rpc/jsonrpc` speaks, and what differs on the wire.
//!
//! # Layout
//!
// ANCHOR: layout
//! For an evening, in this order: about 800 lines of code, 55 minutes. The last but one is Go's dialect
//! and can wait for another day.
//!
//! 1. `first.rs`: one call and its reply with nothing but `serde_json` (2 minutes).
//! 2. `services.rs`: the two services that every server here offers. It mentions no JSON-RPC (1 minute).
//! 3. `json.rs`: bytes into a JSON value, strictly: no member twice, not too deep (5 minutes).
//! 4. `v2.rs`: JSON-RPC 2.0 on the crate `jsonrpc-core`, and the little that it lacks (6 minutes).
//! 5. `split.rs`: where one message ends: at a newline, or at the brace that closes the object (8 minutes).
//! 6. `host.rs`: the server on TCP for both dialects, with its limits and its shutdown (10 minutes).
//! 7. `http.rs`: the same 2.0 methods behind HTTP POST (7 minutes).
//! 8. `go.rs`: the dialect of Go's `net/rpc/jsonrpc`, by hand (4 minutes).
//! 9. `client.rs`: a client for both dialects, with many calls under way on one connection (12 minutes).
// ANCHOR_END: layout
//!
//! `demo/` is the program `l03-json-rpc`: command line, demo and measurements, in two processes. Try
//! `cargo run -p l03-json-rpc`.

pub mod client;
pub mod first;
pub mod go;
pub mod host;
pub mod http;
pub mod json;
pub mod services;
pub mod split;
pub mod v2;
