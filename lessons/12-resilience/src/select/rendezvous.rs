//! The same key, the same member.

use sha2::{Digest, Sha256};

use super::{Lots, Selector};
use crate::member::Member;

// ANCHOR: consistent-hash
/// For each key all members make a bid, and the highest wins. When one leaves, its keys go to their
/// second highest bidders, and no other key moves: the other bids are what they were. When one comes,
/// it wins its share, and no key changes between the old ones.
///
/// It is called rendezvous hashing. rpcx's name is for the whole family; a ring of virtual nodes is the
/// other well-known member, with the same promise.
#[derive(Debug)]
pub struct ByKey(Lots);

/// What `member` bids for `key`. Every caller must get the same number, on every machine and from each
/// version of the compiler; the hash of a `HashMap` promises none of that.
fn bid(member: &str, key: &str) -> u64 {
    let mut hash = Sha256::new();
    // Lengths first: ("ab", "c") is not ("a", "bc").
    hash.update((member.len() as u64).to_be_bytes());
    hash.update(member);
    hash.update(key);
    let hash = hash.finalize();
    hash.iter()
        .take(8)
        .fold(0, |bid, byte| bid << 8 | u64::from(*byte))
}

impl Selector for ByKey {
    fn select(&self, key: Option<&str>, among: &[Member]) -> Option<usize> {
        let Some(key) = key else {
            // A call without a key belongs nowhere, so anybody will do.
            return self.0.below(among.len());
        };
        // The id decides between equal bids: the order of the list must not.
        (0..among.len()).max_by_key(|place| (bid(&among[*place].id, key), &among[*place].id))
    }
}
// ANCHOR_END: consistent-hash

impl ByKey {
    /// The seed is for calls without a key only.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        ByKey(Lots::seeded(seed))
    }
}
