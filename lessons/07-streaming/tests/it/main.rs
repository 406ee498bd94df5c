//! The tests of this lesson, one program.

mod alive;
mod command_line;
mod ends;
mod flow;
mod hostile;
#[path = "../../../06-grpc/tests/it/independent.rs"]
mod independent;
mod interop;
mod interop_client;
mod interop_server;
mod kinds;
mod running;
mod testing;
