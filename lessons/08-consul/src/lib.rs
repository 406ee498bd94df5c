//! What this lesson shows: a service registry with health checks.
//!
//! A readable Consul agent: the part of the HTTP API of Consul 1.8.7 that services and their callers
//! use. It is one node that is its own cluster. There is no gossip, no Raft, no DNS, no user interface,
//! no access control and no mesh; what is not here says so with 404 or 501.
//!
//! # Layout
//!
// ANCHOR: layout
//! For an evening, in this order: about 1890 lines of code, 125 minutes. They follow a registration on
//! its way in, a check that turns, and a caller that is woken by it.
//!
//! 1. What there is to know: `service.rs` and `check.rs`, `definition.rs` and `definition/check.rs`
//!    (what a registration may hold), `local.rs` (what this agent vouches for), `catalog.rs` and
//!    `catalog/lookup.rs` (what every caller may read).
//! 2. News: `store.rs` (the lock, the index, and the callers that wait for it).
//! 3. Health: `check/runner.rs` (when a check is tried), `check/tcp.rs` (one way to try),
//!    `check/results.rs` (what becomes of a result), `check/reap.rs` (what is removed in the end),
//!    `sync.rs` (the agent repairs the catalog).
//! 4. The API: `api.rs` (a table of paths), `api/call.rs` (one request, and the blocking query),
//!    `api/agent.rs`, `api/health.rs`, `refused.rs` (the answer to a bad one), `shared.rs` (what all
//!    parts share, and the changes that a caller can ask for), and `agent.rs`, which starts all of it.
//!    `lib.rs` is this page.
//!
//! For a second evening, the folder `extra/`, each file by itself: about 2170 lines, 145 minutes.
//! `extra/mod.rs` lists them.
//!
//! * The other ways to try: `extra/check.rs`, `extra/check/http.rs`, `extra/check/grpc.rs`,
//!   `extra/check/script.rs`.
//! * The key/value store: `extra/kv.rs` and `extra/api/kv.rs`.
//! * What is read from a folder: `extra/files.rs`. What is hidden on purpose: `extra/maintenance.rs`.
//! * The time, which a test can move: `extra/clock.rs`.
//! * HTTP and JSON as Consul has them: `extra/serve.rs`, `extra/path.rs`, `extra/decode.rs`,
//!   `extra/duration.rs`, `extra/parts.rs`, `extra/answer.rs`.
//! * More of the API: `extra/api.rs`, `extra/api/catalog.rs`, `extra/api/catalog_register.rs`,
//!   `extra/api/agent_self.rs`, `extra/api/agent_health.rs`, `extra/api/agent_more.rs`,
//!   `extra/api/health_more.rs`.
//! * The other side of the wire, for exercises: `extra/ask.rs`.
// ANCHOR_END: layout
//!
//! Lines without comments, blank lines and unit tests; a test keeps the numbers true. `demo/` is the
//! command line: the demo, three greeters, a name server's client, measuring.

pub mod agent;
pub mod api;
pub mod catalog;
pub mod check;
pub mod definition;
#[path = "../extra/mod.rs"]
pub mod extra;
pub mod local;
pub mod refused;
pub mod service;
pub mod shared;
pub mod store;
pub mod sync;

pub use extra::{ask, clock};
