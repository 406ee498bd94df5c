//! What this lesson shows: state with an expiry date, in a store that several programs share.
//! `demo/` is the command line; [`faults`] breaks a wire on purpose, [`decode`] reads its replies.
//!
//! # Layout
//!
// ANCHOR: layout
//! For an evening, in this order: about 1840 lines of code, 125 minutes.
//!
//! 1. A client, 10 minutes: `client.rs` (a connection with deadlines), `greet.rs` (the greeting call).
//! 2. What travels, 35 minutes: `resp.rs`, `resp/value.rs` (how answers are written), `resp/number.rs`,
//!    `resp/request.rs` (how a server reads requests from pieces).
//! 3. A readable Redis, 80 minutes: `server.rs` (the start, and what is bounded), `server/connection.rs`
//!    (one client), `server/session.rs` (what it has said before, and its transaction),
//!    `server/command.rs` (what a command is), `server/commands.rs` (the table of them),
//!    `server/keyspace.rs` (the keys, and when they end), `server/state.rs` (what is shared, and why
//!    behind a mutex), `clock.rs` (the time, which a test can move). Then the commands, each file by
//!    itself: `server/commands/strings.rs`, `server/commands/ttl.rs`, `server/commands/keys.rs`,
//!    `server/commands/scan.rs`, `server/commands/transaction.rs`, `server/commands/client.rs`,
//!    `server/commands/about.rs`, `server/refused.rs` (errors), `server/glob.rs` (patterns).
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
