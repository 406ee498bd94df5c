//! What this lesson shows: how to call a function in another program. A request has a method name, an argument
//! and an id; a reply has the same id and a value or an error. Both travel in the frames of lesson 01. Most of the
//! code is about what a local call does not have: replies in another order, unknown names, cancelled calls, and lost
//! connections.
//!
//! # Layout
//!
// ANCHOR: layout
//! For an evening, in this order: about 690 lines of code, 50 minutes. They follow a call from its bytes
//! to its method, and its reply back to the caller.
//!
//! 1. `greeter.rs`: the two services of this lesson, `hello` and `Panda`, as a user writes them (2 minutes).
//! 2. `message.rs`: request and reply, and their bytes. It mentions no socket (5 minutes).
//! 3. `service.rs`: services and methods, and dispatch by name (7 minutes).
//! 4. `writer.rs`: the only task that writes to a connection, so that two frames never mix (3 minutes).
//! 5. `server.rs`: a task for each connection and one for each call; limits (13 minutes).
//! 6. `client.rs`: the table of pending calls, and the task that reads replies (14 minutes).
//! 7. `http.rs`: RPC behind HTTP with `CONNECT`. Stretch (6 minutes).
// ANCHOR_END: layout
//!
//! `demo/` is the program `l02-rpc`: command line, demo and measurements, in two processes. Try
//! `cargo run -p l02-rpc`.

pub mod client;
pub mod greeter;
pub mod http;
pub mod message;
pub mod server;
pub mod service;
pub mod writer;
