//! The tests of lesson 12, one program.

mod command_line;
mod interop;
mod modes;
mod ran;
mod shares;
mod sockets;
mod spread;
mod support;
#[path = "../../demo/world/mod.rs"]
mod world;
