//! What this lesson shows: values that expire, in a store that several programs share.
//! `demo/` is the command line; [`faults`] breaks a wire on purpose, [`decode`] reads its replies.
//!
//! # Layout
//!
// ANCHOR: layout
//! For an evening, in this order: about 1670 lines of code, 110 minutes.
//!
//! 1. A client, 5 minutes: `client.rs` (a connection with timeouts), `greet.rs` (the greeting call).
//! 2. What travels, 20 minutes: `resp.rs`, `resp/value.rs` (how answers are written), `resp/number.rs`,
//!    `resp/request.rs` (how a server reads requests from pieces).
//! 3. A readable Redis, 85 minutes: `server.rs` (the start, and what is bounded), `server/connection.rs`
//!    (one client), `server/session.rs` (its state, and its transaction),
//!    `server/command.rs` (what a command is), `server/commands.rs` (the table of them),
//!    `server/keyspace.rs` (the keys, and when they end), `server/state.rs` (what is shared, and why
//!    behind a mutex), `clock.rs` (the time, which a test can move). Then the commands, each file by
//!    itself: `server/commands/strings.rs`, `server/commands/ttl.rs`, `server/commands/keys.rs`,
//!    `server/commands/scan.rs`, `server/commands/transaction.rs`, `server/commands/client.rs`,
//!    `server/commands/about.rs`, `server/refused.rs` (errors).
// ANCHOR_END: layout

pub mod client;
pub mod clock;
#[path = "../demo/decode.rs"]
pub mod decode;
#[path = "../demo/faults.rs"]
pub mod faults;
pub mod greet;
pub mod resp;
pub mod server;
