//! The part that the build scripts of lessons with .proto files share. A build script takes it in
//! with `#[path = "../../scripts/testkit/build/protos.rs"] mod protos;`, and so does a test of lesson 05.
//!
//! No `protoc` is needed: `protox` is a compiler for .proto files that is written in Rust.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use protox::prost_reflect::prost::Message;
use protox::prost_reflect::prost_types::FileDescriptorSet;

/// Reads `files` (paths below `proto/`) and all that they import. The same set also goes to
/// `$OUT_DIR/descriptors.bin`: reflection and foreign peers read it there.
///
/// A mistake in one of them is told to cargo as `proto/FILE:LINE:COLUMN: reason`, and ends the build
/// script.
///
/// # Errors
/// If the set cannot be written.
pub fn compile(files: &[&str]) -> io::Result<FileDescriptorSet> {
    let root: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "proto"]
        .iter()
        .collect();
    match read(files, &root) {
        Ok(set) => {
            // Each file by name, imports too. The folder would be shorter to say, and would rebuild
            // this lesson for a .proto of another one. (What failed is run again in any case.)
            for used in used(&set, &root) {
                println!("cargo::rerun-if-changed={}", used.display());
            }
            let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
            fs::write(out.join("descriptors.bin"), set.encode_to_vec())?;
            Ok(set)
        }
        Err(reason) => {
            println!("cargo::error={reason}");
            // Not an `Err`: cargo would print a page about the build script below the reason.
            std::process::exit(1);
        }
    }
}

/// The files below `root` and all that they import, or why not: one line.
///
/// # Errors
/// The reason, with file, line and column as far as there are any.
pub fn read(files: &[&str], root: &Path) -> Result<FileDescriptorSet, String> {
    protox::compile(files, [root]).map_err(|error| reason(&error, root))
}

/// Which files of ours were read. What `google/protobuf/` imports bring is inside the compiler.
pub fn used(set: &FileDescriptorSet, root: &Path) -> Vec<PathBuf> {
    let files = set.file.iter().map(|file| root.join(file.name()));
    files.filter(|path| path.is_file()).collect()
}

/// One line about a mistake. The compiler names the place of most of them, in this very form; the rest
/// has a file, and [`place`] looks.
fn reason(error: &protox::Error, root: &Path) -> String {
    let words = format!("{error:?}").replace('\n', " ");
    match error.file() {
        Some(file) if words.starts_with(&format!("{file}:")) => format!("proto/{words}"),
        Some(file) => format!("proto/{file}{}: {words}", place(&root.join(file), &words)),
        None => format!("proto/: {words}"),
    }
}

/// `:LINE:COLUMN` of a mistake that the compiler found without saying where.
fn place(path: &Path, words: &str) -> String {
    let Ok(bytes) = fs::read(path) else {
        return String::new();
    };
    let before = match std::str::from_utf8(&bytes) {
        // The first byte that is no text.
        Err(error) => &bytes[..error.valid_up_to()],
        // The import that closes a circle.
        Ok(text) if words.starts_with("import cycle") => {
            let closes = |line: &&str| {
                let name = line.split('"').nth(1);
                line.trim_start().starts_with("import")
                    && name.is_some_and(|name| words.contains(name))
            };
            let line = text.lines().find(closes).unwrap_or_default();
            &bytes[..text.find(line).unwrap_or_default()]
        }
        // "Reached end of file."
        Ok(text) => text.trim_end().as_bytes(),
    };
    let lines = before.split(|byte| *byte == b'\n');
    let column = lines.clone().next_back().map_or(0, <[u8]>::len) + 1;
    format!(":{}:{column}", lines.count())
}
