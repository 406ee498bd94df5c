//! The tests of lesson 08, one program: the conformance suite against the agent of this lesson and the
//! real Consul, and what holds for the agent alone.

mod agent;
mod clock;
mod command_line;
mod conformance;
mod crowd;
mod foreign;
mod hostile;
mod layout;
#[path = "../../demo/reading.rs"]
mod reading;
mod real;
mod store;
mod support;
