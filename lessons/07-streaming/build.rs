//! Turns the .proto files that this lesson adds into Rust; with the feature `mine` it also brings in
//! the learner's own answers.

#[path = "../../scripts/testkit/mine.rs"]
mod mine;
#[path = "../../scripts/testkit/protos.rs"]
mod protos;

use std::io;

fn main() -> io::Result<()> {
    mine::main()?;
    let files = protos::compile(&["stream/v1/stream.proto"])?;
    tonic_prost_build::configure().compile_fds(files)
}
