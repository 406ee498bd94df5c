//! Turns the .proto files that this lesson uses into Rust. The gateway itself needs none of them: they
//! are for the services behind it. With the feature `mine` it also brings in the learner's own answer.

#[path = "../../scripts/testkit/build/mine.rs"]
mod mine;
#[path = "../../scripts/testkit/build/protos.rs"]
mod protos;

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    mine::main()?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    // A service tells by reflection what it has, and not what its neighbours have.
    for package in ["user", "example"] {
        protos::compile(&[&format!("{package}/v1/{package}.proto")])?;
        fs::rename(
            out.join("descriptors.bin"),
            out.join(format!("{package}.bin")),
        )?;
    }
    let all = protos::compile(&[
        "user/v1/user.proto",
        "example/v1/example.proto",
        "every/v1/every.proto",
    ])?;
    tonic_prost_build::configure().compile_fds(all)
}
