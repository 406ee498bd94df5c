//! The runner on a pseudo-terminal: its keyboard, its screen, and what it leaves behind.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};

/// How long anything may take on a busy machine; nearly everything takes far less.
pub const LONG: Duration = Duration::from_secs(60);

/// A terminal with a program on it.
pub struct Terminal {
    child: Child,
    keyboard: File,
    /// Kept open, so that the settings can be looked at after the end.
    line: OwnedFd,
    before: String,
    seen: Arc<Mutex<Seen>>,
}

struct Seen {
    parser: vt100::Parser,
    bytes: Vec<u8>,
}

impl Terminal {
    /// Starts `command` as the leader of a session on a terminal of this size.
    pub fn start(command: &Command, columns: u16, rows: u16) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let line = || {
            File::options()
                .read(true)
                .write(true)
                .open(name.to_str().unwrap())
                .unwrap()
        };
        resize(&master, columns, rows);
        let kept = line();
        let before = settings(&kept);
        // setsid(1) of util-linux: without it Ctrl-C would reach no one.
        let mut wrapped = Command::new("setsid");
        wrapped
            .arg("--ctty")
            .arg(command.get_program())
            .args(command.get_args())
            .current_dir(command.get_current_dir().unwrap())
            .stdin(Stdio::from(line()))
            .stdout(Stdio::from(line()))
            .stderr(Stdio::from(line()));
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => wrapped.env(name, value),
                None => wrapped.env_remove(name),
            };
        }
        let child = wrapped.spawn().unwrap();
        let size = |n| NonZeroU16::new(n).unwrap();
        let seen = Arc::new(Mutex::new(Seen {
            parser: vt100::Parser::new(size(rows), size(columns), 0),
            bytes: Vec::new(),
        }));
        let keyboard = File::from(master);
        let mut screen = keyboard.try_clone().unwrap();
        let writer = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // Reading fails when the last one has closed the line.
            while let Ok(n @ 1..) = screen.read(&mut buffer) {
                let mut seen = writer.lock().unwrap();
                seen.parser.process(&buffer[..n]);
                seen.bytes.extend_from_slice(&buffer[..n]);
            }
        });
        Self {
            child,
            keyboard,
            line: kept.into(),
            before,
            seen,
        }
    }

    /// Presses keys, one after the other, as fingers do.
    pub fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            let mut bytes = [0; 4];
            self.keyboard
                .write_all(key.encode_utf8(&mut bytes).as_bytes())
                .unwrap();
            std::thread::sleep(Duration::from_millis(15));
        }
    }

    /// The screen as text.
    pub fn screen(&self) -> String {
        self.seen.lock().unwrap().parser.screen().contents()
    }

    /// Whether the cursor can be seen.
    pub fn cursor_shown(&self) -> bool {
        !self.seen.lock().unwrap().parser.screen().hide_cursor()
    }

    /// Everything that was ever written to the screen.
    pub fn bytes(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap().bytes).into_owned()
    }

    /// Waits until `text` stands on the screen; the screen is returned.
    pub fn wait_for(&self, text: &str) -> String {
        let deadline = Instant::now() + LONG;
        loop {
            let screen = self.screen();
            // What is sent in one piece may arrive in two: the screen must have come to rest.
            if screen.contains(text) && self.rests() {
                return self.screen();
            }
            assert!(
                Instant::now() < deadline,
                "never saw {text:?}; the screen is:\n{screen}"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn rests(&self) -> bool {
        let length = || self.seen.lock().unwrap().bytes.len();
        let before = length();
        std::thread::sleep(Duration::from_millis(30));
        before == length()
    }

    /// Changes the size of the window.
    pub fn resize(&self, columns: u16, rows: u16) {
        let size = |n| NonZeroU16::new(n).unwrap();
        let mut seen = self.seen.lock().unwrap();
        seen.parser.set_size(size(rows), size(columns));
        drop(seen);
        resize(&self.keyboard, columns, rows);
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// The state letter of the program, from proc(5): `T` is stopped.
    pub fn state(&self) -> char {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let (_, fields) = stat.rsplit_once(") ").unwrap();
        fields.chars().next().unwrap()
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Whether the settings are as they were before the program began.
    pub fn is_as_before(&self) -> bool {
        settings(&self.line) == self.before
    }

    /// Waits for the end, at most a few seconds.
    pub fn end(&mut self) -> ExitStatus {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "it does not end; the screen is:\n{}",
                self.screen()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A test that failed must not leave a runner behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn resize(line: &impl std::os::fd::AsFd, columns: u16, rows: u16) {
    let size = Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(line, size).unwrap();
}

fn settings(line: &impl std::os::fd::AsFd) -> String {
    let now = tcgetattr(line).unwrap();
    format!(
        "{:?} {:?} {:?} {:?}",
        now.input_modes, now.output_modes, now.control_modes, now.local_modes
    )
}
