//! The site on three machines: one scenario from the start to the end, as an operator sees it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub(crate) const LIMIT: Duration = Duration::from_secs(120);

/// A site at addresses of its own. It ends with this value.
pub(crate) struct Site {
    up: Child,
    pub(crate) folder: TempDir,
    pub(crate) net: String,
}

impl Site {
    pub(crate) fn up(options: &[&str]) -> Site {
        let folder = tempfile::tempdir().unwrap();
        // Two tests at the same time, of one program or of two, take different addresses.
        static SITES: AtomicU32 = AtomicU32::new(0);
        let site = std::process::id() + SITES.fetch_add(1, Ordering::Relaxed);
        let net = (21 + site % 100 * 2).to_string();
        let mut up = program(folder.path(), "up")
            .args(["--net", &net])
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(up.stdout.take().unwrap()).lines();
        let said: Vec<String> = (lines.map_while(Result::ok))
            .take_while(|line| !line.starts_with("The site is up"))
            .collect();
        let site = Site { up, folder, net };
        assert!(
            site.order(&["status"]).contains("Envoy listens on"),
            "{said:?}"
        );
        site
    }

    pub(crate) fn order(&self, words: &[&str]) -> String {
        let mut order = program(self.folder.path(), words[0]);
        let done = order.args(&words[1..]).output().unwrap();
        let text = String::from_utf8(done.stdout).unwrap();
        assert!(
            done.status.success(),
            "{words:?}: {text}{}",
            String::from_utf8_lossy(&done.stderr)
        );
        text
    }

    /// Waits until the status has this.
    fn until(&self, right: impl Fn(&str) -> bool) {
        let since = Instant::now();
        loop {
            let status = self.order(&["status"]);
            if right(&status) {
                return;
            }
            assert!(since.elapsed() < LIMIT, "{status}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// One visitor, by the program itself.
    fn solves(&self) {
        let since = Instant::now();
        loop {
            let said = self.order(&["visit"]);
            if said.contains("accepted") {
                return;
            }
            assert!(since.elapsed() < LIMIT, "{said}");
            // Visitors are limited, this one as well.
            std::thread::sleep(Duration::from_millis(500));
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.up.kill();
        let _ = self.up.wait();
    }
}

pub(crate) fn program(folder: &Path, command: &str) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_l17-production"));
    program.arg(command).arg("--folder").arg(folder);
    program
}

/// The numbers of the processes of a site, by the folder that they run in.
fn processes(folder: &Path) -> Vec<String> {
    let folder = folder.canonicalize().unwrap();
    let all = fs::read_dir("/proc").unwrap().flatten();
    let numbers = all.filter_map(|entry| entry.file_name().into_string().ok());
    let here = |number: &String| {
        let cwd = fs::read_link(format!("/proc/{number}/cwd"));
        cwd.is_ok_and(|cwd| cwd.starts_with(&folder))
    };
    numbers.filter(here).collect()
}

/// All files of the site that hold a secret and nothing else, and the log files.
fn files(folder: &Path, endings: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for machine in ["one", "two", "three", "front"] {
        for entry in fs::read_dir(folder.join(machine)).unwrap().flatten() {
            let path = entry.path();
            let ending = path.extension().and_then(|ending| ending.to_str());
            if ending.is_some_and(|ending| endings.contains(&ending)) {
                found.push(fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

fn no_secret_is_visible(site: &Site) {
    let mut secrets = files(site.folder.path(), &["token", "password"]);
    secrets.sort();
    secrets.dedup();
    assert_eq!(secrets.len(), 5, "captcha, web, plane, redis, finder");
    let numbers = processes(site.folder.path());
    assert!(numbers.len() >= 19, "{numbers:?}");
    let mut seen = files(site.folder.path(), &["log"]);
    for number in numbers {
        for file in ["cmdline", "environ"] {
            let bytes = fs::read(format!("/proc/{number}/{file}")).unwrap_or_default();
            seen.push(String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    for secret in secrets {
        assert!(secret.len() > 30);
        assert!(seen.iter().all(|text| !text.contains(&secret)));
    }
}

fn only_the_owner_reads(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    for machine in ["one", "front"] {
        for entry in fs::read_dir(folder.join(machine)).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            if ["token", "password", "pem", "json", "conf"]
                .iter()
                .any(|end| name.ends_with(end))
            {
                let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
                // Sentinel writes its file anew, in a folder that is closed.
                assert!(mode == 0o600 || name == "sentinel.conf", "{name}: {mode:o}");
            }
        }
        let mode = fs::metadata(folder.join(machine))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}

#[test]
fn a_machine_dies_and_a_release_on_the_real_consul_and_the_real_redis() {
    let site = Site::up(&[]);
    let net = &site.net;
    site.solves();
    no_secret_is_visible(&site);
    only_the_owner_reads(site.folder.path());

    site.order(&["kill", "one"]);
    let two = format!("Envoy's list:     v1: 127.{net}.2.1:8080, 127.{net}.3.1:8080\n");
    site.until(|status| status.contains(&two));
    site.until(|status| !status.contains(&format!("primary:   127.{net}.1.1")));
    site.solves();

    site.order(&["start", "one"]);
    let three = format!("v1: 127.{net}.1.1:8080, 127.{net}.2.1:8080, 127.{net}.3.1:8080");
    site.until(|status| status.contains(&three));
    let told = site.order(&["roll", "v2"]);
    assert!(told.contains("all machines run v2"), "{told}");
    site.until(|status| status.contains("v1: none; v2: ") && status.contains(".3.1:8090"));
    site.solves();

    let folder = site.folder.path().to_owned();
    site.order(&["down"]);
    let since = Instant::now();
    while !processes(&folder).is_empty() {
        assert!(since.elapsed() < LIMIT, "{:?}", processes(&folder));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn what_is_wrong_with_an_order_is_said() {
    let folder = tempfile::tempdir().unwrap();
    for (words, said) in [
        (&["status"][..], "no site runs in"),
        (&["kill"], "kill needs the name of a machine"),
        (&["kill", "four"], "there are one, two, three"),
        (&["roll", "v 2"], "has no spaces"),
        (&["down", "now"], "one word too many"),
        (&["captcha"], "--settings FILE is missing"),
        (
            &["web", "--settings", "nothing.json"],
            "the settings in nothing.json",
        ),
    ] {
        let wrong = program(folder.path(), words[0]).args(&words[1..]).output();
        let wrong = wrong.unwrap();
        let told = String::from_utf8_lossy(&wrong.stderr);
        assert!(
            !wrong.status.success() && told.contains(said),
            "{words:?}: {told}"
        );
    }
}
