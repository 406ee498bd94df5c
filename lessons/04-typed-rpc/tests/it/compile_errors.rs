//! Programs that the compiler must reject, and its messages. The messages stand beside each program and in the
//! chapter. They change with the compiler, so they are compared under one version only. Under any other version
//! the programs must still fail.
//!
//! Libraries mostly use the crate `trybuild` for this. It builds the library and its dependencies once more,
//! in a target directory of its own. Here the compiler gets the library that cargo has just built for this
//! test, and is done in a second.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// The compiler whose messages are compared.
const PINNED: &str = "1.95.";

#[test]
fn wrong_shapes_do_not_compile() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root = root.canonicalize().unwrap();
    let version = version();
    if !version.starts_with(PINNED) {
        println!(
            "rustc {version}: the programs must fail, and the messages of {PINNED}x are not compared"
        );
    }
    let mut programs = 0;
    for file in fs::read_dir(root.join("lessons/04-typed-rpc/tests/refused")).unwrap() {
        let program = file.unwrap().path();
        if program.extension().is_none_or(|ending| ending != "rs") {
            continue;
        }
        programs += 1;
        let said = refusal(&program, &root);
        let pinned = fs::read_to_string(program.with_extension("stderr")).unwrap();
        assert!(
            !version.starts_with(PINNED) || unindented(&said) == unindented(&pinned),
            "{}: the compiler prints\n\n{said}\nand not\n\n{pinned}",
            program.display()
        );
    }
    assert_eq!(programs, 4);
}

/// The compiler's messages about a program, without the lines that end every failure.
fn refusal(program: &Path, root: &Path) -> String {
    let deps = env::current_exe().unwrap().parent().unwrap().to_owned();
    let library = newest(&deps, "libl04_typed_rpc-");
    let output = rustc()
        // Cargo starts it here as well, so the paths in the messages are the same.
        .current_dir(root)
        .args(["--edition", "2024", "--emit", "metadata", "--out-dir"])
        .arg(env!("CARGO_TARGET_TMPDIR"))
        .args([
            "--diagnostic-width",
            "140",
            "--allow",
            "warnings",
            "--extern",
        ])
        .arg(format!("l04_typed_rpc={}", library.display()))
        .arg("-L")
        .arg(format!("dependency={}", deps.display()))
        .arg(program.strip_prefix(root).unwrap())
        .output()
        .unwrap();
    assert!(!output.status.success(), "{} compiles", program.display());
    let said = String::from_utf8(output.stderr).unwrap();
    let (said, _) = said
        .split_once("\nerror: aborting due to")
        .unwrap_or_else(|| panic!("no count of errors in\n{said}"));
    said.lines().fold(Words::default(), Words::line).text
}

/// The compiler's messages without the parts that change often: line numbers in the library, and how many other
/// types there are.
#[derive(Default)]
struct Words {
    text: String,
    /// Whether these are lines of the library, not of the program.
    library: bool,
}

impl Words {
    fn line(mut self, line: &str) -> Self {
        let line = line.replace("lessons/04-typed-rpc/", "");
        let line = if let Some((arrow, place)) = line.split_once("--> ") {
            self.library = !place.starts_with("tests/refused/");
            let file = place.split(':').next().unwrap();
            format!("{arrow}--> {}", if self.library { file } else { place })
        } else if let Some((number, code)) = line.split_once(" |").filter(|_| self.library) {
            format!("{} |{code}", " ".repeat(number.len()))
        } else if let Some((indent, _)) = line
            .split_once("and ")
            .filter(|_| line.ends_with(" others"))
        {
            format!("{indent}and $N others")
        } else {
            line
        };
        self.text += line.trim_end();
        self.text.push('\n');
        self
    }
}

/// The margin is as wide as the largest line number, which may be one of the library.
fn unindented(text: &str) -> Vec<&str> {
    text.lines().map(str::trim_start).collect()
}

/// The library of that name that was built last. Others may lie beside it, from builds with other features.
fn newest(deps: &Path, name: &str) -> PathBuf {
    let built = |path: &Path| -> Option<SystemTime> {
        let file = path.file_name()?.to_str()?;
        let library = file.starts_with(name) && file.ends_with(".rlib");
        library.then(|| path.metadata().ok()?.modified().ok())?
    };
    let files = fs::read_dir(deps).unwrap();
    files
        .map(|file| file.unwrap().path())
        .filter(|path| built(path).is_some())
        .max_by_key(|path| built(path))
        .expect("the library that this test is linked with")
}

fn rustc() -> Command {
    Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

/// `1.95.0` of the compiler that builds the programs.
fn version() -> String {
    let output = rustc().arg("--version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split(' ').nth(1).unwrap_or_default().to_string()
}
