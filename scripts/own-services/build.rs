//! Turns greeter.proto and stream.proto into Rust.

#[path = "../testkit/build/protos.rs"]
mod protos;

use std::io;

fn main() -> io::Result<()> {
    let files = protos::compile(&["greeter/v1/greeter.proto", "stream/v1/stream.proto"])?;
    tonic_prost_build::configure().compile_fds(files)
}
