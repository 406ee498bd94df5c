//! Python programs with grpcio. Lesson 07 takes this file in as well.

use std::path::Path;
use std::process::Command;

/// `interop/python/FILE` of this lesson.
pub fn python(file: &str) -> Command {
    let mut command = Command::new(testkit::python_with_packages());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/python");
    command
        // Each line at once, and no `__pycache__` beside the lesson.
        .args(["-u", "-B"])
        .arg(script.join(file))
        .env("PYTHONIOENCODING", "utf-8")
        // A handshake that must fail needs no remark of the library.
        .env("GRPC_VERBOSITY", "ERROR");
    command
}
