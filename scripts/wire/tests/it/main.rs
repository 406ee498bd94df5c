//! The real binary between real sockets, one test program.

mod chaos;
mod common;
mod control;
mod foreign;
mod forwarding;
mod grpc;
mod redis;
mod screen;
