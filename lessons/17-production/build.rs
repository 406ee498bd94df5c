//! Turns the part of Envoy's xDS API that this lesson uses into Rust.

#[path = "../../scripts/testkit/build/protos.rs"]
mod protos;

use std::io;

fn main() -> io::Result<()> {
    let files = protos::compile(&["envoy/service/discovery/v3/subset.proto"])?;
    tonic_prost_build::configure().compile_fds(files)
}
