//! What the tests share: our server as a process of its own, and strangers that must be found
//! or installed before they can talk to it.

#![allow(dead_code, reason = "each test file uses a part of this")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use testkit::program::Server;

/// The folder of the .proto files.
pub fn protos() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto")
}

/// `l05-protobuf` as a server.
pub fn ours(more: &[&str]) -> Server {
    let mut command = Command::new(env!("CARGO_BIN_EXE_l05-protobuf"));
    Server::start(command.args(["server", "--addr", "127.0.0.1:0"]).args(more))
}

// ---- strangers. One that is missing fails the test: one that quietly tests nothing would be worse.

fn interop(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("interop")
        .join(part)
}

/// Python with a program of `interop/python`, given the descriptors that the build wrote.
pub fn python(file: &str) -> Command {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/python/bin/python");
    let python = std::env::var_os("PYTHON").map_or(ours, PathBuf::from);
    let found = Command::new(&python)
        .args(["-c", "import google.protobuf"])
        .output();
    assert!(
        found.is_ok_and(|found| found.status.success()),
        "this test needs Python with the packages of \
         lessons/05-protobuf/interop/python/requirements.txt. `scripts/test setup` installs them in \
         target/tools/python; another Python can be named in $PYTHON"
    );
    let mut command = Command::new(python);
    command
        .arg(interop("python").join(file))
        .arg(concat!(env!("OUT_DIR"), "/descriptors.bin"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// The linter of the .proto files, installed once below `target/`.
pub fn buf() -> Command {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    let missing = "this test needs Node.js 18 or newer and npm. On Debian and Ubuntu: sudo apt-get \
                   install nodejs npm";
    let dir = INSTALLED.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("buf");
        std::fs::create_dir_all(&target).unwrap();
        for name in ["package.json", "package-lock.json", ".npmrc"] {
            std::fs::copy(interop("npm").join(name), target.join(name)).unwrap();
        }
        let lock = std::fs::read(target.join("package-lock.json")).unwrap();
        let done = target.join("installed.json");
        if std::fs::read(&done).ok().as_ref() != Some(&lock) {
            let mut install = Command::new("npm");
            install
                .args([
                    "ci",
                    "--ignore-scripts",
                    "--no-audit",
                    "--no-fund",
                    "--silent",
                ])
                .current_dir(&target);
            let output = install.output();
            let output = output.unwrap_or_else(|error| panic!("{missing}: {error}"));
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{missing}?\n{errors}");
            std::fs::write(done, lock).unwrap();
        }
        target
    });
    let mut command = Command::new(dir.join("node_modules/.bin/buf"));
    command.current_dir(protos());
    command
}
