//! Shared by the tests: our server as a process of its own, and independent programs that must be found or installed
//! first.

use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::program::{Binary, Server};

/// The folder of the .proto files.
pub fn protos() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto")
}

pub const L05: Binary = Binary(env!("CARGO_BIN_EXE_l05-protobuf"));

/// `l05-protobuf` as a server.
pub fn ours(more: &[&str]) -> Server {
    L05.server(more)
}

// ---- independent programs

/// Python with a program of `interop/python`, given the descriptors that the build wrote.
pub fn python(file: &str) -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/python");
    let mut command = Command::new(testkit::python_with_packages());
    command
        .arg(script.join(file))
        .arg(concat!(env!("OUT_DIR"), "/descriptors.bin"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// The linter of the .proto files.
pub fn buf() -> Command {
    let packages = testkit::npm_packages(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(packages.join("node_modules/.bin/buf"));
    command.current_dir(protos());
    command
}
