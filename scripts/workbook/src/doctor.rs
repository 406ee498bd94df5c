//! What this machine has, what it lacks, and the exact command that mends it.

mod consul;
mod envoy;
mod etcd;
mod prometheus;
pub mod redis;

use std::ffi::{OsStr, OsString};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::channel;
use std::time::Duration;

use notify::Watcher;
use serde::Deserialize;

use crate::needs::openssl;

/// How bad it is when something is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing works without it.
    Always,
    /// Only comfort: the text says what to do instead.
    Comfort,
    /// Only some of the later lessons need it.
    Later,
    /// Only `scripts/test` needs it.
    Tests,
}

/// One thing that was looked at.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What it is.
    pub name: &'static str,
    /// How bad it is when missing.
    pub need: Need,
    /// What was found, or why it is missing.
    pub found: Result<String, String>,
    /// The command or step that mends it.
    pub mend: String,
}

impl Finding {
    /// The section of the page "Set up" that explains it.
    pub fn section(&self) -> &'static str {
        match self.name {
            "Rust" | "C compiler" => "Rust and a C compiler",
            "record" => "The record",
            "file watching" => "File watching",
            "browser" => "Browser",
            "OpenSSL" => "OpenSSL",
            "Consul" => "Consul",
            "Envoy" => "Envoy",
            "Prometheus" => "Prometheus",
            "etcd" => "etcd",
            "Redis" => "Redis",
            name if name.starts_with("port ") => "Ports",
            _ => "Tools for the tests",
        }
    }

    /// That section's name in an address: `rust-and-a-c-compiler`.
    pub fn anchor(&self) -> String {
        self.section().to_lowercase().replace(' ', "-")
    }
}

/// The oldest Rust that compiles this workspace: `rust-version` in Cargo.toml.
const RUST: (u32, u32) = (1, 90);

/// Ports of lessons: the finding, the port, the lessons, and how they are given another one.
const PORTS: [(&str, u16, &str, &str); 6] = [
    (
        "port 8080",
        8080,
        "lessons 01, 14 and 16",
        "server, -- gateway or -- web",
    ),
    ("port 8800", 8800, "lessons 06 and 07", "server"),
    ("port 8972", 8972, "lesson 12", "server"),
    ("port 8880", 8880, "lesson 16", "service"),
    ("port 8881", 8881, "lesson 16", "service"),
    ("port 8890", 8890, "lesson 16", "captchas"),
];

/// Looks at everything. `root` is the course.
pub fn look(root: &Path) -> Vec<Finding> {
    let install = Install::here();
    let everywhere = |name: &'static str| install.command(&[name; 4]);
    let record = format!("give yourself the right to write in {}", root.display());
    let compiler = install.command(&["build-essential", "gcc", "gcc", "build-base"]);
    let chrome = match install {
        // Ubuntu's package is only a pointer to a snap, which headless tests cannot use.
        Install::Apt if is_ubuntu() => {
            "install Chrome or Chromium by hand, then: export CHROME_BIN=/path/to/it".into()
        }
        _ => everywhere("chromium"),
    };
    let always = [
        ("Rust", rust(), "rustup update stable".into()),
        ("C compiler", version("cc", "--version"), compiler),
        ("record", writable(root), record),
    ];
    let comfort = [
        (
            "file watching",
            watching(root),
            "cargo workbook watch --poll".into(),
        ),
        (
            "browser",
            browser(),
            "open the printed address in any browser".into(),
        ),
        (
            "port 3000",
            port(3000),
            "nothing to do: the book takes the next free port, or: cargo run -- --port N".into(),
        ),
        (
            "port 7443",
            port(7443),
            "nothing to do: a class takes the next free port, or: class open --port N".into(),
        ),
    ];
    let ports = PORTS.map(|(name, number, lessons, role)| {
        let other = number + 2;
        let mend = format!(
            "stop what uses it, or give {lessons} another one: -- {role} --addr 127.0.0.1:{other}"
        );
        (name, port(number), mend)
    });
    let tests = [
        (
            "rustfmt",
            version("rustfmt", "--version"),
            "rustup component add rustfmt".into(),
        ),
        (
            "clippy",
            version("cargo-clippy", "--version"),
            "rustup component add clippy".into(),
        ),
        ("Node.js 18+", node(), everywhere("nodejs npm")),
        ("Chromium", chromium(), chrome),
    ];
    let all = |need, things: Vec<(&'static str, Result<String, String>, String)>| {
        things.into_iter().map(move |(name, found, mend)| Finding {
            name,
            need,
            found,
            mend,
        })
    };
    let mut findings: Vec<Finding> = all(Need::Always, always.into()).collect();
    findings.extend(all(Need::Comfort, comfort.into()));
    findings.extend(all(Need::Comfort, ports.into()));
    findings.extend([
        consul::port(root),
        redis::port(root),
        openssl(),
        consul::program(root),
    ]);
    findings.extend([
        etcd::server(),
        etcd::client(),
        redis::server(),
        redis::client(),
    ]);
    findings.extend([
        envoy::program(root),
        prometheus::server(),
        python(),
        python_grpcio(root),
    ]);
    findings.extend([redis::python(root), go()]);
    findings.extend(all(Need::Tests, tests.into()));
    findings
}

