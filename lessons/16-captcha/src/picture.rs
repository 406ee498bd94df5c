//! Digits that a person reads at a glance, drawn so that a program has trouble to tell where one ends: each digit
//! comes from one of three fonts, they overlap, all of them lie on a bent line, and lines run through the strokes.
//!
//! A program that has seen enough pictures reads them nevertheless (`interop/reader` measures how many). What keeps
//! programs out is that a code is good for one answer, that it expires, and that answers are counted.
//!
//! A picture is two layers of outlines: the digits, and the lines. Where both have ink there is a gap, so a line
//! neither has a colour of its own nor hides the digit under it.

use std::f32::consts::TAU;
use std::io;
use std::ops::Range;

use ab_glyph::{
    Font, FontRef, GlyphId, Outline, OutlineCurve, OutlinedGlyph, Point, PxScaleFactor, Rect, point,
};
use png::{BitDepth, ColorType, Compression, Encoder, Filter};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

/// The width of a picture in pixels.
pub const WIDTH: u32 = 128;
/// The height of a picture in pixels.
pub const HEIGHT: u32 = 64;
/// The colour around the digits.
pub const PAPER: [u8; 3] = [100, 0, 255];
/// The number of digits that fit into a picture.
pub const MOST: usize = 8;

const PIXELS: usize = (WIDTH * HEIGHT) as usize;
const SIZE: Point = Point {
    x: WIDTH as f32,
    y: HEIGHT as f32,
};
/// No digit is drawn nearer to the border, because a digit that is cut off cannot be read.
const BORDER: f32 = 2.0;
/// How far a digit leans, in radians: 13 degrees. A 6 that is turned by 180 is a 9, and a 7 that leans by 25
/// looks like a 1.
const LEAN: f32 = 0.22;
/// How far a digit lies on the one before it, in widths of the narrower one.
const OVERLAP: Range<f32> = 0.03..0.15;
/// How far the whole row is bent, in pixels, and the length of that wave.
const BEND: Range<f32> = 2.0..4.5;
const BEND_LENGTH: Range<f32> = 50.0..110.0;
/// How thick each line is that crosses the picture, in pixels. A stroke of a digit has 4 to 7.
const LINES: [Range<f32>; 2] = [0.9..1.3, 1.4..2.0];
/// How many shades from paper to ink: what four bits hold. With two the edges of digits are stairs, and 256 are
/// twice the bytes to compress, for a difference that a person does not see.
const SHADES: u8 = 16;

/// Under the SIL Open Font License: `font/OFL.txt`.
const FONTS: [&[u8]; 3] = [
    include_bytes!("../font/ComicNeue-Bold.otf"),
    include_bytes!("../font/Cantarell-ExtraBold.otf"),
    include_bytes!("../font/LobsterTwo-Bold.otf"),
];

/// Draws pictures: 128 by 64 pixels, black on rgb(100, 0, 255), as PNG. One serves all threads.
#[derive(Debug)]
pub struct Painter {
    /// The outlines of 0 to 9 in each font: the middle of each is at 0, 0, a unit is the height of an 8, and y goes
    /// down.
    fonts: [[Vec<OutlineCurve>; 10]; FONTS.len()],
    /// The colours from paper to ink, three bytes each.
    palette: Vec<u8>,
}

impl Painter {
    /// One with the fonts of this lesson.
    ///
    /// # Panics
    /// If a font in the program has no digits; a test draws all of them.
    pub fn new() -> Self {
        let fonts = FONTS.map(digits_of);
        let shade = |paper: u8, ink: u8| {
            let (paper, ink, last) = (u16::from(paper), u16::from(ink), u16::from(SHADES) - 1);
            u8::try_from(paper * (last - ink) / last).expect("no brighter than the paper")
        };
        let palette = (0..SHADES)
            .flat_map(|ink| PAPER.map(|paper| shade(paper, ink)))
            .collect();
        Painter { fonts, palette }
    }

