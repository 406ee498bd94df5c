//! Names for texts: the record and cargo's freshness compare hashes, not texts.

use sha2::{Digest, Sha256};

/// SHA-256 (FIPS 180-4) of `bytes`, as 64 hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_nothing_is_the_known_one() {
        let hash = sha256(b"");
        assert!(
            hash.starts_with("e3b0c44298fc1c14") && hash.len() == 64,
            "{hash}"
        );
    }
}
