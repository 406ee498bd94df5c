//! The code that a learner types: address, room code and fingerprint of the certificate, in one line.

use std::fmt;
use std::str::FromStr;

use anyhow::{Result, bail};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};

/// Letters of a room code: none that is read as another one, and no vowel, so that no word comes out.
const ROOM: &[u8; 19] = b"BCDFGHJKMNPQRSTVWXZ";
/// Five bits a letter; without 0, 1, I and O.
const PIN: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const ROOM_LENGTH: usize = 6;
/// 60 bits: a certificate of another key with the same twelve letters is years of work, and a class lasts days.
const PIN_LENGTH: usize = 12;

/// What `class join` takes: `192.168.1.5:7443/KPRTMW-7XKQ-2MNP-9VTR`. Without the address it is looked for by mDNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// Host and port, if they were typed.
    pub address: Option<String>,
    /// The room code.
    pub room: String,
    /// The short fingerprint.
    pub pin: String,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(address) = &self.address {
            write!(f, "{address}/")?;
        }
        let (a, b, c) = (&self.pin[..4], &self.pin[4..8], &self.pin[8..]);
        write!(f, "{}-{a}-{b}-{c}", self.room)
    }
}

impl FromStr for Code {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (address, rest) = match text.trim().rsplit_once('/') {
            Some((address, rest)) => (
                Some(address.trim_start_matches("https://").to_owned()),
                rest,
            ),
            None => (None, text),
        };
        let letters: String = rest
            .chars()
            .filter(|c| !matches!(c, '-' | ' '))
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let known = |letters: &[u8], of: &[u8]| letters.iter().all(|b| of.contains(b));
        let Some((room, pin)) = letters.split_at_checked(ROOM_LENGTH) else {
            bail!("the code of a class looks like KPRTMW-7XKQ-2MNP-9VTR");
        };
        if pin.len() != PIN_LENGTH || !known(room.as_bytes(), ROOM) || !known(pin.as_bytes(), PIN) {
            bail!(
                "`{text}` is not the code of a class: six letters, then three groups of four, as on the board"
            );
        }
        Ok(Self {
            address,
            room: room.to_owned(),
            pin: pin.to_owned(),
        })
    }
}

/// Random bytes.
///
/// # Errors
/// If the system has none.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    if SystemRandom::new().fill(&mut bytes).is_err() {
        bail!("the system has no random bytes");
    }
    Ok(bytes)
}

/// A new room code.
///
/// # Errors
/// If the system has no random bytes.
pub fn room() -> Result<String> {
    let mut room = String::new();
    while room.len() < ROOM_LENGTH {
        let [byte] = random::<1>()?;
        // 247 is a multiple of 19: a byte above it would make some letters more likely.
        if byte < 247 {
            room.push(char::from(ROOM[usize::from(byte) % ROOM.len()]));
        }
    }
    Ok(room)
}

/// The short fingerprint of a certificate: the first 60 bits of its SHA-256.
pub fn pin(certificate: &[u8]) -> String {
    letters(certificate, PIN_LENGTH)
}

/// The fingerprint of a public key that signs certificates of learners, as [`crate::protocol::encode`] gives it: the
/// first 100 bits of the SHA-256 of its bytes, in groups. Longer than [`pin`], because such a file is kept for years.
///
/// # Errors
/// If the key is damaged.
pub fn fingerprint(key: &str) -> Result<String> {
    let letters = letters(&crate::protocol::decode(key)?, 20);
    let groups: Vec<&str> = (0..5).map(|at| &letters[4 * at..4 * at + 4]).collect();
    Ok(groups.join("-"))
}

/// The first bits of the SHA-256 of `bytes`, five a letter, 25 letters at most.
fn letters(bytes: &[u8], count: usize) -> String {
    let hash = digest(&SHA256, bytes);
    let bits = hash
        .as_ref()
        .iter()
        .take(16)
        .fold(0_u128, |all, byte| all << 8 | u128::from(*byte));
    (0..count)
        .map(|at| char::from(PIN[usize::try_from(bits >> (123 - 5 * at) & 31).unwrap_or(0)]))
        .collect()
}

/// A made-up name for a class without a roster.
///
/// # Errors
/// If the system has no random bytes.
pub fn made_up_name() -> Result<String> {
    const FIRST: [&str; 16] = [
        "Amber", "Brisk", "Calm", "Daring", "Eager", "Fleet", "Golden", "Happy", "Keen", "Lucky",
        "Mellow", "Noble", "Quiet", "Rapid", "Silver", "Witty",
    ];
    const SECOND: [&str; 16] = [
        "Badger", "Crane", "Dolphin", "Egret", "Falcon", "Gecko", "Heron", "Ibex", "Koala", "Lynx",
        "Marten", "Otter", "Panda", "Raven", "Seal", "Tiger",
    ];
    let [a, b, c] = random::<3>()?;
    let (first, second) = (FIRST[usize::from(a) % 16], SECOND[usize::from(b) % 16]);
    Ok(format!("{first} {second} {}", 10 + u16::from(c) % 90))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_it_is_printed_and_as_people_type_it() {
        let code = Code {
            address: Some("192.168.1.5:7443".to_owned()),
            room: room().unwrap(),
            pin: pin(b"a certificate"),
        };
        assert_eq!(code.to_string().parse::<Code>().unwrap(), code);
        let typed = code.to_string().to_lowercase().replace('-', " ");
        assert_eq!(typed.parse::<Code>().unwrap(), code);
        for wrong in [
            "",
            "KPRTMW",
            "KPRTMA-7XKQ-2MNP-9VTR",
            "KPRTMW-7XKQ-2MNP-9VT0",
            "é-é",
            "1.2.3.4:5/",
        ] {
            assert!(wrong.parse::<Code>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_fingerprint_is_the_first_60_bits_of_the_hash() {
        // SHA-256 of nothing begins with e3b0c44298fc1c14: 11100 01110 11000 01100 01000 10000 10100 11000 11111 10000 01110 00001
        assert_eq!(pin(b""), "WGSEAJNSZJG3");
    }
}
