//! The tests of lesson 14, one program.

#[allow(dead_code, reason = "the demo uses more of these than the tests")]
#[path = "../../demo/fleet.rs"]
mod fleet;
#[allow(dead_code, reason = "the demo uses more of these than the tests")]
#[path = "../../demo/load.rs"]
mod load;
#[allow(dead_code, reason = "the demo uses more of these than the tests")]
#[path = "../../demo/proof.rs"]
mod proof;
mod support;

mod calls;
mod command_line;
mod foreign;
mod instances;
mod killed_and_paused;
mod lies;
mod openapi;
mod schema;
mod time;
mod transcode;
mod web;
