//! The check of `trusted-length`. It plays the connection, and looks at two things while you read: how large
//! the buffers are that you want filled, and, where the system tells, how much memory you have asked it for.

mod exercise;
mod given;

use std::io::{self, ErrorKind, Read};

use testkit::{Case, View, case};

/// As many bytes as this may be reserved for a photo that has not come: far more than a buffer needs.
const MODEST: u64 = 100_000_000;
/// A claim. It is below what the runner allows a check to have, so that you get words and no crash.
const CLAIM: u64 = 700_000_000;

/// A connection that gives its bytes in pieces and watches.
struct Album {
    bytes: Vec<u8>,
    at: usize,
    /// The largest buffer that was to be filled.
    largest: u64,
    /// The most memory that there was at a read.
    most: u64,
}

impl Album {
    fn new(bytes: Vec<u8>) -> Self {
        Album {
            bytes,
            at: 0,
            largest: 0,
            most: 0,
        }
    }
}

impl Read for Album {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.largest = self.largest.max(buf.len() as u64);
        self.most = self.most.max(memory());
        let left = &self.bytes[self.at..];
        let n = left.len().min(buf.len()).min(8 * 1024);
        buf[..n].copy_from_slice(&left[..n]);
        self.at += n;
        Ok(n)
    }
}

/// A length, and bytes behind it.
fn photo(length: u64, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::encode_varint(length, &mut bytes);
    bytes.extend_from_slice(body);
    bytes
}

/// The memory that this process has asked for, in bytes. Elsewhere than on Linux it is 0, and then only
/// the buffers are looked at.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// What it costs you to read these bytes. Other threads of this process need memory as well, so the
/// smallest of five results counts.
fn reserved(bytes: &[u8]) -> u64 {
    let once = |_| {
        let mut album = Album::new(bytes.to_vec());
        let before = memory();
        drop(exercise::next_photo(&mut album));
        album.most.saturating_sub(before).max(album.largest)
    };
    (0..5).map(once).min().unwrap_or(0)
}

/// Reads a photo of which six bytes come, and looks at what that has cost.
#[track_caller]
fn expect_modest(case: &Case, length: u64) {
    let bytes = photo(length, b"photo!");
    let sent = bytes.len();
    let reserved = reserved(&bytes);
    if reserved > MODEST {
        let megabytes = reserved / 1_000_000;
        let advice = format!(
            "{sent} bytes made you reserve {megabytes} MB: a length of {length}, six bytes, and silence. At \
             the limit of the format it is 2 GB, and a hundred clients can do it at once. Let the memory \
             follow the bytes that have come."
        );
        case.differ(
            "memory for six bytes",
            format!("memory for {megabytes} MB"),
            &advice,
        );
    }
}

// The belief of this exercise. A limit does not help where the limit itself is more than you have.
#[test]
fn a_claim_reserves_nothing() {
    case(
        &format!("A photo of {CLAIM} bytes, of which 6 come"),
        |case| {
            expect_modest(case, CLAIM);
        },
    );
    case("A photo of 2147483647 bytes, of which 6 come", |case| {
        expect_modest(case, exercise::LIMIT);
    });
}

// The length is still good for one thing: it says whether all has come.
#[test]
fn half_a_photo_is_an_error() {
    case("A photo of 10 bytes, of which 6 come", |case| {
        let answer = exercise::next_photo(&mut Album::new(photo(10, b"photo!")));
        let advice = "The connection has ended inside the photo. What has come is not the photo: say \
                      UnexpectedEof.";
        case.expect_error(ErrorKind::UnexpectedEof, &answer, advice);
    });
    case("A photo of 10 bytes, of which none comes", |case| {
        let answer = exercise::next_photo(&mut Album::new(photo(10, b"")));
        let advice = "A length came, so a photo was meant. This is not the end of the album.";
        case.expect_error(ErrorKind::UnexpectedEof, &answer, advice);
    });
}

// Whoever is careful must not become useless.
#[test]
fn real_photos_are_large() {
    case("A photo of 3 MB, in pieces of 8 kB", |case| {
        let body: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[1]).collect();
        let answer = exercise::next_photo(&mut Album::new(photo(3_000_000, &body)));
        let advice = "3 MB were announced, and 3 MB came. Such photos exist, and up to LIMIT they are \
                      allowed.";
        match answer {
            Ok(Some(photo)) if photo == body => {}
            Ok(Some(photo)) => case.differ("3000000 bytes", photo.len().view(), advice),
            other => case.differ("3000000 bytes", other.view(), advice),
        }
    });
    case("An album without a photo", |case| {
        let advice = "The connection has ended before a length came: the album is complete.";
        let answer = exercise::next_photo(&mut Album::new(Vec::new()));
        if !matches!(answer, Ok(None)) {
            case.differ("Ok(None)", answer.view(), advice);
        }
    });
}

// A connection has more than one message on it.
#[test]
fn takes_only_its_own_bytes() {
    case("Two photos, one behind the other", |case| {
        let mut album = Album::new([photo(3, b"one"), photo(0, b""), photo(3, b"two")].concat());
        for (number, expected) in ["one", "", "two"].into_iter().enumerate() {
            let advice = format!(
                "Photo {} stands behind its own length. Whoever reads more than that takes bytes of the next \
                 photo away.",
                number + 1
            );
            match exercise::next_photo(&mut album) {
                Ok(Some(photo)) if photo == expected.as_bytes() => {}
                other => case.differ(format!("Ok(Some({expected:?}))"), other.view(), &advice),
            }
        }
        if album.at != album.bytes.len() {
            case.differ(
                "all bytes read",
                album.at.view(),
                "Some bytes of the album are left.",
            );
        }
    });
}

// The other answer to a length. Both are needed.
#[test]
fn the_limit_is_checked_first() {
    for length in [exercise::LIMIT + 1, 1 << 40, u64::MAX] {
        case(&format!("A photo of {length} bytes"), |case| {
            let mut album = Album::new(photo(length, &[7; 100_000]));
            let answer = exercise::next_photo(&mut album);
            let advice = "That is above LIMIT, and known before the photo begins: InvalidData. Nothing more is \
                          read; else a stranger decides how much comes.";
            case.expect_error(ErrorKind::InvalidData, &answer, advice);
            let taken = album.at + 100_000 - album.bytes.len();
            if taken > 0 {
                case.differ(
                    "no byte of the photo",
                    format!("{taken} bytes of it"),
                    advice,
                );
            }
        });
    }
}
