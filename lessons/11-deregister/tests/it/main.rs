//! The tests of lesson 11, one program. The proofs are the program's own: here they have to come true.

mod away;
mod command_line;
#[path = "../../demo/fleet.rs"]
mod fleet;
mod hidden;
mod killed;
mod leaving;
#[path = "../../demo/proof/mod.rs"]
mod proof;
mod rolling;
mod support;
