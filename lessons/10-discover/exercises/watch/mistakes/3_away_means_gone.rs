//! belief: away-means-gone
//! words: If Consul is away, everybody has gone.
//! check: c_away_is_no_news
//! says: nobody has left

use std::collections::BTreeSet;
use std::time::Duration;

/// What Consul answers: who is home, and the index of that state.
#[derive(Clone, Debug)]
pub struct Answer {
    pub index: u64,
    pub names: BTreeSet<String>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Consul is not reached, or has broken off. It may come back, also as a new one.
    Away,
    /// The watch is to end.
    Over,
}

/// How the watch speaks with Consul, and with the clock.
pub trait Consul {
    /// Asks. With index 0 the answer comes at once; else as soon as there is a *larger* index, and
    /// after five minutes in any case.
    fn ask(&mut self, index: u64) -> Result<Answer, Trouble>;

    /// Waits.
    fn pause(&mut self, time: Duration);
}

/// What has happened at the door.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    Came(String),
    Left(String),
}

/// Tells each change once, until the watch is over.
pub fn follow(consul: &mut impl Consul, mut tell: impl FnMut(Change)) {
    let mut known = BTreeSet::new();
    let mut index = 0;
    loop {
        match consul.ask(index) {
            Ok(answer) => {
                index = match answer.index {
                    told if told < index => 0,
                    0 => 1,
                    told => told,
                };
                for name in known.difference(&answer.names) {
                    tell(Change::Left(name.clone()));
                }
                for name in answer.names.difference(&known) {
                    tell(Change::Came(name.clone()));
                }
                known = answer.names;
            }
            Err(Trouble::Away) => {
                for name in std::mem::take(&mut known) {
                    tell(Change::Left(name));
                }
                consul.pause(Duration::from_millis(500));
                index = 0;
            }
            Err(Trouble::Over) => return,
        }
    }
}
