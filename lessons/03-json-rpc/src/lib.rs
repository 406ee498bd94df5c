//! What this lesson shows: a call that two languages read. The method, its arguments, the reply and
//! the error are JSON, and a specification says what each of them looks like. Then a second dialect
//! of the same idea, the one that Go's `net/rpc/jsonrpc` speaks, and what differs on the wire.
//!
//! # Layout
//!
//! * [`first`]: one call and its reply with nothing but `serde_json`. Begin here.
//! * [`json`]: bytes into a JSON value, strictly: no member twice, not too deep.
//! * [`services`]: the two services that everything here offers. No JSON-RPC is mentioned in it.
//! * [`v2`]: JSON-RPC 2.0 on `jsonrpc-core`, and the little that it lacks.
//! * [`go`]: the dialect of Go's `net/rpc/jsonrpc`, by hand.
//! * [`split`]: where one message ends: at a newline, or at the brace that closes the object.
//! * [`host`]: the server on TCP for both dialects: seats, deadlines, shutdown.
//! * [`http`]: the same 2.0 methods behind HTTP POST.
//! * [`client`]: a client for both dialects, with many calls under way on one connection.
//!
//! `main.rs` is the command line, `demo.rs` and `measure.rs` belong to it. Try
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
