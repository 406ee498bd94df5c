//! What this lesson shows: how two programs talk over one TCP connection, and what can go wrong
//! on the way. A client dials, writes a name, reads `NAME hello world`; everything else in here is
//! about the three things a stream of bytes does not have: an end for each message, an end for
//! waiting, and an end for what a stranger may cost.
//!
//! # Layout
//!
//! * [`first`]: the bare calls, once each. Begin here.
//! * [`protocol`]: the rules of the conversation. No socket is mentioned in it, so both servers
//!   share it and it is tested without a network.
//! * [`blocking`]: server and client on `std::net`, one thread for each client.
//! * [`guests`]: what the blocking server needs to know about its open connections so that it can
//!   count them, end the slow ones, and stop.
//! * [`nonblocking`]: the same server and client on tokio. Compare it with [`blocking`] side by side.
//! * [`frame`]: messages that may hold any bytes: the length first. Lesson 02 builds on it.
//! * [`listen`]: what makes a program of a server; [`ladder`]: what its calls are measured with.
//!
//! `main.rs` is the command line, `demo.rs` and `measure.rs` belong to it: they run all of this in
//! two processes and tell what they see. Try `cargo run -p l01-tcp`.

pub mod blocking;
pub mod first;
pub mod frame;
pub mod guests;
pub mod ladder;
pub mod listen;
pub mod nonblocking;
pub mod protocol;
