//! Turns the .proto file of this lesson into Rust, and brings in the exercises that the site runs on: with
//! the feature `mine` the learner's own passed answers, else the solutions.

#[path = "../../scripts/testkit/build/mine.rs"]
mod mine;
#[path = "../../scripts/testkit/build/protos.rs"]
mod protos;

use std::io;

fn main() -> io::Result<()> {
    mine::parts(&["15-redis", "16-captcha"])?;
    let files = protos::compile(&["captcha/v1/captcha.proto"])?;
    tonic_prost_build::configure().compile_fds(files)
}
