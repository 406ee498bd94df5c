//! The record of the soak. It knows each code, so it knows what the site had to answer; each answer that is
//! wrong becomes a sentence of the report.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// So many broken promises are kept in words; more are only counted.
const WORDS: usize = 20;

/// The reply to an answer. Two replies at the same time are judged in this order: what the first has
/// done explains the second.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Said {
    /// Right.
    Accepted,
    /// No verdict: what may have happened is not known.
    Error,
    /// Wrong.
    Wrong,
    /// Too old, used, or of another session.
    Stale,
}

/// An answer that was given.
#[derive(Clone, Copy, Debug)]
pub struct Given {
    /// Whether it is the code.
    pub right: bool,
    /// How often Redis had gone or come when it was sent.
    pub sent: u64,
    /// The same when the reply was there.
    pub heard: u64,
}

/// One captcha, and what has become of it.
#[derive(Clone, Debug, Default)]
pub struct Captcha {
    /// How often Redis had gone or come when the code was read.
    pub read: u64,
    /// A verdict was given, so there is no second one.
    used: bool,
    accepted: bool,
    /// An answer got no verdict: it may have used the captcha up, or not.
    unclear: bool,
}

impl Captcha {
    /// A captcha whose code was read at this moment.
    pub fn read(read: u64) -> Self {
        Captcha {
            read,
            ..Captcha::default()
        }
    }

    // ANCHOR: judge
    /// Checks a reply of the site to the visitor whose captcha it is.
    pub fn judge(&mut self, given: Given, said: &Said) -> Result<(), &'static str> {
        // Redis is there at even moments. One that was killed in between has forgotten everything.
        let forgotten = given.sent >= self.read + 2;
        let untouched = given.heard == self.read && !self.used && !self.unclear;
        let may = match said {
            Said::Accepted if !given.right => Err("a wrong answer was accepted"),
            Said::Accepted if self.accepted => Err("a captcha was accepted twice"),
            Said::Accepted if self.used => Err("a captcha was accepted after it was used"),
            Said::Accepted if forgotten => Err("a captcha was accepted that Redis had lost"),
            Said::Wrong if given.right => Err("a right answer was called wrong"),
            Said::Wrong if self.used => Err("a captcha was judged twice"),
            Said::Stale if untouched => Err("an answer in time was called too late"),
            _ => Ok(()),
        };
        match said {
            Said::Accepted => (self.used, self.accepted) = (true, true),
            Said::Wrong => self.used = true,
            Said::Error => self.unclear = true,
            Said::Stale => {}
        }
        may
    }
    // ANCHOR_END: judge

    /// Checks what the site says of a session: that it was, or was not, let in. The session has answered
    /// this captcha only.
    pub fn session(&self, passed: bool, heard: u64) -> Result<(), &'static str> {
        match passed {
            true if !self.accepted && !self.unclear => Err("a session came in without an answer"),
            false if self.accepted && heard == self.read => {
                Err("a right answer was accepted, and the session is not let in")
            }
            _ => Ok(()),
        }
    }
}

/// The counts of one phase.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Requests.
    pub requests: u64,
    /// Pictures that came.
    pub pictures: u64,
    /// Verdicts.
    pub accepted: u64,
    /// The same.
    pub wrong: u64,
    /// The same.
    pub stale: u64,
    /// Pictures that did not come.
    pub no_picture: u64,
    /// Everything that is no answer, by its `errno` and what was asked for.
    pub errors: BTreeMap<String, u64>,
    /// How long each request took, in microseconds.
    pub took: Vec<u32>,
}

impl Counts {
    /// All of them.
    pub fn failures(&self) -> u64 {
        self.errors.values().sum()
    }

    /// Returns a quantile: so many of a thousand took no longer.
    pub fn per_mille(&self, part: usize) -> Duration {
        let mut took = self.took.clone();
        took.sort_unstable();
        let at = (took.len() * part / 1000).min(took.len().saturating_sub(1));
        Duration::from_micros(took.get(at).copied().unwrap_or(0).into())
    }
}

/// The books.
#[derive(Debug)]
pub struct Ledger {
    phases: Mutex<Phases>,
    /// How often Redis has gone or come: an even number while it is there.
    redis: AtomicU64,
}

#[derive(Debug, Default)]
struct Phases {
    now: usize,
    names: Vec<&'static str>,
    counts: Vec<Counts>,
    broken: Vec<String>,
    more: u64,
}

impl Ledger {
    /// Empty books for these phases.
    pub fn new(names: Vec<&'static str>) -> Self {
        let counts = vec![Counts::default(); names.len()];
        Ledger {
            phases: Mutex::new(Phases {
                names,
                counts,
                ..Phases::default()
            }),
            redis: AtomicU64::new(0),
        }
    }

