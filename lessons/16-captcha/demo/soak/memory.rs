//! The memory of each process, read from time to time: it must not grow with the number of requests.

use std::collections::BTreeMap;
use std::time::Duration;

/// Growth of less than this is no leak: a heap that settles, a list that has grown once.
const LITTLE: u64 = 16 << 20;

/// The memory of one process, as it was read.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    seen: BTreeMap<String, Vec<(Duration, u64)>>,
}

/// One process, after the run.
#[derive(Clone, Debug)]
pub struct Growth {
    /// What it is called.
    pub name: String,
    /// Bytes in the first third, when it was warm; the middle of what was seen.
    pub first: u64,
    /// Bytes in the last third.
    pub last: u64,
}

impl Growth {
    /// Whether it has as much as in the beginning, more or less.
    pub fn is_flat(&self) -> bool {
        self.last <= self.first + LITTLE.max(self.first / 4)
    }
}

impl Memory {
    /// Writes down what a process has at this moment of the run. One that is away just now is left out, and so
    /// is every one where the system does not tell (there is no `/proc` but on Linux).
    pub fn look(&mut self, name: &str, number: u32, at: Duration) {
        if let Some(bytes) = resident(number) {
            let seen = self.seen.entry(name.to_string()).or_default();
            seen.push((at, bytes));
        }
    }

    /// The first third of a run against its last. Its first sixth does not count: that is the time in which
    /// everything is opened for the first time.
    pub fn growth(&self, run: Duration) -> Vec<Growth> {
        let part = |seen: &[(Duration, u64)], from: u32, to: u32| {
            let within = |at: Duration| at >= run * from / 6 && at <= run * to / 6;
            let times = seen.iter().filter(|(at, _)| within(*at));
            middle(times.map(|(_, bytes)| *bytes).collect())
        };
        let all = self.seen.iter().map(|(name, seen)| Growth {
            name: name.clone(),
            first: part(seen, 1, 2),
            last: part(seen, 4, 6),
        });
        all.filter(|growth| growth.first > 0 && growth.last > 0)
            .collect()
    }
}

fn middle(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

/// What of a process is in memory, in bytes (`VmRSS`, proc(5)).
fn resident(number: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{number}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grows_is_seen() {
        let run = Duration::from_secs(60);
        let mut memory = Memory::default();
        for second in 0..60 {
            let at = Duration::from_secs(second);
            for (name, bytes) in [("flat", 50 << 20), ("leaks", (50 + second) << 20)] {
                let seen = memory.seen.entry(name.to_string()).or_default();
                seen.push((at, bytes));
            }
        }
        let growth = memory.growth(run);
        let flat: Vec<bool> = growth.iter().map(Growth::is_flat).collect();
        assert_eq!(flat, [true, false], "{growth:?}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_has_memory() {
        assert!(resident(std::process::id()).is_some_and(|bytes| bytes > 1 << 20));
        assert_eq!(resident(u32::MAX), None);
    }
}
