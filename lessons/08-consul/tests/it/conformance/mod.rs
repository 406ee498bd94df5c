//! The conformance suite for both servers: what lessons and foreign clients rely on, as the real Consul 1.8.7
//! does it. A case is a plain function with the promise as its name. It uses names of its own, so that all of
//! them run at the same time against one server; `fresh` in its area starts one for it alone.
//!
//! [`judge`] runs them all, and names every one that fails. `CASE=kv:: cargo test -p l08-consul suite` runs
//! those with these letters in their names.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;

use crate::support::Http;
use crate::support::side::Fresh;

/// A promise: its name with its area, and the function that looks whether a server keeps it.
pub type Case = (&'static str, fn(&Http));

/// The cases of an area. Each function is one, so that none is left out.
macro_rules! cases {
    ($($(#[$meta:meta])* fn $case:ident($http:ident: &Http) $body:block)*) => {
        $($(#[$meta])* fn $case($http: &Http) $body)*

        pub const CASES: &[$crate::conformance::Case] =
            &[$((concat!(module_path!(), "::", stringify!($case)), $case),)*];
    };
}

mod blocking;
mod catalog;
mod checks;
mod common;
mod definitions;
mod filters;
mod health;
mod itself;
mod kv;
mod maintenance;
pub mod reaping;
mod refused;
mod services;

/// What both sides promise to a client.
pub const SHARED: &[&[Case]] = &[
    kv::CASES,
    services::CASES,
    health::CASES,
    catalog::CASES,
    blocking::CASES,
    checks::CASES,
    maintenance::CASES,
    itself::CASES,
    refused::CASES,
    filters::CASES,
];

/// What they promise about definition files: each case starts servers of its own.
pub const DEFINITIONS: &[&[Case]] = &[definitions::CASES];

/// Starts one server, runs the cases of `areas` against it, so many at once, and fails with the names of all that failed.
/// The reason of each is printed where it failed.
pub fn judge(fresh: Fresh, areas: &[&[Case]], at_once: usize) {
    let wanted = std::env::var("CASE").unwrap_or_default();
    let cases = areas.concat();
    let cases = cases.iter().filter(|(name, _)| name.contains(&wanted));
    let queue: Mutex<VecDeque<&Case>> = Mutex::new(cases.collect());
    let count = queue.lock().unwrap().len();
    let server = fresh(None, None).unwrap_or_else(|trouble| panic!("{trouble}"));
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().pop_front();
                    let Some((name, case)) = next else { break };
                    if catch_unwind(AssertUnwindSafe(|| case(&server))).is_err() {
                        println!("FAILED  {name}");
                        failed.lock().unwrap().push(*name);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    let names = failed.join("\n  ");
    assert!(
        failed.is_empty(),
        "{} of {count} cases failed:\n  {names}",
        failed.len()
    );
    println!("{count} cases");
}
