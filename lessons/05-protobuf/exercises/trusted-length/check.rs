//! The check of `trusted-length`. It plays the connection, and looks at two things at each read: the size of the buffer
//! that is to be filled, and, on Linux, the memory that the process has allocated.

mod exercise;
mod given;

use std::io::{self, ErrorKind, Read};

use testkit::{Case, View, case};

/// The most bytes that may be allocated for a photo that has not arrived: far more than a buffer needs.
const MODEST: u64 = 100_000_000;
/// A claimed length. It is below the memory that the runner allows a check, so a fault is reported and is no crash.
const CLAIM: u64 = 700_000_000;

/// A connection that returns its bytes in pieces, and notes the sizes.
struct Album {
    bytes: Vec<u8>,
    at: usize,
    /// The largest buffer that was to be filled, in bytes.
    largest: u64,
    /// The most memory of the process at a read, in bytes.
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

/// A length, and the bytes behind it.
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

/// Reads a photo of which six bytes arrive, and fails if much memory was allocated for it. Other threads of this process
/// need memory as well, so the smallest of five results counts.
#[track_caller]
fn expect_modest(case: &Case, length: u64) {
    let bytes = photo(length, b"photo!");
    let once = |_| {
        let mut album = Album::new(bytes.clone());
        let before = memory();
        drop(exercise::next_photo(&mut album));
        (album.largest, album.most.saturating_sub(before))
    };
    let (buffer, memory) = (0..5).map(once).min().unwrap_or((0, 0));
    let (sent, megabytes) = (bytes.len(), buffer.max(memory) / 1_000_000);
    let advice = if buffer > MODEST {
        format!(
            "The client sent {sent} bytes, and your code made a buffer of {megabytes} MB to be filled. A length is a claim: \
             a hundred clients can make it at once. Let the memory follow the bytes that have arrived."
        )
    } else if memory > MODEST {
        format!(
            "The client sent {sent} bytes. The buffer that your code reads into is small, but {megabytes} MB were \
             allocated for it: `with_capacity` and `reserve` allocate at once. Begin with an empty `Vec`."
        )
    } else {
        return;
    };
    let expected = "little memory for 6 bytes of a photo";
    case.differ(expected, format!("{megabytes} MB"), &advice);
}

// The belief of this exercise. A limit is no protection where the limit itself is more than the server has.
#[test]
fn c_claim_allocates_nothing() {
    case(
        &format!("A photo of {CLAIM} bytes, of which 6 arrive"),
        |case| {
            expect_modest(case, CLAIM);
        },
    );
    case("A photo of 2147483647 bytes, of which 6 arrive", |case| {
        expect_modest(case, exercise::LIMIT);
    });
    case(
        "A photo of 2147483647 bytes, which is LIMIT exactly",
        |case| {
            let refused = |length| {
                let answer = exercise::next_photo(&mut Album::new(photo(length, b"photo!")));
                matches!(answer, Err(error) if error.kind() == ErrorKind::InvalidData)
            };
            // A lower limit has words of its own, in `a_real_photos_are_large`.
            if refused(exercise::LIMIT) && !refused(CLAIM) {
                let advice = "A length of exactly LIMIT was refused. Only a length above it is.";
                case.differ("Err: UnexpectedEof", "Err: InvalidData", advice);
            }
        },
    );
}

// The length still says whether the photo is complete.
#[test]
fn b_half_a_photo_is_an_error() {
    case("A photo of 10 bytes, of which 6 arrive", |case| {
        let answer = exercise::next_photo(&mut Album::new(photo(10, b"photo!")));
        let advice = match &answer {
            Ok(Some(_)) => {
                "The connection ended inside the photo. The bytes that arrived are not the photo: `UnexpectedEof`."
            }
            _ => {
                "The length is allowed, and the connection ended inside the photo: `UnexpectedEof`."
            }
        };
        case.expect_error(ErrorKind::UnexpectedEof, &answer, advice);
    });
    case("A photo of 10 bytes, of which none arrives", |case| {
        let answer = exercise::next_photo(&mut Album::new(photo(10, b"")));
        let advice = "A length arrived, so a photo was to follow. This is not the end of the album: `UnexpectedEof`.";
        case.expect_error(ErrorKind::UnexpectedEof, &answer, advice);
    });
}

// An error of the connection is neither the end of the album nor a photo.
#[test]
fn f_other_ends_are_errors() {
    case("The connection ends inside the length", |case| {
        let answer = exercise::next_photo(&mut Album::new(vec![0x80]));
        let advice =
            "A length began and is not whole. `length` returns an error for it: pass it on.";
        case.expect_error(ErrorKind::UnexpectedEof, &answer, advice);
    });
    case("The connection fails after 6 of 10 bytes", |case| {
        let mut album = Album::new(photo(10, b"photo!")).chain(Broken);
        let answer = exercise::next_photo(&mut album);
        let advice = "The read failed with ConnectionReset. Pass the error of the connection on.";
        case.expect_error(ErrorKind::ConnectionReset, &answer, advice);
    });
}

/// A connection that has failed.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(ErrorKind::ConnectionReset.into())
    }
}

// Large photos are allowed.
#[test]
fn a_real_photos_are_large() {
    case("A photo of 3 MB, in pieces of 8 kB", |case| {
        let body: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[1]).collect();
        let answer = exercise::next_photo(&mut Album::new(photo(3_000_000, &body)));
        let advice = match &answer {
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                "A photo of 3 MB arrived complete. Photos up to LIMIT are allowed."
            }
            _ => "A photo of 3 MB arrived complete, and its length says so.",
        };
        match answer {
            Ok(Some(photo)) if photo == body => {}
            Ok(Some(photo)) => case.differ("3000000 bytes", photo.len().view(), advice),
            other => case.differ("3000000 bytes", other.view(), advice),
        }
    });
    case("An album without a photo", |case| {
        let advice = "The connection ended before a length: the album is complete, `Ok(None)`.";
        let answer = exercise::next_photo(&mut Album::new(Vec::new()));
        if !matches!(answer, Ok(None)) {
            case.differ("Ok(None)", answer.view(), advice);
        }
    });
}

// A connection carries more than one photo.
#[test]
fn d_takes_only_its_own_bytes() {
    case("Two photos, one behind the other", |case| {
        let mut album = Album::new([photo(3, b"one"), photo(0, b""), photo(3, b"two")].concat());
        for (number, expected) in ["one", "", "two"].into_iter().enumerate() {
            let advice = format!(
                "Photo {} is as long as its length says. A reader that takes more takes bytes of the next photo.",
                number + 1
            );
            match exercise::next_photo(&mut album) {
                Ok(Some(photo)) if photo == expected.as_bytes() => {}
                other => case.differ(format!("Ok(Some({expected:?}))"), other.view(), &advice),
            }
        }
        if album.at != album.bytes.len() {
            case.differ(
                format!("all {} bytes read", album.bytes.len()),
                format!("{} bytes read", album.at),
                "Some bytes of the album are left.",
            );
        }
    });
}

// The limit is needed as well.
#[test]
fn e_limit_is_checked_first() {
    for length in [exercise::LIMIT + 1, 1 << 40, u64::MAX] {
        case(&format!("A photo of {length} bytes"), |case| {
            let mut album = Album::new(photo(length, &[7; 100_000]));
            let answer = exercise::next_photo(&mut album);
            let advice = "The length is above LIMIT, so the photo is refused before it is read: `InvalidData`, and nothing more is \
                          read.";
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
