//! The part that the build scripts of lessons with .proto files share. A build script takes it in
//! with `#[path = "../../scripts/testkit/protos.rs"] mod protos;`.
//!
//! No `protoc` is needed: `protox` is a compiler for .proto files that is written in Rust.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use protox::prost_reflect::prost::Message;
use protox::prost_reflect::prost_types::FileDescriptorSet;

/// Reads `files` (paths below `proto/`) and all that they import. The same set also goes to
/// `$OUT_DIR/descriptors.bin`: reflection and foreign peers read it there.
///
/// A mistake in one of them is told to cargo as `FILE:LINE:COLUMN: reason`, and ends the build script.
///
/// # Errors
/// If the set cannot be written.
pub fn compile(files: &[&str]) -> io::Result<FileDescriptorSet> {
    let root: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "proto"]
        .iter()
        .collect();
    println!("cargo::rerun-if-changed={}", root.display());
    match protox::compile(files, [&root]) {
        Ok(set) => {
            let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
            fs::write(out.join("descriptors.bin"), set.encode_to_vec())?;
            Ok(set)
        }
        Err(error) => {
            for line in reasons(&error, &root) {
                println!("cargo::error={line}");
            }
            std::process::exit(1);
        }
    }
}

fn reasons(error: &protox::Error, _root: &Path) -> Vec<String> {
    vec![format!("{error:?}").replace('\n', " ")]
}
