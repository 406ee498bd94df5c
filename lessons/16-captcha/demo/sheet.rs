//! Many pictures on one sheet, for a person to look at: is each of them read at a glance?

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};
use lexopt::{Arg, Parser, ValueExt};
use png::{BitDepth, ColorType, Decoder, Encoder, Transformations};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use l16_captcha::code;
use l16_captcha::picture::{HEIGHT, Painter, WIDTH};

const COLUMNS: usize = 5;
const ROWS: usize = 8;
/// White around the pictures, in pixels.
const GAP: usize = 8;

/// `sheet --out FILE.png [--seed N]`: draws 40 pictures into one file, and prints their codes as a table.
///
/// The codes come from the seed as well, so that a sheet can be made again; the one in the book is of seed 16.
/// That is for sheets alone: the codes of the site come from [`code::fresh`].
///
/// # Errors
/// If the words are others, or the file cannot be written.
pub fn run(words: Vec<OsString>) -> anyhow::Result<()> {
    let (mut out, mut seed) = (None, None);
    let mut parser = Parser::from_args(words);
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Long("out") => out = Some(PathBuf::from(parser.value()?)),
            Arg::Long("seed") => seed = Some(parser.value()?.parse::<u64>()?),
            other => bail!(other.unexpected()),
        }
    }
    let out = out.context("which file? sheet --out FILE.png")?;
    let seed = match seed {
        Some(seed) => seed,
        None => code::seed().context("no seed from the operating system")?,
    };
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let codes: Vec<String> = (0..COLUMNS * ROWS)
        .map(|_| {
            let digit = |_| char::from(code::DIGITS[rng.random_range(0..code::DIGITS.len())]);
            (0..code::LENGTH).map(digit).collect()
        })
        .collect();
    let file = draw(&codes, &mut rng)?;
    fs::write(&out, file).with_context(|| format!("cannot write {}", out.display()))?;
    println!("{}: seed {seed}", out.display());
    for row in codes.chunks(COLUMNS) {
        println!("{}", row.join("  "));
    }
    Ok(())
}

/// The sheet as PNG, in the colours of the pictures and white.
fn draw(codes: &[String], rng: &mut Xoshiro256PlusPlus) -> anyhow::Result<Vec<u8>> {
    let (wide, high) = (WIDTH as usize, HEIGHT as usize);
    let width = COLUMNS * (wide + GAP) + GAP;
    let height = codes.len().div_ceil(COLUMNS) * (high + GAP) + GAP;
    let painter = Painter::new();
    let mut palette = Vec::new();
    // The colour behind those of a picture.
    let white = 16;
    let mut sheet = vec![white; width * height];
    for (index, code) in codes.iter().enumerate() {
        // What the browser would get, read again: not a drawing of its own.
        let file = painter.png(code, rng.random())?;
        let mut decoder = Decoder::new(std::io::Cursor::new(file));
        decoder.set_transformations(Transformations::IDENTITY);
        let mut reader = decoder.read_info()?;
        palette = reader
            .info()
            .palette
            .as_deref()
            .unwrap_or_default()
            .to_vec();
        let mut rows = vec![0; reader.output_buffer_size().context("how large?")?];
        reader.next_frame(&mut rows)?;
        let left = GAP + index % COLUMNS * (wide + GAP);
        let top = GAP + index / COLUMNS * (high + GAP);
        for (y, row) in rows.chunks(wide / 2).enumerate() {
            let from = (top + y) * width + left;
            let pixels = row.iter().flat_map(|two| [two >> 4, two & 15]);
            for (to, pixel) in sheet[from..from + wide].iter_mut().zip(pixels) {
                *to = pixel;
            }
        }
    }
    palette.extend([255; 3]);
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, u32::try_from(width)?, u32::try_from(height)?);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette(palette);
    encoder.write_header()?.write_image_data(&sheet)?;
    Ok(out)
}
