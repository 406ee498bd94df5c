//! What this lesson shows: a phone book that checks who is alive.
//!
//! A readable Consul agent: the part of the HTTP API of Consul 1.8.7 that services and their callers
//! use. It is one node that is its own cluster. There is no gossip, no Raft, no DNS, no user interface,
//! no access control and no mesh; what is not here says so with 404 or 501.
//!
//! # Layout
//!
// ANCHOR: layout
//! For an evening, in the order in which it is best read: about 2140 lines of code. They follow a
//! registration on its way in, a check that turns, and a caller who is woken by it.
//!
//! 1. What there is to know: `service.rs` and `check.rs`, `definition.rs` and `definition/check.rs`
//!    (what one may ask for), `local.rs` (what this agent vouches for), `catalog.rs` and
//!    `catalog/lookup.rs` (what everyone may read).
//! 2. Who is told: `store.rs` (the lock, the index, and those who wait for it).
//! 3. Who is alive: `check/runner.rs` (when a check is tried), `check/tcp.rs` (one way to try),
//!    `results.rs` (what becomes of an answer), `reap.rs` (who takes away what stays ill),
//!    `maintenance.rs` (who hides on purpose).
//! 4. How one asks: `api.rs` (all paths), `api/call.rs` (one request, and the blocking query),
//!    `api/agent.rs`, `api/health.rs`, `refused.rs` (the answer to a bad one), `serve.rs` (who gets in),
//!    and `agent.rs`, which starts all of it.
//!
//! For a second evening, each file by itself: about 2070 lines.
//!
//! * The other ways to try: `check/http.rs`, `check/grpc.rs`, `check/script.rs`.
//! * The key/value store: `kv.rs` and `api/kv.rs`.
//! * What outlives a restart, and what is read from a folder: `journal.rs`, `files.rs`.
//! * The time, which a test can move: `clock.rs`.
//! * JSON in Go's words: `decode.rs`, `duration.rs`, `definition/parts.rs`, `api/answer.rs`.
//! * More of the API: `api/catalog.rs`, `api/catalog_register.rs`, `api/agent_self.rs`,
//!   `api/agent_health.rs`, `api/path.rs`.
// ANCHOR_END: layout
//!
//! Not part of the agent: [`ask`], the other side, which demos and exercises use.
//!
//! Lines without comments, blank lines and unit tests; a test keeps the numbers true.

pub mod agent;
pub mod api;
pub mod ask;
pub mod catalog;
pub mod check;
pub mod clock;
pub mod decode;
pub mod definition;
pub mod duration;
pub mod files;
pub mod journal;
pub mod kv;
pub mod local;
pub mod maintenance;
pub mod reap;
pub mod refused;
pub mod results;
pub mod serve;
pub mod service;
pub mod store;
