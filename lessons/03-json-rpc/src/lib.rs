//! What this lesson shows: a call between two programs in different languages. Request, reply and error
//! are JSON, and the specification of JSON-RPC 2.0 defines their members. A second module speaks the dialect of
//! Go's `net/rpc/jsonrpc`.
//!
//! # Layout
//!
// ANCHOR: layout
//! For an evening, in this order: about 750 lines of code, 50 minutes.
//!
//! 1. `first.rs`: one call and its reply with `serde_json` alone (2 minutes).
//! 2. `services.rs`: the two services that each server here offers, as plain functions (1 minute).
//! 3. `json.rs`: a strict JSON parser: no duplicate members, limited nesting (5 minutes).
//! 4. `v2.rs`: JSON-RPC 2.0 on the crate `jsonrpc-core`, and what it lacks (6 minutes).
//! 5. `split.rs`: framing: a message ends at a newline, or with its last brace (8 minutes).
//! 6. `host.rs`: the server on TCP for both protocols, with its limits and its shutdown (10 minutes).
//! 7. `http.rs`: the same 2.0 methods behind HTTP POST (7 minutes).
//! 8. `client.rs`: a client with many pending calls on one connection (12 minutes).
// ANCHOR_END: layout
//!
// ANCHOR: layout_go
//! For Go's dialect, after the files of the chapter: about 50 lines of code, 5 minutes.
//!
//! 1. `go.rs`: the dialect of Go's `net/rpc/jsonrpc`, by hand (4 minutes). It needs the part `Scan` of `split.rs`.
// ANCHOR_END: layout_go
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
