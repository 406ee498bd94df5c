//! Examples of RFC 7541, appendix C, and blocks that were made to hurt. Requests, plain and in Huffman's
//! code, are compared with those of `h2` in the tests of HTTP/2.

use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.bytes().filter_map(|it| char::from(it).to_digit(16));
    let digits: Vec<u8> = digits.map(|it| it.to_le_bytes()[0]).collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

/// The list as `name: value; name: value`.
fn line(list: &List) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let fields = list.fields.iter();
    let lines = fields.map(|field| format!("{}: {}", text(field.name()), text(field.value())));
    lines.collect::<Vec<_>>().join("; ")
}

const RESPONSES: [&str; 3] = [
    ":status: 302; cache-control: private; date: Mon, 21 Oct 2013 20:13:21 GMT; \
     location: https://www.example.com",
    ":status: 307; cache-control: private; date: Mon, 21 Oct 2013 20:13:21 GMT; \
     location: https://www.example.com",
    ":status: 200; cache-control: private; date: Mon, 21 Oct 2013 20:13:22 GMT; \
     location: https://www.example.com; content-encoding: gzip; \
     set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
];

/// The responses of the examples, with the sizes that a table of 256 bytes has after each.
fn check(blocks: [&str; 3]) {
    let mut decoder = Decoder::new();
    decoder.table.resize(256);
    for ((block, expected), size) in blocks.iter().zip(RESPONSES).zip([222, 222, 215]) {
        let block = bytes(block);
        let list = decoder.decode(&block).unwrap();
        assert_eq!(line(&list), expected);
        assert_eq!(decoder.table.size(), size);
        let cost: usize = list.fields.iter().map(|field| field.cost).sum();
        assert_eq!(cost, block.len());
    }
}

#[test]
fn numbers_c_1() {
    assert_eq!(integer(&mut &[0x0a][..], 5), Ok(10));
    assert_eq!(integer(&mut &[0x1f, 0x9a, 0x0a][..], 5), Ok(1337));
    assert_eq!(integer(&mut &[0x2a][..], 8), Ok(42));
}

#[test]
fn single_fields_c_2() {
    let header = "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572";
    let (path, password) = (
        "040c 2f73 616d 706c 652f 7061 7468",
        "1008 7061 7373 776f 7264 0673 6563 7265 74",
    );
    for (block, expected, size) in [
        (header, "custom-key: custom-header", 55),
        (path, ":path: /sample/path", 0),
        (password, "password: secret", 0),
        ("82", ":method: GET", 0),
    ] {
        let mut decoder = Decoder::new();
        assert_eq!(line(&decoder.decode(&bytes(block)).unwrap()), expected);
        assert_eq!(decoder.table.size(), size);
    }
}

#[test]
fn responses_c_5_and_with_huffman_c_6() {
    let plain = [
        "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032
         303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "4803 3330 37c1 c0bf",
        "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04
         677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49
         553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
    ];
    check(plain);
    let coded = [
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e
         919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        "4883 640e ffc1 c0bf",
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7
         821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed
         4ee5 b106 3d50 07",
    ];
    check(coded);
}

#[test]
fn a_new_table_size_forgets_what_no_longer_fits() {
    let mut decoder = Decoder::new();
    decoder
        .decode(&bytes("8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d"))
        .unwrap();
    assert_eq!(decoder.decode(&[0x20, 0x82]).unwrap().fields.len(), 1);
    assert_eq!(decoder.table.size(), 0);
    assert!(decoder.decode(&[0xbe]).is_err(), "the entry is gone");
}

/// One entry of 4 KB, then a byte for each time that it is wanted again: 64 KiB that would
/// be 250 MB if every field were copied.
#[test]
fn a_bomb_costs_no_memory() {
    let mut decoder = Decoder::new();
    let mut block = vec![0x40, 1, b'a', 0x7f, 0x80 | 33, 30];
    block.extend(vec![b'x'; 4000]);
    assert_eq!(decoder.decode(&block).unwrap().fields.len(), 1);
    let list = decoder.decode(&vec![0xbe; 60_000]).unwrap();
    assert!(list.fields.len() < 10);
    assert_eq!(list.fields.len() + list.left_out, 60_000);
}

#[test]
fn a_mistake_is_named_and_never_a_panic() {
    for (block, part) in [
        (&[0x80][..], "does not exist"),
        (&[0xbe], "does not exist"),
        (&[0x40, 5, b'a'], "in the middle"),
        (&[0x40], "in the middle"),
        (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "too big"),
        (&[0x3f, 0xe1, 0xff, 0x7f], "more than 64 KiB"),
        (&[0x40, 0x81, 0xff], "Huffman"),
    ] {
        let mistake = Decoder::new().decode(block).unwrap_err();
        assert!(mistake.contains(part), "{block:02x?}: {mistake}");
    }
    for mut dice in testkit::fuzz::budget("HPACK", 20_000) {
        let mut decoder = Decoder::new();
        for _ in 0..3 {
            // Whatever comes back is fine, as long as something does.
            let _ = decoder.decode(&dice.bytes(40));
        }
    }
}
