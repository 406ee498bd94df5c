//! The build script for the stages with gRPC. It turns .proto files of the course into Rust. In Cargo.toml, take
//! away the `#` before `build` and before the dependencies of gRPC. Then `tonic::include_proto!("greeter.v1")`
//! is the code, and `tonic::include_file_descriptor_set!("descriptors")` is what the reflection service needs.

use std::error::Error;
use std::path::PathBuf;

use protox::prost_reflect::prost::Message;

fn main() -> Result<(), Box<dyn Error>> {
    let files = protox::compile(
        ["greeter/v1/greeter.proto", "stream/v1/stream.proto"],
        ["../proto"],
    )?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("descriptors.bin"), files.encode_to_vec())?;
    tonic_prost_build::configure().compile_fds(files)?;
    println!("cargo::rerun-if-changed=../proto");
    Ok(())
}
