//! Turns the .proto files that this lesson uses into Rust. The gateway itself needs none of them: they
//! are for the services behind it.

#[path = "../../scripts/testkit/protos.rs"]
mod protos;

use std::io;

fn main() -> io::Result<()> {
    let files = protos::compile(&[
        "user/v1/user.proto",
        "example/v1/example.proto",
        "every/v1/every.proto",
    ])?;
    tonic_prost_build::configure().compile_fds(files)
}
