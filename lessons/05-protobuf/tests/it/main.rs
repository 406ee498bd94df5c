//! All tests of this lesson, linked as one program.

mod command_line;
mod differential;
mod fuzz;
#[allow(
    clippy::cast_possible_truncation,
    reason = "the dice may lose what they like"
)]
mod generated;
mod interop;
mod schema;
mod support;
