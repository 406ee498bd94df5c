//! A picture as the browser gets it.

use std::io::{Cursor, ErrorKind};

use l16_captcha::code;
use l16_captcha::picture::{HEIGHT, PAPER, Painter, WIDTH};
use png::{BitDepth, ColorType, Decoder, Transformations};

/// The names of the chunks, in order.
fn chunks(file: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = &file[8..];
    while !rest.is_empty() {
        let length = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        names.push(String::from_utf8(rest[4..8].to_vec()).unwrap());
        rest = &rest[length + 12..];
    }
    names
}

/// Red, green and blue of each pixel, row by row.
fn pixels(file: &[u8]) -> Vec<[u8; 3]> {
    let mut decoder = Decoder::new(Cursor::new(file));
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut bytes).unwrap();
    bytes
        .chunks(3)
        .map(|pixel| pixel.try_into().unwrap())
        .collect()
}

#[test]
fn it_is_a_png_of_the_promised_size_black_on_violet() {
    let file = Painter::new().png("2345", 1).unwrap();
    let reader = Decoder::new(Cursor::new(&file)).read_info().unwrap();
    let info = reader.info();
    assert_eq!((info.width, info.height), (WIDTH, HEIGHT));
    assert_eq!((WIDTH, HEIGHT), (128, 64));
    assert_eq!(
        (info.color_type, info.bit_depth),
        (ColorType::Indexed, BitDepth::Four)
    );
    let pixels = pixels(&file);
    let of = |colour: [u8; 3]| pixels.iter().filter(|pixel| **pixel == colour).count();
    assert_eq!(PAPER, [100, 0, 255]);
    assert!(of(PAPER) > pixels.len() / 3, "{} of paper", of(PAPER));
    assert!(of([0, 0, 0]) > pixels.len() / 20, "{} black", of([0, 0, 0]));
    for [red, green, blue] in pixels {
        assert_eq!(green, 0);
        let wanted = u16::from(blue) * 100 / 255;
        assert!(u16::from(red).abs_diff(wanted) <= 1, "{red}, {blue}");
    }
}

#[test]
fn the_same_seed_gives_the_same_picture_and_another_another() {
    let (one, other) = (Painter::new(), Painter::new());
    assert_eq!(one.png("7294", 5).unwrap(), other.png("7294", 5).unwrap());
    assert_ne!(one.png("7294", 5).unwrap(), one.png("7294", 6).unwrap());
    assert_ne!(one.png("7294", 5).unwrap(), one.png("7295", 5).unwrap());
}

/// A comment, a time or a name in the file might tell what the pixels only show.
#[test]
fn there_is_nothing_in_the_file_but_the_picture() {
    let file = Painter::new().png("2468", 3).unwrap();
    assert_eq!(chunks(&file), ["IHDR", "PLTE", "IDAT", "IEND"]);
    let told = |text: &[u8]| file.windows(text.len()).any(|part| part == text);
    assert!(!told(b"2468"));
    // Its colours are those of every picture.
    let palette = |file: &[u8]| {
        let start = file.windows(4).position(|name| name == b"PLTE").unwrap();
        file[start..start + 52].to_vec()
    };
    assert_eq!(
        palette(&file),
        palette(&Painter::new().png("9753", 4).unwrap())
    );
}

#[test]
fn every_digit_has_more_ink_than_the_lines() {
    let painter = Painter::new();
    for seed in 0..100 {
        // Seven and eight are drawn too thin to be told from lines in this way.
        for digits in ["2", "37", "495", "6823", "79456", "235678"] {
            let pixels = pixels(&painter.png(digits, seed).unwrap());
            let width = WIDTH as usize;
            // Four black pixels together: lines are too thin for that, but where they meet.
            let black = |x: usize, y: usize| pixels[y * width + x] == [0; 3];
            let ink = (0..HEIGHT as usize - 1)
                .flat_map(|y| (0..width - 1).map(move |x| (x, y)))
                .filter(|&(x, y)| {
                    black(x, y) && black(x + 1, y) && black(x, y + 1) && black(x + 1, y + 1)
                })
                .count();
            assert!(
                ink > 20 * digits.len(),
                "{digits}, seed {seed}: {ink} times four black pixels"
            );
        }
    }
}

#[test]
fn a_picture_is_two_thousand_bytes_or_so() {
    let painter = Painter::new();
    for digits in [code::LENGTH, 8] {
        let sizes: Vec<usize> = (0..200)
            .map(|seed| {
                painter
                    .png(&code::fresh(digits).unwrap(), seed)
                    .unwrap()
                    .len()
            })
            .collect();
        let mean = sizes.iter().sum::<usize>() / sizes.len();
        let most = *sizes.iter().max().unwrap();
        assert!(mean < 2300, "{digits} digits: {mean} bytes in the mean");
        assert!(most < 3000, "{digits} digits: {most} bytes");
    }
}

#[test]
fn what_is_no_code_is_refused_and_not_repeated() {
    let painter = Painter::new();
    for wrong in ["", "123456789", "12a4", "-123", "٣٤٥٦", "1 2", "12\n"] {
        let error = painter.png(wrong, 1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{wrong:?}");
        assert_eq!(error.to_string(), "a picture shows 1 to 8 digits");
    }
}
