use std::collections::BTreeSet;
use std::time::Duration;

// Given in given.rs, beside this file: `Answer`, `Trouble`, `Consul`, `Change`.
pub use super::given::*;

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
