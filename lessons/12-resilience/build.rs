//! Turns the .proto file of this lesson into Rust.

#[path = "../../scripts/testkit/build/protos.rs"]
mod protos;

use std::io;

fn main() -> io::Result<()> {
    let files = protos::compile(&["arith/v1/arith.proto"])?;
    tonic_prost_build::configure().compile_fds(files)
}
