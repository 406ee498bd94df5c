//! What this lesson shows: a gateway, the one address that a browser knows. It calls services that it does
//! not know when it is built.
//!
//! # Layout
//!
// ANCHOR: layout
//! For an evening, in this order: about 1880 lines of code, 130 minutes.
//!
//! 1. A web service, which knows what it calls: `web.rs` (routes, pages, limits) and `web/services.rs` (calls
//!    by name); `pb.rs` holds the types that the build made (15 minutes).
//! 2. The gateway, which does not: `gateway.rs` (one handler for all paths) and `gateway/find.rs` (from a
//!    path to a service in the registry) (27 minutes).
//! 3. What a service offers: `gateway/reflect.rs` (ask it), `gateway/schema.rs` (methods from its answer),
//!    `gateway/service.rs` (keep the answer, and follow the instances) (48 minutes).
//! 4. One request: `gateway/limits.rs` (what it may cost), `gateway/transcode.rs` (JSON to a message, with
//!    the name of the field that is wrong), `gateway/call.rs` (the call, with the time that remains),
//!    `gateway/status.rs` (the answer of a failure) (40 minutes).
//!
//! For a second evening, each file by itself, `extra/`: the values of the JSON mapping and the query of a
//! URL, server streams, the details of a status, and `/openapi.json`.
// ANCHOR_END: layout
//!
//! `demo/` is the program `l14-gateway`: the command line, the demo, the proof, and the two services that
//! are called. Try `cargo run -p l14-gateway`.

#[path = "../extra/mod.rs"]
mod extra;

pub mod gateway;
pub mod pb;
pub mod web;

pub use extra::{openapi, stream};
