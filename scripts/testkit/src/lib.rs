//! What checks and lesson tests share: a situation with a name, peers that never wait for ever,
//! and failures that say which belief was wrong instead of `assertion failed`.
//!
//! Only the standard library is used here. A learner waits for this crate to be linked on every
//! save, and a check that needs tokio can bring it along itself.
//!
//! # Layout
//!
//! * [`case`] runs one situation and turns a panic in *any* thread or task into a failed check.
//! * [`Peer`] is the other end of a TCP connection; every read and write has a deadline.
//! * [`Pieces`] plays a connection without a socket: reads return exactly the pieces you list.
//! * [`View`] shows values the way a learner should see them, bytes above all.
//! * [`advice`] turns network errors into a sentence; [`On`] replaces it where a check knows better.
//! * [`driven`] is time that a check drives: an hour takes no time.
//! * [`schedules`] runs one situation in many orders of its events, and tells the shortest one that fails.
//! * [`fuzz`] makes noise for decoders, as much as a budget allows.
//! * [`Report`] is the text of a failure: situation, details in two columns, advice.
//! * [`consul`] finds the real Consul and starts it, [`etcd`] an etcd or a cluster of three, [`redis`] a
//!   Redis, each a [`server::Server`]; [`Guarded`] ends a program with this process, and [`free_port`] is for those who need a number.
//! * [`program`] runs programs, or starts them and listens to what they say.
//! * [`without_outer_cargo`] is for a program that calls cargo.
//! * [`mine`] serves an answer that has passed to any client; no check uses it.
//! * [`python`] and [`python_with_packages`] find the Python for strangers; [`npm_packages`] installs
//!   what those on Node.js need.

pub mod advice;
mod cargo;
mod case;
pub mod consul;
pub mod driven;
pub mod envoy;
pub mod etcd;
pub mod fuzz;
mod guarded;
mod hook;
pub mod mine;
mod npm;
mod peer;
mod pieces;
pub mod program;
pub mod prometheus;
mod python;
pub mod redis;
mod report;
mod running;
pub mod schedule;
mod scratch;
pub mod server;
mod view;

/// Tests that are one call each, by their names: `the_real_redis_that_hangs_is_not_up: lives::hangs("redis");`.
#[macro_export]
macro_rules! tests {
    ($($name:ident: $call:expr;)*) => {
        $(#[test]
        fn $name() {
            $call;
        })*
    };
}

pub use advice::{On, Trouble};
pub use cargo::without_outer_cargo;
pub use case::{Case, case};
pub use guarded::Guarded;
pub use npm::npm_packages;
pub use peer::{Listening, PATIENCE, Peer};
pub use pieces::Pieces;
pub use python::{python, python_with_packages};
pub use report::Report;
pub use running::{Running, Serving};
pub use schedule::{Schedule, schedules};
pub use scratch::free_port;
pub use view::{View, seconds, view_bytes};
