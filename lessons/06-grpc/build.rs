//! Turns the .proto files that this lesson uses into Rust; with the feature `mine` it also brings in
//! the learner's own answers.

#[path = "../../scripts/testkit/build/mine.rs"]
mod mine;
#[path = "../../scripts/testkit/build/protos.rs"]
mod protos;

use std::io;

fn main() -> io::Result<()> {
    mine::main()?;
    let files = protos::compile(&[
        "greeter/v1/greeter.proto",
        "hello/v1/hello.proto",
        "say/v1/say.proto",
    ])?;
    tonic_prost_build::configure().compile_fds(files)
}
