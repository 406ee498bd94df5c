//! `pack`: the bundle is whole, it asks no network, and an interrupted one leaves nothing behind.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use workbook::course::Course;

use crate::support::served::{Running, status};
use crate::support::{AssertHas, Run, until};

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap()
}

/// The program behind the command, over this repository, with a page in place of the book.
fn pack(scratch: &Path, more: &[&str]) -> Command {
    let book = scratch.join("pages");
    fs::create_dir_all(&book).unwrap();
    fs::write(
        book.join("index.html"),
        "<!DOCTYPE html><title>A book</title>",
    )
    .unwrap();
    let mut command = Command::new("python3");
    command
        .arg(root().join("scripts/pack"))
        .arg("--book")
        .arg(book)
        .arg("--to")
        .arg(scratch.join("bundle"))
        .args(more)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// A learner's machine: a home and a Cargo without anything in them.
fn learner(command: &mut Command, scratch: &Path) {
    let rustup = std::env::var_os("RUSTUP_HOME").map_or_else(
        || Path::new(&std::env::var_os("HOME").unwrap()).join(".rustup"),
        PathBuf::from,
    );
    command
        .env("HOME", scratch.join("home"))
        .env("CARGO_HOME", scratch.join("home/.cargo"))
        .env("RUSTUP_HOME", rustup)
        // Whatever asks a network all the same, fails.
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        // The book itself is asked directly.
        .env("NO_PROXY", "127.0.0.1")
        .env_remove("CARGO_NET_OFFLINE")
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("WORKBOOK_TARGET");
}

fn output(mut command: Command) -> String {
    let said = command.said();
    assert_eq!(said.code, Some(0), "{command:?}: {}", said.all());
    said.out
}

#[test]
fn a_bundle_has_all_crates_and_serves_the_first_page_without_a_network() {
    let dir = TempDir::new().unwrap();
    let scratch = dir.path();
    let said = output(pack(scratch, &["--without", "wheels", "--archive"]));
    let bundle = scratch.join("bundle");
    said.assert_has(&[
        "repository",
        "crates",
        "book",
        "servers",
        "checksums",
        "archive",
    ]);
    let listed = output({
        let mut tar = Command::new("tar");
        tar.arg("-tf").arg(scratch.join("bundle.tar"));
        tar
    });
    assert!(listed.contains("\nbundle/start\n"), "{listed:.500}");
    let git = fs::read_to_string(bundle.join("workbook/.git/config")).unwrap();
    assert!(!git.contains(root().to_str().unwrap()), "{git}");

    // Where `start` asks cargo to build and run the runner, the one that was built for this test is run.
    let bin = scratch.join("bin");
    fs::create_dir(&bin).unwrap();
    let cargo = format!(
        "#!/bin/sh\n[ \"$1\" = run ] || exec {:?} \"$@\"\nshift 2\nexec {:?} start \"$@\"\n",
        env!("CARGO"),
        env!("CARGO_BIN_EXE_workbook")
    );
    fs::write(bin.join("cargo"), cargo).unwrap();
    fs::set_permissions(bin.join("cargo"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut start = Command::new(bundle.join("start"));
    learner(&mut start, scratch);
    let path = std::env::var("PATH").unwrap();
    start
        .args(["--no-open", "--port", "0"])
        .env("PATH", format!("{}:{path}", bin.display()));
    let running = Running::of(start);
    let page = running.get("/");
    assert_eq!(status(&page), 200);
    assert!(page.contains("Sockets to Services"), "{page:.500}");

    // Cargo finds every crate that Cargo.lock names, in an empty home.
    let mut metadata = Command::new(env!("CARGO"));
    learner(&mut metadata, scratch);
    metadata
        .args(["metadata", "--locked", "--format-version", "1"])
        .current_dir(bundle.join("workbook"));
    let known: serde_json::Value = serde_json::from_str(&output(metadata)).unwrap();
    let found = known["packages"].as_array().unwrap();
    let found = found.iter().filter(|package| !package["source"].is_null());
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    assert_eq!(found.count(), lock.matches("\nchecksum = ").count());

    // A copy that a stick has spoilt is found before anything is built from it.
    fs::remove_dir_all(bundle.join(".cargo")).unwrap();
    fs::write(bundle.join("book/index.html"), "half").unwrap();
    let mut start = Command::new(bundle.join("start"));
    learner(&mut start, scratch);
    let refused = start.said();
    let err = refused.err;
    assert!(refused.code != Some(0));
    err.assert_has(&["copy or unpack it again"]);

    // What is there is not overwritten.
    let again = pack(scratch, &["--without", "wheels"]).said();
    assert_eq!(again.code, Some(1));
    again.err.assert_has(&["is there already"]);
}

/// An archive in the form of Rust's standalone installer. What it installs is a `cargo` that prints its arguments.
fn installer(folder: &Path, ends_well: bool) {
    let name = format!("rust-1.90.0-{}-unknown-linux-gnu", std::env::consts::ARCH);
    let inside = folder.join(&name);
    fs::create_dir_all(&inside).unwrap();
    let script = format!(
        "#!/bin/sh\nfor word; do case $word in --prefix=*) to=${{word#*=}};; --without=rust-docs | --disable-ldconfig) ;; \
         *) exit 2;; esac; done\n{ends_well} || {{ echo 'no space is left'; exit 1; }}\nmkdir -p \"$to/bin\"\n\
         printf '#!/bin/sh\\necho cargo \"$@\"\\n' > \"$to/bin/cargo\"\nchmod +x \"$to/bin/cargo\"\n"
    );
    fs::write(inside.join("install.sh"), script).unwrap();
    output({
        let mut tar = Command::new("tar");
        tar.arg("-czf").arg(folder.join(format!("{name}.tar.gz")));
        tar.arg("-C").arg(folder).arg(&name);
        tar
    });
    fs::remove_dir_all(inside).unwrap();
}

#[test]
fn the_teachers_installer_installs_rust_inside_of_the_bundle() {
    let dir = TempDir::new().unwrap();
    let scratch = dir.path();
    let toolchain = scratch.join("toolchain");
    installer(&toolchain, true);
    let more = ["--without", "servers", "--without", "wheels", "--toolchain"];
    let mut packing = pack(scratch, &more);
    packing.arg(&toolchain);
    output(packing);
    let bundle = scratch.join("bundle");
    let start = || {
        let mut start = Command::new(bundle.join("start"));
        learner(&mut start, scratch);
        start.arg("--no-open").env("PATH", "/usr/bin:/bin");
        start.said()
    };

    let first = start();
    let said = first.out;
    said.assert_has(&["Installing Rust into"]);
    assert!(said.ends_with("cargo run -- --no-open\n"), "{said}");
    let again = start();
    let said = again.out;
    assert_eq!(said, "cargo run -- --no-open\n");

    // An installer that fails: its log is named.
    fs::remove_dir_all(bundle.join("rust")).unwrap();
    installer(&bundle.join("toolchain"), false);
    let failed = start();
    let said = failed.err;
    assert!(failed.code != Some(0), "{said}");
    said.assert_has(&["unpacked/log"]);
    let said = fs::read_to_string(bundle.join("unpacked/log")).unwrap();
    said.assert_has(&["no space is left"]);
}

#[test]
fn an_interrupted_bundle_leaves_nothing_behind() {
    let dir = TempDir::new().unwrap();
    let mut child = pack(dir.path(), &["--without", "wheels"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let unfinished = dir.path().join(".bundle.unfinished");
    until("the clone", Duration::from_secs(60), || {
        unfinished.join("workbook").exists()
    });
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(!unfinished.exists());
    assert!(!dir.path().join("bundle").exists());
}

#[test]
#[ignore = "nightly: it builds all lessons in a network namespace without a route"]
fn the_first_exercise_of_every_lesson_passes_without_a_route() {
    let dir = TempDir::new().unwrap();
    let scratch = dir.path();
    output(pack(scratch, &[]));
    let course = Course::load(&root()).unwrap();
    let first: Vec<&str> = course
        .lessons
        .iter()
        .filter_map(|lesson| lesson.exercises.first())
        .map(|exercise| exercise.id.as_str())
        .collect();
    assert!(first.len() >= 18, "{first:?}");
    // 0x8914 is SIOCSIFFLAGS, 0x49 is up, loopback and running: `ip` may not be installed.
    let script = r#"
        set -e
        python3 -c 'import fcntl, socket, struct; fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh", b"lo", 0x49))'
        test "$(wc -l </proc/net/route)" = 1
        ./start --no-open --port 3000 </dev/null >start.log 2>&1 &
        trap "kill $!" EXIT
        for second in $(seq 600); do
            python3 -c 'import urllib.request as u; assert b"Sockets to Services" in u.urlopen("http://127.0.0.1:3000/").read()' 2>/dev/null && break
            sleep 1
        done
        echo "first page after $second s"
        test "$second" -lt 600 || { tail start.log; exit 1; }
        python3 -m venv venv
        venv/bin/pip install --quiet --no-index --find-links wheels -r workbook/lessons/06-grpc/interop/python/requirements.txt
        cd workbook
        for id in "$@"; do
            cargo workbook check "$id" --answer solution --plain
        done
    "#;
    let mut unshare = Command::new("unshare");
    learner(&mut unshare, scratch);
    fs::create_dir(scratch.join("home")).unwrap();
    unshare
        .args(["--map-root-user", "--net", "bash", "-c", script, "prove"])
        .args(&first)
        .current_dir(scratch.join("bundle"));
    let said = output(unshare);
    println!("{said}");
    assert_eq!(said.matches("   passed in ").count(), first.len(), "{said}");
}
