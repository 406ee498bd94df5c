//! The npm packages that the strangers of some lessons are made of.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A copy of the lesson's `interop/npm` below `target/`, with the packages of its lock file installed.
/// That is done once, and again when the lock file changes: it needs the network.
///
/// `lesson` is the folder of the lesson, `env!("CARGO_MANIFEST_DIR")` in its tests.
///
/// # Panics
/// If there is no npm, with what to do about it; and if npm fails, with its words. A test that is
/// skipped instead would be taken for one that has passed.
pub fn npm_packages(lesson: &str) -> PathBuf {
    let lesson = Path::new(lesson);
    let name = lesson.file_name().expect("the folder of a lesson");
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/npm");
    let target = tools.join(name);
    fs::create_dir_all(&tools).expect("a folder below target/");
    // Tests run in many processes: one installs, the others wait.
    let turn = fs::File::create(tools.join("install.lock")).expect("a file of ours");
    turn.lock().expect("a lock on a file of ours");
    let lock = fs::read(lesson.join("interop/npm/package-lock.json")).expect("a lock file");
    let done = target.join("installed.json");
    let fresh = fs::read(&done).ok().as_ref() == Some(&lock);
    if let Err(error) = copy(&lesson.join("interop/npm"), &target) {
        panic!("{}: {error}", target.display());
    }
    if !fresh {
        install(&target);
        fs::write(done, lock).expect("a folder of ours");
    }
    target
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        // Another process may be reading a file that has not changed.
        if entry.file_type()?.is_file()
            && fs::read(entry.path())? != fs::read(&target).unwrap_or_default()
        {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn install(folder: &Path) {
    let missing = "this test needs Node.js 18 or newer and npm. On Debian and Ubuntu: sudo apt-get \
                   install nodejs npm";
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--silent"])
        // Nothing of a stranger runs before a test wants it to.
        .arg("--ignore-scripts")
        .current_dir(folder);
    let output = match npm.output() {
        Ok(output) => output,
        Err(error) => panic!("{missing}: {error}"),
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{missing}?\n{errors}");
}
