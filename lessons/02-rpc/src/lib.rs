//! What this lesson shows: how to call a function that lives in another program. A call gets a
//! name, `hello.HelloWorld`, a number, and a place for errors, and all of it travels in the frames
//! of lesson 01. Then everything that a call in one program never has to think about: answers out
//! of order, a method that fails, a wrong name, a caller who no longer waits, a line that is dead.
//!
//! # Layout
//!
//! * [`message`]: what a call looks like in bytes. No socket is mentioned in it.
//! * [`service`]: methods under names, and how a call finds the right one.
//! * [`server`]: connections in, calls out to the methods, replies back as they get ready.
//! * [`client`]: many calls in flight on one connection, each waiting for the reply with its number.
//! * [`outbox`]: the one task that writes, on both sides, so that frames are never torn.
//! * [`http`]: the same calls behind a web server's door, on one port with it.
//! * [`greeter`]: the two services of this lesson, `hello` and `Panda`.
//! * [`listen`]: what makes a program of a server; nothing about calls.
//!
//! `main.rs` is the command line; `demo.rs`, `story.rs`, `peer.rs` and `measure.rs` belong to it: they
//! run all of this in two processes and tell what they see. Try `cargo run -p l02-rpc`.

pub mod client;
pub mod greeter;
pub mod http;
pub mod listen;
pub mod message;
pub mod outbox;
pub mod server;
pub mod service;
