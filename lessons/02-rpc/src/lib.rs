//! What this lesson shows: how to call a function that lives in another program. A call gets a
//! name, `hello.HelloWorld`, a number, and a place for errors, and all of it travels in the frames
//! of lesson 01. Then everything that a call in one program never has to think about: answers out
//! of order, a method that fails, a wrong name, a caller that no longer waits, a dead connection.
//!
//! # Layout
//!
// ANCHOR: layout
//! For an evening, in this order: about 690 lines of code, 50 minutes. They follow a call from its bytes
//! to its method, and its reply back to the caller.
//!
//! 1. `greeter.rs`: the two services of this lesson, `hello` and `Panda`, as a user writes them (2 minutes).
//! 2. `message.rs`: what a call and its reply look like in bytes. It mentions no socket (5 minutes).
//! 3. `service.rs`: methods under names, and how a call finds the right one (7 minutes).
//! 4. `outbox.rs`: the one task that writes to a connection, on both sides, so that frames are never
//!    torn (3 minutes).
//! 5. `server.rs`: connections in, calls out to the methods, replies back as they get ready (13 minutes).
//! 6. `client.rs`: many calls in flight on one connection; each waits for the reply with its number
//!    (14 minutes).
//! 7. `http.rs`: the same calls on one port with a web server, reached by `CONNECT` (6 minutes).
// ANCHOR_END: layout
//!
//! `demo/` is the program `l02-rpc`: command line, demo and measurements, in two processes. Try
//! `cargo run -p l02-rpc`.

pub mod client;
pub mod greeter;
pub mod http;
pub mod message;
pub mod outbox;
pub mod server;
pub mod service;
