//! A second evening: what makes the agent useful to real clients, each file by itself. `agent.rs` puts it
//! beside the first evening's.

pub mod answer;
pub mod api;
pub mod ask;
pub mod check;
pub mod clock;
pub mod decode;
pub mod duration;
pub mod files;
pub mod kv;
pub mod maintenance;
pub mod parts;
pub mod path;
pub mod serve;
