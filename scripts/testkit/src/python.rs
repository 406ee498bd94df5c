//! The Python that strangers run on: any for lessons 01 and 02, one with packages for 05 to 07.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

/// What those packages are imported as.
const PACKAGES: &str = "import google.protobuf, grpc, grpc_health, grpc_reflection, grpc_status";

/// Any Python 3: `$PYTHON`, else `python3`.
///
/// # Panics
/// If there is none.
pub fn python() -> Command {
    let named = std::env::var_os("PYTHON").filter(|named| !named.is_empty());
    let name = named.unwrap_or_else(|| "python3".into());
    let mut probe = Command::new(&name);
    let probe = probe.arg("--version").stdout(Stdio::null()).status();
    assert!(
        probe.is_ok_and(|status| status.success()),
        "this test needs python3 on the PATH, or its path in $PYTHON"
    );
    Command::new(name)
}

/// A Python that has the packages of `lessons/*/interop/python/requirements.txt`: the one that
/// `scripts/test` makes below `target/tools/python`, else `$PYTHON` or `python3` if they have them.
///
/// # Panics
/// If there is none, with the command that makes one. A test that is skipped instead would be taken
/// for one that has passed.
pub fn python_with_packages() -> OsString {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let own = if cfg!(windows) {
        root.join("target/tools/python/Scripts/python.exe")
    } else {
        root.join("target/tools/python/bin/python")
    };
    if own.is_file() {
        return own.into();
    }
    let usual = std::env::var_os("PYTHON").filter(|named| !named.is_empty());
    let usual = usual.unwrap_or_else(|| "python3".into());
    let mut probe = Command::new(&usual);
    probe.args(["-c", PACKAGES]).stderr(Stdio::null());
    if probe.status().is_ok_and(|status| status.success()) {
        return usual;
    }
    panic!(
        "this test needs Python with grpcio. Make it in the folder of this repository (on Debian \
         and Ubuntu after: sudo apt-get install python3-venv):\n  python3 -m venv \
         target/tools/python && target/tools/python/bin/pip install -r \
         lessons/06-grpc/interop/python/requirements.txt"
    )
}
