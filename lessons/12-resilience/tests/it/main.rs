//! The tests of lesson 12, one program.

mod command_line;
mod modes;
mod ran;
mod shares;
mod sockets;
mod spread;
mod strangers;
mod support;
#[path = "../../demo/world/mod.rs"]
mod world;
