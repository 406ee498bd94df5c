//! Compiles `testkit` once for all fixture courses: each of them has a target directory of its own, and would compile
//! it anew. Cargo takes the compiled crate for its own, because `testkit` lies outside of every fixture.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The folders of a target directory that hold what was compiled, and what it was compiled from.
const FOLDERS: [&str; 2] = ["deps", ".fingerprint"];

/// Puts the compiled `testkit` into the target directories that the fixture course in `root` will have: its own, and
/// the one in which `verify` works.
pub fn seed(root: &Path) {
    let first = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fixture");
    fs::create_dir_all(&first).unwrap();
    // One test compiles, the others wait for it.
    let lock = fs::File::create(first.join("lock")).unwrap();
    lock.lock().unwrap();
    super::copy(&root.join("lessons"), &first.join("lessons"));
    super::copy(&root.join("scripts"), &first.join("scripts"));
    fs::copy(root.join("Cargo.toml"), first.join("Cargo.toml")).unwrap();
    let built = Command::new("cargo")
        .args(["build", "--quiet", "--offline", "--package", "testkit"])
        .args(["--target-dir", "target"])
        .current_dir(&first)
        .output()
        .unwrap();
    assert!(built.status.success(), "{built:?}");
    for target in ["target", "target/workbook/verify-target"] {
        for folder in FOLDERS {
            let from = first.join("target/debug").join(folder);
            link(&from, &root.join(target).join("debug").join(folder));
        }
    }
}

/// Links all that belongs to `testkit` from one folder into another.
fn link(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if !entry.file_name().to_string_lossy().contains("testkit") && from.ends_with("deps") {
            continue;
        }
        if path.is_dir() {
            link(&path, &target);
        } else {
            fs::hard_link(&path, &target)
                .or_else(|_| fs::copy(&path, &target).map(drop))
                .unwrap();
        }
    }
}