    /// Counts what ends from now on for this phase.
    pub fn begin(&self, phase: usize) {
        self.lock().now = phase;
    }

    /// Notes that Redis goes away or has come back.
    pub fn redis_turns(&self) {
        self.redis.fetch_add(1, Ordering::SeqCst);
    }

    /// Returns how often Redis went away or came back.
    pub fn moment(&self) -> u64 {
        self.redis.load(Ordering::SeqCst)
    }

    /// Writes something down in this phase.
    pub fn note(&self, note: impl FnOnce(&mut Counts)) {
        let mut phases = self.lock();
        let now = phases.now;
        if let Some(counts) = phases.counts.get_mut(now) {
            note(counts);
        }
    }

    /// A promise was broken.
    pub fn broken(&self, words: String) {
        let mut phases = self.lock();
        let phase = phases.names.get(phases.now).unwrap_or(&"");
        let words = format!("{phase}: {words}");
        if phases.broken.len() < WORDS {
            phases.broken.push(words);
        } else {
            phases.more += 1;
        }
    }

    /// Each phase with its counts.
    pub fn phases(&self) -> Vec<(&'static str, Counts)> {
        let phases = self.lock();
        let names = phases.names.iter().copied();
        names.zip(phases.counts.iter().cloned()).collect()
    }

    /// Broken promises in words, and how many there were besides.
    pub fn broken_promises(&self) -> (Vec<String>, u64) {
        let phases = self.lock();
        (phases.broken.clone(), phases.more)
    }

    fn lock(&self) -> MutexGuard<'_, Phases> {
        self.phases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: Given = Given {
        right: true,
        sent: 0,
        heard: 0,
    };

    // Books that would write down anything prove nothing.
    #[test]
    fn broken_promises_are_seen() {
        let wrong = Given {
            right: false,
            ..AT_ONCE
        };
        let after = Given {
            sent: 2,
            heard: 2,
            ..AT_ONCE
        };
        for (answers, words) in [
            (vec![(wrong, Said::Accepted)], "a wrong answer was accepted"),
            (
                vec![(AT_ONCE, Said::Accepted), (AT_ONCE, Said::Accepted)],
                "accepted twice",
            ),
            (
                vec![(wrong, Said::Wrong), (AT_ONCE, Said::Accepted)],
                "after it was used",
            ),
            (
                vec![(wrong, Said::Wrong), (AT_ONCE, Said::Wrong)],
                "called wrong",
            ),
            (
                vec![(wrong, Said::Wrong), (wrong, Said::Wrong)],
                "judged twice",
            ),
            (vec![(AT_ONCE, Said::Stale)], "called too late"),
            (vec![(wrong, Said::Stale)], "called too late"),
            (vec![(after, Said::Accepted)], "that Redis had lost"),
        ] {
            let mut captcha = Captcha::read(0);
            let judged = answers
                .iter()
                .map(|(given, said)| captcha.judge(*given, said));
            let broken: Vec<_> = judged.filter_map(Result::err).collect();
            assert!(
                broken.len() == 1 && broken[0].contains(words),
                "{answers:?}: {broken:?}"
            );
        }
        assert!(Captcha::read(0).session(true, 0).is_err());
        let mut accepted = Captcha::read(0);
        accepted.judge(AT_ONCE, &Said::Accepted).unwrap();
        assert!(accepted.session(false, 0).is_err());
    }

    #[test]
    fn what_may_be_said_is_let_through() {
        let wrong = Given {
            right: false,
            ..AT_ONCE
        };
        let after = Given {
            sent: 2,
            heard: 2,
            ..AT_ONCE
        };
        for answers in [
            vec![(AT_ONCE, Said::Accepted), (AT_ONCE, Said::Stale)],
            vec![(wrong, Said::Wrong), (AT_ONCE, Said::Stale)],
            // Whether the first one arrived is unknown.
            vec![(AT_ONCE, Said::Error), (AT_ONCE, Said::Accepted)],
            vec![(AT_ONCE, Said::Error), (AT_ONCE, Said::Stale)],
            // Redis was killed in the meantime.
            vec![(after, Said::Stale)],
        ] {
            let mut captcha = Captcha::read(0);
            for (given, said) in &answers {
                assert_eq!(captcha.judge(*given, said), Ok(()), "{answers:?}");
            }
        }
        let mut lost = Captcha::read(0);
        lost.judge(AT_ONCE, &Said::Error).unwrap();
        assert_eq!(
            (lost.session(true, 0), lost.session(false, 0)),
            (Ok(()), Ok(()))
        );
    }
}
