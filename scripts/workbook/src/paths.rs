//! Where the runner keeps what it builds.

use std::path::{Path, PathBuf};

/// Cargo's target directory for the workspace in `root`, as far as the runner itself needs a place under it:
/// `CARGO_TARGET_DIR` if that is set, else `target/`.
pub fn target_dir(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir))
}
