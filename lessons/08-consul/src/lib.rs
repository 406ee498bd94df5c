//! What this lesson shows: a phone book that checks who is alive.
//!
//! A readable Consul agent: the part of the HTTP API of Consul 1.8.7 that services and their callers
//! use. It is one node that is its own cluster. There is no gossip, no Raft, no DNS, no user interface,
//! no access control and no mesh; what is not here says so with 404 or 501.
//!
//! # Layout
//!
//! From the outside in:
//!
//! * [`agent`]: what starts the parts and ends them; [`serve`] accepts connections.
//! * [`api`]: the paths, one file a family: agent, catalog, health, kv;
//!   [`filter`] is the language of `?filter=`.
//! * [`definition`]: a registration, read and judged; [`decode`] and [`duration`] read its JSON,
//!   [`files`] reads it from a directory, [`refused`] is the answer to a bad one.
//! * [`local`]: what this agent runs; [`check`]: the ways to find out how it is; [`results`]: what
//!   becomes of an answer; [`reap`]: who takes away what stays ill; [`maintenance`]: who hides on purpose.
//! * [`catalog`] and [`kv`]: what everyone may ask for, of [`service`]s and keys.
//! * [`store`]: the lock around all that, the index, and those who wait for it.
//! * [`journal`]: what outlives a restart; [`clock`]: the time, which a test can move.
//! * [`ask`]: the other side, for demos and exercises: one question to any agent.

pub mod agent;
pub mod api;
pub mod ask;
pub mod base64;
pub mod catalog;
pub mod check;
pub mod clock;
pub mod decode;
pub mod definition;
pub mod duration;
pub mod files;
pub mod filter;
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
