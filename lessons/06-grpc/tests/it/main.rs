//! The tests of this lesson, one program.

mod calls;
mod command_line;
mod independent;
mod interop;
mod interop_client;
mod interop_npm;
mod layers;
mod limits;
mod retry;
mod services;
mod status;
mod support;