    /// A picture of these digits, whose shapes and lines come from `seed`: the same seed, the same picture (another
    /// processor may round a shade otherwise).
    ///
    /// The seed tells nothing of the digits, and is not kept. It should come from the operating
    /// system ([`crate::code::seed`]), so that no two pictures have the same shapes.
    ///
    /// # Errors
    /// If `digits` are not 1 to 8 digits.
    pub fn png(&self, digits: &str, seed: u64) -> io::Result<Vec<u8>> {
        if digits.is_empty() || digits.len() > MOST || !digits.bytes().all(|b| b.is_ascii_digit()) {
            // What it was is not told: this text may end up in a log, and it may be a code.
            let why = format!("a picture shows 1 to {MOST} digits");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        // Not rand's `SmallRng`: which one that is may change, and the pictures of a seed with it. An
        // unpredictable one is not needed, because shapes keep no secret.
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let digits = layer(self.digits(digits, &mut rng));
        let lines = layer(
            LINES
                .iter()
                .flat_map(|thick| line(thick, &mut rng))
                .collect(),
        );
        let shades: Vec<u8> = digits
            .iter()
            .zip(&lines)
            .map(|(a, b)| a.abs_diff(*b))
            .collect();
        self.encode(&shades)
    }

    /// The outlines of the digits, in pixels: a row in which each digit lies on the one before it.
    fn digits(&self, digits: &str, rng: &mut Xoshiro256PlusPlus) -> Vec<OutlineCurve> {
        let count = f32::from(u8::try_from(digits.len()).unwrap_or(u8::MAX));
        let most = (SIZE.x / count * 1.6).min(48.0);
        let mut row = Vec::new();
        let (mut right, mut width) = (0.0, 0.0_f32);
        for digit in digits.bytes() {
            let font = &self.fonts[rng.random_range(0..FONTS.len())];
            let size = most * rng.random_range(0.8..1.0);
            let digit = shaped(&font[usize::from(digit - b'0')], size, rng);
            let around = bounds(&digit);
            let overlap = width.min(around.width()) * rng.random_range(OVERLAP);
            let left = right - overlap - around.min.x;
            let down = rng.random_range(-0.12..0.12) * size;
            row.extend(
                digit
                    .iter()
                    .map(|curve| moved(curve, |p| p + point(left, down))),
            );
            (right, width) = (around.max.x + left, around.width());
        }
        let (x, y) = (wave(rng), wave(rng));
        let bent: Vec<_> = (row.iter())
            .map(|curve| moved(curve, |p| p + point(x(p.y), y(p.x))))
            .collect();
        let room = Rect {
            min: point(BORDER, BORDER),
            max: SIZE - point(BORDER, BORDER),
        };
        let place = placed(bounds(&bent), room, rng);
        bent.iter().map(|curve| moved(curve, &place)).collect()
    }

    /// The PNG file: a palette, so that a pixel takes four bits, and nothing else that could be told.
    fn encode(&self, shades: &[u8]) -> io::Result<Vec<u8>> {
        let rows: Vec<u8> = shades.chunks(2).map(|two| two[0] << 4 | two[1]).collect();
        let mut file = Vec::with_capacity(2048);
        let mut encoder = Encoder::new(&mut file, WIDTH, HEIGHT);
        encoder.set_color(ColorType::Indexed);
        encoder.set_depth(BitDepth::Four);
        encoder.set_palette(&self.palette[..]);
        // A fifth more bytes than with `Balanced`, and the whole picture in less than half of the time.
        encoder.set_compression(Compression::Fast);
        // Filters are for colours that change slowly; these are numbers of a palette.
        encoder.set_filter(Filter::NoFilter);
        encoder.write_header()?.write_image_data(&rows)?;
        Ok(file)
    }
}

impl Default for Painter {
    fn default() -> Self {
        Painter::new()
    }
}

/// The digits of a font, each around 0, 0.
fn digits_of(font: &[u8]) -> [Vec<OutlineCurve>; 10] {
    let font = FontRef::try_from_slice(font).expect("the font is in the program");
    let outline = |digit: char| {
        font.outline(font.glyph_id(digit))
            .expect("the font has digits")
    };
    let unit = outline('8').bounds.height().abs();
    std::array::from_fn(|value| {
        let Outline { bounds, curves } = outline(char::from(b"0123456789"[value]));
        let middle = point(
            (bounds.min.x + bounds.max.x) / 2.0,
            (bounds.min.y + bounds.max.y) / 2.0,
        );
        let place = |p: Point| point((p.x - middle.x) / unit, (middle.y - p.y) / unit);
        curves.iter().map(|curve| moved(curve, place)).collect()
    })
}

/// A digit of this size around 0, 0, with a lean and a width of its own.
fn shaped(curves: &[OutlineCurve], size: f32, rng: &mut Xoshiro256PlusPlus) -> Vec<OutlineCurve> {
    let (sin, cos) = rng.random_range(-LEAN..LEAN).sin_cos();
    let wide = size * rng.random_range(0.9..1.2);
    let shape = |p: Point| {
        let (x, y) = (p.x * wide, p.y * size);
        point(x * cos - y * sin, x * sin + y * cos)
    };
    curves.iter().map(|curve| moved(curve, shape)).collect()
}

/// How far the row is bent at a place. Ends and handles of a curve are moved, and the curve follows.
fn wave(rng: &mut Xoshiro256PlusPlus) -> impl Fn(f32) -> f32 + use<> {
    let (high, phase) = (rng.random_range(BEND), rng.random_range(0.0..TAU));
    let pace = TAU / rng.random_range(BEND_LENGTH);
    move |at| high * (at * pace + phase).sin()
}

/// Puts what has these bounds somewhere into `room`; what is wider than that is made smaller first.
fn placed(bounds: Rect, room: Rect, rng: &mut Xoshiro256PlusPlus) -> impl Fn(Point) -> Point {
    let fit = (room.width() / bounds.width()).min(room.height() / bounds.height());
    let fit = fit.min(1.0);
    let left = (room.width() - bounds.width() * fit) * rng.random_range(0.0..1.0);
    let top = (room.height() - bounds.height() * fit) * rng.random_range(0.1..0.9);
    move |p| {
        point(
            room.min.x + left + (p.x - bounds.min.x) * fit,
            room.min.y + top + (p.y - bounds.min.y) * fit,
        )
    }
}

/// A bent line across the whole picture, through the middle of the digits or near it.
fn line(thick: &Range<f32>, rng: &mut Xoshiro256PlusPlus) -> Vec<OutlineCurve> {
    let thick = rng.random_range(thick.clone());
    let (start, slope) = (
        rng.random_range(0.25..0.75) * SIZE.y,
        rng.random_range(-0.15..0.15),
    );
    let (high, wave) = (rng.random_range(1.0..3.0), wave(rng));
    let at = |step: u8| {
        let x = 1.0 + f32::from(step) * (SIZE.x - 2.0) / 32.0;
        let y = start + slope * (x - SIZE.x / 2.0) + high * wave(x);
        point(x, y.clamp(1.0, SIZE.y - 1.0 - thick))
    };
    // There along the upper edge, and back along the lower one.
    let upper: Vec<Point> = (0..=32).map(at).collect();
    let lower = upper.iter().rev().map(|&p| p + point(0.0, thick));
    let around: Vec<Point> = upper.iter().copied().chain(lower).collect();
    let next = around.iter().cycle().skip(1);
    around
        .iter()
        .zip(next)
        .map(|(&a, &b)| OutlineCurve::Line(a, b))
        .collect()
}

/// The shade of each pixel, row by row: 0 is paper.
#[expect(
    clippy::cast_possible_truncation,
    reason = "between 0 and 15.5, and to be rounded"
)]
fn layer(curves: Vec<OutlineCurve>) -> Vec<u8> {
    let bounds = Rect {
        min: point(0.0, 0.0),
        max: SIZE,
    };
    // The layer is drawn as one glyph: ab_glyph finds how much of each pixel is inside. A font's y goes up
    // and ours goes down; a scale of -1 turns it over.
    let scale = PxScaleFactor {
        horizontal: 1.0,
        vertical: -1.0,
    };
    let outline = Outline { bounds, curves };
    let mut shades = Vec::with_capacity(PIXELS);
    OutlinedGlyph::new(GlyphId(0).with_scale(1.0), outline, scale).draw(|_, _, inside| {
        shades.push((inside.min(1.0) * f32::from(SHADES - 1) + 0.5) as u8);
    });
    shades
}

