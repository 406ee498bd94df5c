//! Turns the .proto files that this lesson adds into Rust; with the feature `mine` it also brings in
//! the learner's own answers.

#[path = "../../scripts/testkit/build/mine.rs"]
mod mine;
#[path = "../../scripts/testkit/build/protos.rs"]
mod protos;

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    mine::main()?;

    // gRPC's own interoperability service is for the tests, and the catalog for an exercise. Each has a set of
    // its own, so that reflection does not list a service that this server does not have.
    let files = protos::compile(&["grpc/testing/test.proto"])?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    fs::rename(out.join("descriptors.bin"), out.join("testing.bin"))?;
    let testing = tonic_prost_build::configure().generate_default_stubs(true);
    testing.compile_fds(files)?;

    let files = protos::compile(&["catalog/v1/catalog.proto"])?;
    tonic_prost_build::configure().compile_fds(files)?;

    let files = protos::compile(&["stream/v1/stream.proto"])?;
    tonic_prost_build::configure().compile_fds(files)
}
