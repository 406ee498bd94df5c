//! The tests of lesson 09, one program.

mod command_line;
mod consulrs;
mod foreign;
mod health;
mod keep;
mod registry;
mod support;
