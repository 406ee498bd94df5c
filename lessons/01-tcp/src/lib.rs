//! What this lesson shows: how two programs talk over one TCP connection, and what can go wrong
//! on the way. A client connects, writes a name, reads `NAME hello world`. Everything else in here is
//! about three things that a stream of bytes does not have: an end for each message, a limit for
//! waiting, and a limit for what one client may cost.
//!
//! # Layout
//!
// ANCHOR: layout
//! For an evening, in this order: about 630 lines of code, 45 minutes.
//!
//! 1. `first.rs`: the eight calls that a server and a client are made of, once each (2 minutes).
//! 2. `protocol.rs`: the rules of the conversation. It mentions no socket, so both servers share it, and
//!    its tests need no network (8 minutes).
//! 3. `blocking.rs`: server and client on `std::net`, one thread for each client (10 minutes).
//! 4. `limit.rs`: the list with which the blocking server limits its connections, ends slow ones, and
//!    stops (7 minutes).
//! 5. `nonblocking.rs`: the same server and client on tokio. Read it beside `blocking.rs` (10 minutes).
//! 6. `frame.rs`: messages that may hold any bytes, because their length comes first. Lesson 02 builds
//!    on it (8 minutes).
// ANCHOR_END: layout
//!
//! `demo/` is the program `l01-tcp`: command line, demo and measurements, in two processes. Try
//! `cargo run -p l01-tcp`.

pub mod blocking;
pub mod first;
pub mod frame;
pub mod limit;
pub mod nonblocking;
pub mod protocol;
