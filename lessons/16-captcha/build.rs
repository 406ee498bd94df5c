//! Turns the .proto file of this lesson into Rust; with the feature `mine` it also brings in the
//! learner's own answers.

#[path = "../../scripts/testkit/protos.rs"]
mod protos;

use std::io;

fn main() -> io::Result<()> {
    let files = protos::compile(&["captcha/v1/captcha.proto"])?;
    tonic_prost_build::configure().compile_fds(files)
}
