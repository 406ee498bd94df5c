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
///
/// * The first answer is compared with an empty house.
/// * An index is a number for `ask`, and no promise: Consul may wake us although nothing has changed, the
///   index may fall, and some agents have been seen to say 0. What was larger than 0 stays so: asking with 1
///   waits for any change.
/// * While Consul is away nobody has left. Between two attempts there is a pause of 100 ms to 1 s, and
///   whoever answers after that may count anew.
pub fn follow(consul: &mut impl Consul, mut tell: impl FnMut(Change)) {
    let mut known = BTreeSet::new();
    let mut index = 0;
    loop {
        match consul.ask(index) {
            Ok(answer) => {
                index = index.max(answer.index);
                for name in known.difference(&answer.names) {
                    tell(Change::Left(name.clone()));
                }
                for name in answer.names.difference(&known) {
                    tell(Change::Came(name.clone()));
                }
                known = answer.names;
            }
            Err(Trouble::Away) => {
                consul.pause(Duration::from_millis(500));
                index = 0;
            }
            Err(Trouble::Over) => return,
        }
    }
}
