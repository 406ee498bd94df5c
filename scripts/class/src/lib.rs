//! A class on one laptop: the teacher's server with its board, and what a learner's machine sends to it.
//!
//! Teacher's side: [`serve`] accepts connections, [`routes`] answers requests, [`store`] keeps the records in SQLite,
//! [`room`] and [`poll`] change them, [`views`] makes what the pages show. Learner's side: [`member`] keeps the key and
//! reads the attempt log, [`client`] sends. Both sides share [`protocol`], [`code`], [`tls`] and [`certificate`].

pub mod certificate;
pub mod client;
pub mod code;
pub mod commands;
pub mod course;
pub mod export;
pub mod hand_in;
pub mod join;
pub mod mdns;
pub mod member;
pub mod open;
pub mod other;
pub mod poll;
pub mod protocol;
pub mod rates;
pub mod report;
pub mod review;
pub mod review_page;
pub mod room;
pub mod routes;
pub mod serve;
pub mod simulate;
// The runner's own file: a dependency on the runner would compile all of it for a class.
#[path = "../../workbook/src/status.rs"]
pub mod status;
pub mod store;
pub mod tls;
pub mod views;

use std::time::{SystemTime, UNIX_EPOCH};

/// A number with its noun: `1 learner`, `2 learners`.
pub fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Seconds since 1970-01-01 UTC.
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