/// The curve whose points `place` has moved.
fn moved(curve: &OutlineCurve, place: impl Fn(Point) -> Point) -> OutlineCurve {
    match *curve {
        OutlineCurve::Line(a, b) => OutlineCurve::Line(place(a), place(b)),
        OutlineCurve::Quad(a, b, c) => OutlineCurve::Quad(place(a), place(b), place(c)),
        OutlineCurve::Cubic(a, b, c, d) => {
            OutlineCurve::Cubic(place(a), place(b), place(c), place(d))
        }
    }
}

/// A rectangle that no curve leaves: a curve stays between its ends and its handles.
fn bounds(curves: &[OutlineCurve]) -> Rect {
    let nothing = Rect {
        min: point(f32::MAX, f32::MAX),
        max: point(f32::MIN, f32::MIN),
    };
    let around = |Rect { min, max }: Rect, p: Point| Rect {
        min: point(min.x.min(p.x), min.y.min(p.y)),
        max: point(max.x.max(p.x), max.y.max(p.y)),
    };
    curves.iter().fold(nothing, |found, curve| match *curve {
        OutlineCurve::Line(a, b) => [a, b].into_iter().fold(found, around),
        OutlineCurve::Quad(a, b, c) => [a, b, c].into_iter().fold(found, around),
        OutlineCurve::Cubic(a, b, c, d) => [a, b, c, d].into_iter().fold(found, around),
    })
}

// The path, because `interop/rust` takes this file into a program that has other folders.
#[cfg(test)]
#[path = "../tests/unit/picture.rs"]
mod tests;
