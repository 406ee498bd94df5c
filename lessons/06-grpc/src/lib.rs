//! What this lesson shows: a contract in a .proto file, a server and a client made from it, and what every
//! call has besides its message: a status, metadata, a deadline, a token.
//!
//! # Layout
//!
// ANCHOR: layout
//! For an evening, in this order: about 75 minutes.
//!
//! 1. The contract and the services, 10 minutes: `pb.rs` (what the build made of the .proto files),
//!    `services/greeter.rs` (one method), `services/refuse.rs` (a status with details),
//!    `services/hello.rs` and `services/say.rs` (three more services).
//! 2. The server, 20 minutes: `server.rs` (all services behind one port, with reflection, health and
//!    limits), `server/connection_limit.rs` (the limit of connections, and the time for their first bytes).
//! 3. Code around every call, 25 minutes: `layers/middleware.rs` (a middleware made of an async function),
//!    `layers/metadata.rs` (a number for each call), `layers/deadline.rs` (`grpc-timeout`),
//!    `layers/guard.rs` (the token), `layers/work.rs` (work that ends with its call).
//! 4. The client, 20 minutes: `client.rs` (one channel for everything), `retry.rs` (which call may be made
//!    again, and when), `status.rs` (tonic's codes, normalized to those of the specification).
// ANCHOR_END: layout
//!
//! The binary is in `demo/`; try `cargo run -p l06-grpc`.

pub mod client;
mod layers {
    pub mod deadline;
    pub mod guard;
    pub mod metadata;
    pub mod middleware;
    pub mod work;
}
pub mod pb;
pub mod retry;
pub mod server;
mod services {
    pub mod greeter;
    pub mod hello;
    pub mod refuse;
    pub mod say;
}
pub mod status;

use layers::work;
pub use layers::{deadline, guard, metadata, middleware};
pub use services::{greeter, hello, refuse, say};
