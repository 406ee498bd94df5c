//! What was known is compared with what is told, so an answer that says nothing new costs nothing, and
//! an index is never compared with the truth: it is only handed back. Two numbers are special. One that is
//! smaller than ours comes from somebody who counts anew, and then 0 asks for the whole truth at once. And
//! 0 itself would never be held back, so 1 is asked instead. After trouble the index is 0 as well:
//! a Consul that was restarted would let us wait for a number that it reaches tomorrow.

use std::collections::BTreeSet;
use std::time::Duration;

// Given in given.rs, beside this file: `Answer`, `Trouble`, `Consul`, `Change`.
pub use super::given::*;

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
                consul.pause(Duration::from_millis(500));
                index = 0;
            }
            Err(Trouble::Over) => return,
        }
    }
}
