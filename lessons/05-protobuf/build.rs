//! Turns the .proto files that this lesson uses into Rust.

#[path = "../../scripts/testkit/protos.rs"]
mod protos;

use std::io;

fn main() -> io::Result<()> {
    let files = protos::compile(&["greeter/v1/greeter.proto", "panda/v1/panda.proto"])?;
    prost_build::Config::new().compile_fds(files)
}