/// Python calls the servers of several lessons, in tests and for `peer`.
pub fn python() -> Finding {
    Finding {
        name: "Python 3",
        need: Need::Tests,
        found: version(program("PYTHON", "python3"), "--version"),
        mend: Install::here().command(&["python3", "python3", "python", "python3"]),
    }
}

/// The Python that has packages: the one that `scripts/test` makes, else the usual one.
pub fn python_with_packages(root: &Path) -> OsString {
    let own = if cfg!(windows) {
        "target/tools/python/Scripts/python.exe"
    } else {
        "target/tools/python/bin/python"
    };
    match root.join(own) {
        own if own.is_file() => own.into(),
        _ => program("PYTHON", "python3"),
    }
}

/// Python with grpcio calls the servers of lessons 06 and 07, and lesson 05 compares its messages
/// with those of Python's protobuf.
pub fn python_grpcio(root: &Path) -> Finding {
    let needed = "import google.protobuf, grpc_health, grpc_reflection, grpc_status, grpc; \
                  print('grpcio', grpc.__version__)";
    Finding {
        name: "Python grpcio",
        need: Need::Tests,
        found: imports(&python_with_packages(root), needed).ok_or("not installed".to_owned()),
        mend: python_packages("06-grpc"),
    }
}

/// What this Python prints; `None` if the program fails, as one does that imports what is not there.
fn imports(python: &OsStr, code: &str) -> Option<String> {
    let found = Command::new(python).args(["-c", code]).output().ok()?;
    let text = String::from_utf8_lossy(&found.stdout).trim().to_owned();
    found.status.success().then_some(text)
}

/// The command that brings the Python packages of a lesson.
fn python_packages(lesson: &str) -> String {
    let mend = format!(
        "python3 -m venv target/tools/python && target/tools/python/bin/pip install -r \
         lessons/{lesson}/interop/python/requirements.txt"
    );
    // Debian's python3 can make no such folder without another package.
    if imports("python3".as_ref(), "import ensurepip, venv").is_some() {
        return mend;
    }
    let names = ["python3 python3-venv", "python3", "python", "python3"];
    format!("{} && {mend}", Install::here().command(&names))
}

/// Lesson 03 lets its server and its client talk to real Go programs.
pub fn go() -> Finding {
    Finding {
        name: "Go",
        need: Need::Tests,
        found: version(program("GO", "go"), "version"),
        mend: Install::here().command(&["golang-go", "golang", "go", "go"]),
    }
}

/// The program that the environment variable `named` names, else `usual`.
pub fn program(named: &str, usual: &str) -> OsString {
    program_or(named, usual.into())
}

/// The program that `named` names, else the one that `scripts/` put at `got` in the course, else `usual`.
fn program_got(named: &str, got: PathBuf, usual: &str) -> OsString {
    let usual = if got.is_file() {
        got.into()
    } else {
        usual.into()
    };
    program_or(named, usual)
}

fn program_or(named: &str, usual: OsString) -> OsString {
    std::env::var_os(named)
        .filter(|named| !named.is_empty())
        .unwrap_or(usual)
}

/// The command that installs packages here; their names in Debian, Fedora, Arch and Alpine.
pub fn install(names: &[&str; 4]) -> String {
    Install::here().command(names)
}

/// How software is installed on this system.
#[derive(Debug, Clone, Copy)]
enum Install {
    Apt,
    Dnf,
    Pacman,
    Apk,
    Brew,
    Other,
}

impl Install {
    fn here() -> Self {
        let known = [
            ("apt-get", Self::Apt),
            ("dnf", Self::Dnf),
            ("pacman", Self::Pacman),
            ("apk", Self::Apk),
            ("brew", Self::Brew),
        ];
        let here = known
            .into_iter()
            .find(|(program, _)| on_path(program).is_some());
        here.map_or(Self::Other, |(_, install)| install)
    }

    /// The command for packages named as in Debian, Fedora, Arch and Alpine.
    fn command(self, names: &[&str; 4]) -> String {
        match self {
            Self::Apt => format!(
                "sudo apt-get update && sudo apt-get install -y {}",
                names[0]
            ),
            Self::Dnf => format!("sudo dnf install -y {}", names[1]),
            Self::Pacman => format!("sudo pacman -S --noconfirm {}", names[2]),
            Self::Apk => format!("sudo apk add {}", names[3]),
            Self::Brew if names[0] == "build-essential" => "xcode-select --install".into(),
            Self::Brew => format!("brew install {}", names[1].replace("nodejs npm", "node")),
            Self::Other => format!("install {} with this system's package manager", names[0]),
        }
    }
}

