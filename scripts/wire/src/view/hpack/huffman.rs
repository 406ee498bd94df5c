//! The code in which HPACK writes text: frequent letters take 5 bits, rare bytes up to 30.
//!
//! RFC 7541, appendix B lists all 257 codes. They are a canonical code: within one length they
//! count up in the order of the bytes, and each length goes on where the shorter one stopped. So it is
//! enough to write down which bytes have which length, and the rest is counting.

use std::sync::LazyLock;

/// The longest code has this many bits.
const LONGEST: usize = 30;

/// Stands for the end, which must never be sent.
const END: u16 = 256;

/// For each length in bits, the bytes whose code is that long, in order.
#[rustfmt::skip]
const BY_LENGTH: [(usize, &[u16]); 22] = [
    (5, &[48, 49, 50, 97, 99, 101, 105, 111, 115, 116]),
    (6, &[32, 37, 45, 46, 47, 51, 52, 53, 54, 55, 56, 57, 61, 65, 95, 98, 100, 102, 103, 104, 108,
        109, 110, 112, 114, 117]),
    (7, &[58, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86,
        87, 89, 106, 107, 113, 118, 119, 120, 121, 122]),
    (8, &[38, 42, 44, 59, 88, 90]),
    (10, &[33, 34, 40, 41, 63]),
    (11, &[39, 43, 124]),
    (12, &[35, 62]),
    (13, &[0, 36, 64, 91, 93, 126]),
    (14, &[94, 125]),
    (15, &[60, 96, 123]),
    (19, &[92, 195, 208]),
    (20, &[128, 130, 131, 162, 184, 194, 224, 226]),
    (21, &[153, 161, 167, 172, 176, 177, 179, 209, 216, 217, 227, 229, 230]),
    (22, &[129, 132, 133, 134, 136, 146, 154, 156, 160, 163, 164, 169, 170, 173, 178, 181, 185,
        186, 187, 189, 190, 196, 198, 228, 232, 233]),
    (23, &[1, 135, 137, 138, 139, 140, 141, 143, 147, 149, 150, 151, 152, 155, 157, 158, 165, 166,
        168, 174, 175, 180, 182, 183, 188, 191, 197, 231, 239]),
    (24, &[9, 142, 144, 145, 148, 159, 171, 206, 215, 225, 236, 237]),
    (25, &[199, 207, 234, 235]),
    (26, &[192, 193, 200, 201, 202, 205, 210, 213, 218, 219, 238, 240, 242, 243, 255]),
    (27, &[203, 204, 211, 212, 214, 221, 222, 223, 241, 244, 245, 246, 247, 248, 250, 251, 252,
        253, 254]),
    (28, &[2, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25, 26, 27, 28, 29,
        30, 31, 127, 220, 249]),
    (29, &[]),
    (30, &[10, 13, 22, END]),
];

/// The codes of one length.
#[derive(Clone, Copy, Default)]
struct Codes {
    first: u32,
    bytes: &'static [u16],
}

/// What each length means, counted out once.
static CODES: LazyLock<[Codes; LONGEST + 1]> = LazyLock::new(|| {
    let mut codes = [Codes::default(); LONGEST + 1];
    for (length, bytes) in BY_LENGTH {
        codes[length].bytes = bytes;
    }
    let mut next = 0;
    for entry in codes.iter_mut().skip(1) {
        next <<= 1;
        entry.first = next;
        next += u32::try_from(entry.bytes.len()).unwrap_or(0);
    }
    codes
});

/// The text that `bytes` stand for, or what is wrong with them. It is at most 8/5 as long.
pub fn decode(bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut out = Vec::with_capacity(bytes.len() * 8 / 5);
    let (mut code, mut length) = (0_u32, 0_usize);
    for byte in bytes {
        for shift in (0..8).rev() {
            code = code << 1 | u32::from(byte >> shift & 1);
            length += 1;
            let Some(codes) = CODES.get(length) else {
                return Err("a Huffman code that does not exist");
            };
            let at = code.wrapping_sub(codes.first);
            let Some(found) = usize::try_from(at).ok().and_then(|at| codes.bytes.get(at)) else {
                continue;
            };
            // Only the end is no byte, and it must not be sent.
            out.push(u8::try_from(*found).map_err(|_| "the Huffman code of the end")?);
            (code, length) = (0, 0);
        }
    }
    // What is left fills the last byte: less than 8 bits, all of them 1.
    if length > 7 || code != (1 << length) - 1 {
        return Err("a Huffman code that stops in the middle");
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes that RFC 7541, appendix B gives, from all lengths.
    #[test]
    fn counting_gives_the_codes_of_the_rfc() {
        for (byte, code, length) in [
            (b'0', 0x0, 5),
            (b't', 0x9, 5),
            (b' ', 0x14, 6),
            (b'z', 0x7b, 7),
            (b'Z', 0xfd, 8),
            (b'?', 0x3fc, 10),
            (b'>', 0xffb, 12),
            (b'{', 0x7ffe, 15),
            (b'\\', 0x7fff0, 19),
            (1, 0x7fffd8, 23),
            (127, 0xffffffc, 28),
            (22, 0x3ffffffe, 30),
        ] {
            let codes = CODES[length];
            let at = codes.bytes.iter().position(|it| *it == u16::from(byte));
            let counted = codes.first + u32::try_from(at.expect("this length")).unwrap();
            assert_eq!(counted, code, "{byte}");
        }
        let all: usize = CODES.iter().map(|codes| codes.bytes.len()).sum();
        assert_eq!(all, 257);
    }

    #[test]
    fn what_is_no_code_is_refused() {
        assert_eq!(decode(&[0xff; 4]), Err("the Huffman code of the end"));
        assert!(decode(&[0xff]).is_err(), "8 bits that fill nothing");
        assert!(decode(&[0b0000_0000]).is_err(), "filled with 0");
        assert_eq!(decode(&[0b0000_0111]).unwrap(), b"0");
        assert_eq!(decode(&[]).unwrap(), b"");
    }
}
