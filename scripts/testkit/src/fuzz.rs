//! Noise for the tests that feed a decoder with anything at all: the same noise in every run, and no
//! dependency. A run has a small, fixed budget; `FUZZ_SECONDS=600` makes it as long as you like
//! (`python3 scripts/figures fuzz` does that, and counts).

use std::process::Command;
use std::time::{Duration, Instant};

/// The memory that a decoder under noise may need on top of what it had, in KiB: far more than any
/// limit lets a peer make it hold, far less than it takes when it trusts a length in the input.
pub const MEMORY: u64 = 48 * 1024;

/// Pseudo-random numbers (xorshift).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The numbers that belong to `seed`.
    pub fn of(seed: usize) -> Self {
        Dice((seed as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Any number but 0.
    pub fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number from 0 up to `end`, without it.
    pub fn below(&mut self, end: usize) -> usize {
        let number = self.roll() % end.max(1) as u64;
        usize::try_from(number).expect("it is smaller than a usize")
    }

    /// A byte. Small numbers, and those with the high bit, come more often: lengths and varints live
    /// there.
    pub fn byte(&mut self) -> u8 {
        match self.below(4) {
            0 => [0, 1, 0x7f, 0x80, 0xff][self.below(5)],
            _ => self.roll().to_le_bytes()[0],
        }
    }

    /// At most so many bytes.
    pub fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most + 1)).map(|_| self.byte()).collect()
    }
}

/// Dice for so many inputs, or for as many as `FUZZ_SECONDS` has room for. At its end it says how
/// many there were, and how much memory the whole process has had.
///
/// # Panics
///
/// If `FUZZ_SECONDS` is no whole number.
pub fn budget(what: &'static str, inputs: u64) -> impl Iterator<Item = Dice> {
    let seconds = std::env::var("FUZZ_SECONDS").ok().map(|text| {
        let seconds = text.parse().expect("FUZZ_SECONDS is a whole number");
        Duration::from_secs(seconds)
    });
    let since = Instant::now();
    (1..)
        .take_while(move |number| {
            let more = match seconds {
                Some(seconds) => since.elapsed() < seconds,
                None => *number <= inputs,
            };
            if !more {
                println!("fuzz {what}: {} inputs, {} KiB", number - 1, peak_memory());
            }
            more
        })
        // A seed of its own for each input: one that fails can be looked at alone.
        .map(|number: u64| Dice(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

/// The most memory that this process has had, in KiB. Only Linux tells; elsewhere it is 0.
pub fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    peak(&status).unwrap_or(0)
}

/// Returns whether the calling test has this process to itself, so that [`peak_memory`] is its own. With
/// cargo-nextest it has. `cargo test` runs many tests in one process: then this runs the calling test again,
/// alone in a process of its own, and returns false when it has passed there.
///
/// ```no_run
/// if !testkit::fuzz::alone() {
///     return;
/// }
/// ```
///
/// # Panics
///
/// If the test fails there, with all that it said.
#[track_caller]
pub fn alone() -> bool {
    const ALONE: &str = "TESTKIT_ALONE";
    let test = std::thread::current();
    // With one thread the tests run on the main thread, one after the other.
    let name = test.name().filter(|name| *name != "main");
    let set = |variable| std::env::var_os(variable).is_some();
    let Some(name) = name.filter(|_| !set(ALONE) && !set("NEXTEST")) else {
        return true;
    };
    let mut again = Command::new(std::env::current_exe().expect("this program"));
    again.args([name, "--exact", "--nocapture"]).env(ALONE, "1");
    let output = again.output().expect("this program once more");
    let said = String::from_utf8_lossy(&output.stdout);
    print!("{said}");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "alone in a process:\n{said}{errors}"
    );
    false
}

/// Returns the peak of the memory in KiB, read from the text of `/proc/ID/status`.
pub(crate) fn peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line?.trim().trim_end_matches(" kB").parse().ok()
}
