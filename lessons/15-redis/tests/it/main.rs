//! The tests of lesson 15, one program: the server against the real Redis byte by byte, its limits, its
//! clients, and the command line.

mod both;
mod client;
mod command_line;
mod crowd;
mod expiry;
mod foreign;
mod hostile;
mod protocol;
mod random;
mod serve;
mod solutions;
mod support;
