//! Rendezvous hashing: the same key, the same member.

use sha2::{Digest, Sha256};

use super::{Dice, Selector};
use crate::member::Member;

// ANCHOR: consistent-hash
/// Each member has a score for each key, and the highest score owns the key. When a member leaves, each of its
/// keys goes to the member with the second highest score. No other key moves, because the other scores stay the
/// same. A new member gets its share, and no key moves between the old ones.
///
/// Consistent hashing, rpcx's name, is the family. A ring of virtual nodes belongs to it as well.
#[derive(Debug)]
pub struct Rendezvous(Dice);

/// The score of `member` for `key`. Every caller must get the same number, on every machine and from each
/// version of the compiler; the hash of a `HashMap` promises none of that.
fn score(member: &str, key: &str) -> u64 {
    let mut hash = Sha256::new();
    // Lengths first: ("ab", "c") is not ("a", "bc").
    hash.update((member.len() as u64).to_be_bytes());
    hash.update(member);
    hash.update(key);
    let hash = hash.finalize();
    hash.iter()
        .take(8)
        .fold(0, |score, byte| score << 8 | u64::from(*byte))
}

impl Selector for Rendezvous {
    fn select(&self, key: Option<&str>, among: &[Member]) -> Option<usize> {
        let Some(key) = key else {
            // A call without a key may go to any member.
            return self.0.below(among.len());
        };
        // The id decides between equal scores: the order of the list must not.
        (0..among.len()).max_by_key(|place| (score(&among[*place].id, key), &among[*place].id))
    }
}
// ANCHOR_END: consistent-hash

impl Rendezvous {
    /// The seed is for calls without a key only.
    pub fn seeded(seed: u64) -> Self {
        Rendezvous(Dice::seeded(seed))
    }
}
