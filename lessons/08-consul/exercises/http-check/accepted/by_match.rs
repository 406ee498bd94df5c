//! Accepted: a `match` over both facts, with 500 for critical, 204 for passing, and a fraction for the limit.

// Given in given.rs, beside this file: `Load`.
pub use super::given::*;

pub fn health(load: &Load) -> (u16, String) {
    let filled = load.queued as f64 / load.capacity as f64;
    match (load.database_answers, filled >= 0.75) {
        (false, _) => (500, String::from("no database")),
        (true, true) => (429, format!("busy: {} requests wait", load.queued)),
        (true, false) => (204, String::new()),
    }
}
