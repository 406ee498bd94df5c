//! Turns the .proto file of this lesson into Rust. With the feature `mine` it also writes `mine.rs`, which puts
//! the learner's own passed answers in the place of this lesson's functions.

#[path = "build/mine.rs"]
mod mine;
#[path = "../../scripts/testkit/build/protos.rs"]
mod protos;

use std::io;

fn main() -> io::Result<()> {
    mine::write()?;
    let files = protos::compile(&["captcha/v1/captcha.proto"])?;
    tonic_prost_build::configure().compile_fds(files)
}