fn rust() -> Result<String, String> {
    let line = version("rustc", "--version")?;
    let number = line.split_whitespace().nth(1).unwrap_or_default();
    let mut parts = number.split('.').map_while(|part| part.parse::<u32>().ok());
    let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if found < RUST {
        return Err(format!(
            "{line}; this workbook needs {}.{} or newer",
            RUST.0, RUST.1
        ));
    }
    Ok(line)
}

fn node() -> Result<String, String> {
    let text = version("node", "--version")?;
    version("npm", "--version").map_err(|_| "npm is not installed".to_owned())?;
    let major: u32 = text
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|n| n.parse().ok())
        .unwrap_or(0);
    if major < 18 {
        Err(format!("{text} is too old"))
    } else {
        Ok(text)
    }
}

fn chromium() -> Result<String, String> {
    let named = std::env::var_os("CHROME_BIN").map(PathBuf::from);
    let program = named
        .or_else(|| on_path("chromium"))
        .ok_or("not installed")?;
    version(program.to_str().unwrap_or("chromium"), "--version")
}

fn is_ubuntu() -> bool {
    std::fs::read_to_string("/etc/os-release").is_ok_and(|text| text.contains("ID=ubuntu"))
}

/// The first line that `program` prints about itself.
fn version(program: impl AsRef<OsStr>, argument: &str) -> Result<String, String> {
    let program = program.as_ref();
    let output = Command::new(program)
        .arg(argument)
        .output()
        .map_err(|_| "not installed".to_owned())?;
    if !output.status.success() {
        return Err(format!("`{} {argument}` fails", program.display()));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|file| file.is_file())
}

/// The folder of the record can be written.
fn writable(root: &Path) -> Result<String, String> {
    let dir = root.join(".workbook");
    let probe = dir.join("probe");
    std::fs::create_dir_all(&dir)
        .and_then(|()| std::fs::write(&probe, b"probe"))
        .and_then(|()| std::fs::remove_file(&probe))
        .map(|()| ".workbook/ can be written".to_owned())
        .map_err(|e| format!("{} cannot be written: {e}", dir.display()))
}

/// A change in the course's folder is heard. On some shared folders and old network file systems it
/// is not.
fn watching(root: &Path) -> Result<String, String> {
    let dir = root.join(".workbook");
    let (sender, heard) = channel();
    let mut watcher = notify::recommended_watcher(move |event| {
        // The receiver goes when the time is over.
        let _ = sender.send(event);
    })
    .map_err(|e| e.to_string())?;
    watcher
        .watch(&dir, notify::RecursiveMode::NonRecursive)
        .map_err(|e| e.to_string())?;
    let probe = dir.join("probe");
    std::fs::write(&probe, b"probe").map_err(|e| e.to_string())?;
    let result = heard.recv_timeout(Duration::from_secs(1));
    // It was only there to be heard.
    let _ = std::fs::remove_file(&probe);
    match result {
        Ok(Ok(_)) => Ok("a saved file is heard".to_owned()),
        Ok(Err(e)) => Err(e.to_string()),
        Err(_) => Err("this file system tells nobody about a saved file".to_owned()),
    }
}

fn port(number: u16) -> Result<String, String> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, number)) {
        Ok(_) => Ok("free".to_owned()),
        Err(e) => Err(format!("taken ({e})")),
    }
}

/// The same for the port of a server that `services up` may have started: it says so in a file.
fn port_of(root: &Path, word: &str, number: u16) -> Result<String, String> {
    #[derive(Deserialize)]
    struct Running {
        addr: std::net::SocketAddr,
    }
    let note = std::fs::read(root.join(format!("target/services/{word}.json")));
    let own = serde_json::from_slice::<Running>(&note.unwrap_or_default())
        .is_ok_and(|own| own.addr.port() == number);
    match port(number) {
        Err(_) if own => Ok(format!("that of `cargo workbook services up {word}`")),
        found => found,
    }
}

fn browser() -> Result<String, String> {
    if let Some(named) = std::env::var_os("BROWSER").filter(|named| !named.is_empty()) {
        return Ok(format!("$BROWSER is {}", named.display()));
    }
    if cfg!(any(target_os = "macos", windows)) {
        return Ok("the system's own".to_owned());
    }
    let screen = ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some());
    match (on_path("xdg-open"), screen) {
        (Some(program), true) => Ok(program.display().to_string()),
        (Some(_), false) => Err("there is no screen here".to_owned()),
        (None, _) => Err("xdg-open is not installed".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_has_its_section_in_the_book() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let page = std::fs::read_to_string(root.join("book/src/set-up.md")).expect("the page");
        let folder = tempfile::tempdir().expect("a folder");
        let findings = look(folder.path());
        assert!(findings.len() > 20);
        for finding in findings {
            let heading = format!("\n## {}\n", finding.section());
            assert!(page.contains(&heading), "{}: {heading}", finding.name);
        }
    }
}
