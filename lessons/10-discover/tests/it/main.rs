//! The tests of lesson 10, one program.

mod cache;
mod caller;
mod closed;
mod command_line;
mod follow;
mod health;
mod support;
