//! Digits that a person reads at a glance. A program reads them as well, with more trouble: what keeps
//! programs out is that a code is good for one answer, and that answers are counted.
//!
//! A picture is one drawing made of outlines: those of the digits, each with a size, a lean, a place and a wave
//! of its own, and those of the noise, lines and specks. Where noise lies on a digit it is a gap in the ink,
//! and elsewhere it is ink: so no colour tells them apart, and no digit drowns.

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
/// How many digits a picture has room for.
pub const MOST: usize = 8;

const PIXELS: usize = (WIDTH * HEIGHT) as usize;
const SIZE: Point = Point {
    x: WIDTH as f32,
    y: HEIGHT as f32,
};
/// Nothing is drawn nearer to the border: a digit that is cut off is one that nobody can read.
const BORDER: f32 = 2.0;
/// How far a digit leans, in radians: 13 degrees. A 6 that is turned by 180 is a 9, and a 7 that leans by 25 is
/// somebody's 1.
const LEAN: f32 = 0.22;
/// How far a digit's wave moves a point, in heights of the digit.
const WAVE: f32 = 0.035;
/// How many lines cross the picture, and how thick each is, in pixels. Found by looking at sheets of 40: with
/// three as thin as these every code is read at once; of four up to 1.8 thick one was read wrong, and of six up
/// to 2.2 thick three.
const LINES: u8 = 3;
const LINE_WIDTH: Range<f32> = 0.8..1.5;
/// How many specks, and how large each is, in pixels.
const SPECKS: usize = 40;
const SPECK_SIZE: Range<f32> = 0.9..1.9;
/// How many shades from paper to ink: what four bits hold. With two the edges of digits are stairs, and 256 are
/// twice the bytes to compress, for a difference that nobody sees.
const SHADES: u8 = 16;

/// Comic Neue Bold, under the SIL Open Font License: `font/OFL.txt`.
const FONT: &[u8] = include_bytes!("../font/ComicNeue-Bold.otf");

/// Draws pictures: 128 by 64 pixels, black on rgb(100, 0, 255), as PNG. One serves all threads.
#[derive(Debug)]
pub struct Painter {
    /// The outlines of 0 to 9: the middle of each is at 0, 0, a unit is the height of an 8, and y goes down.
    digits: [Vec<OutlineCurve>; 10],
    /// The colours from paper to ink, three bytes each.
    palette: Vec<u8>,
}

impl Painter {
    /// One with the font of this lesson.
    ///
    /// # Panics
    /// If the font in the program has no digits; a test holds it to that it has.
    #[must_use]
    pub fn new() -> Self {
        let font = FontRef::try_from_slice(FONT).expect("the font is in the program");
        let outline = |digit: char| -> Outline {
            font.outline(font.glyph_id(digit))
                .expect("the font has digits")
        };
        let eight = outline('8').bounds;
        let unit = (eight.max.y - eight.min.y).abs();
        let digits = std::array::from_fn(|value| {
            let Outline { bounds, curves } = outline(char::from(b"0123456789"[value]));
            let middle = point(
                (bounds.min.x + bounds.max.x) / 2.0,
                (bounds.min.y + bounds.max.y) / 2.0,
            );
            let place = |p: Point| point((p.x - middle.x) / unit, (middle.y - p.y) / unit);
            curves.iter().map(|curve| moved(curve, place)).collect()
        });
        let shade = |paper: u8, ink: u8| {
            let (paper, ink, last) = (u16::from(paper), u16::from(ink), u16::from(SHADES) - 1);
            u8::try_from(paper * (last - ink) / last).expect("no brighter than the paper")
        };
        let palette = (0..SHADES)
            .flat_map(|ink| PAPER.map(|paper| shade(paper, ink)))
            .collect();
        Painter { digits, palette }
    }

    /// A picture of these digits, with noise that comes from `seed`: the same seed, the same picture (another
    /// processor may round a shade otherwise).
    ///
    /// The seed tells nothing of the digits, and nobody needs to keep it: it should come from the operating
    /// system ([`crate::code::seed`]), so that no two pictures have the same noise.
    ///
    /// # Errors
    /// If `digits` are not 1 to 8 digits.
    pub fn png(&self, digits: &str, seed: u64) -> io::Result<Vec<u8>> {
        if digits.is_empty() || digits.len() > MOST || !digits.bytes().all(|b| b.is_ascii_digit()) {
            // What it was is not told: this text may end up in a log, and it may be a code.
            let why = format!("a picture shows 1 to {MOST} digits");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        // Not rand's `SmallRng`: which one that is may change, and the pictures of a seed with it. One that
        // nobody can predict is not needed, because noise keeps no secret.
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut curves = self.digits(digits, &mut rng);
        noise(&mut curves, &mut rng);
        self.encode(&shades(curves))
    }

    /// The outlines of the digits, in pixels.
    fn digits(&self, digits: &str, rng: &mut Xoshiro256PlusPlus) -> Vec<OutlineCurve> {
        let count = f32::from(u8::try_from(digits.len()).unwrap_or(u8::MAX));
        let cell = (SIZE.x - 2.0 * BORDER) / count;
        let mut all = Vec::new();
        let mut left = BORDER;
        for digit in digits.bytes() {
            let size = (cell * 1.45).min(46.0) * rng.random_range(0.8..1.0);
            let shaped = shaped(&self.digits[usize::from(digit - b'0')], size, rng);
            let room = Rect {
                min: point(left, BORDER),
                max: point(left + cell, SIZE.y - BORDER),
            };
            let place = placed(bounds(&shaped), room, rng);
            all.extend(shaped.iter().map(|curve| moved(curve, &place)));
            left += cell;
        }
        all
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

/// A digit of this size around 0, 0, with a lean and a wave of its own.
fn shaped(curves: &[OutlineCurve], size: f32, rng: &mut Xoshiro256PlusPlus) -> Vec<OutlineCurve> {
    let (sin, cos) = rng.random_range(-LEAN..LEAN).sin_cos();
    let wide = size * rng.random_range(0.9..1.1);
    let phase = point(rng.random_range(0.0..TAU), rng.random_range(0.0..TAU));
    let shape = |p: Point| {
        // The ends and the handles of a curve are moved, and the curve follows: as good as a wave.
        let x = (p.x + WAVE * (p.y * TAU + phase.x).sin()) * wide;
        let y = (p.y + WAVE * (p.x * TAU + phase.y).sin()) * size;
        point(x * cos - y * sin, x * sin + y * cos)
    };
    curves.iter().map(|curve| moved(curve, shape)).collect()
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

/// Adds lines across the whole picture, and specks.
///
/// They go round the other way than a digit does, and inside is counted: once round a digit and once back
/// round a line makes 0, which is outside. So noise is ink on paper and paper on ink.
fn noise(all: &mut Vec<OutlineCurve>, rng: &mut Xoshiro256PlusPlus) {
    let (width, height) = (SIZE.x, SIZE.y);
    for line in 0..LINES {
        let thick = rng.random_range(LINE_WIDTH);
        let high = rng.random_range(2.0..7.0);
        let waves = rng.random_range(0.5..1.5) * TAU / width;
        let phase = rng.random_range(0.0..TAU);
        // Each in a band of its own: several on one place could hide what makes a 5 of a 3.
        let start = height * (f32::from(line) + rng.random_range(0.3..0.7)) / f32::from(LINES);
        let slope = rng.random_range(-0.1..0.1);
        let at = |x: f32| {
            let y = start + slope * (x - width / 2.0) + high * (x * waves + phase).sin();
            point(x, y.clamp(1.0, height - 1.0 - thick))
        };
        // There along the upper edge, and back along the lower one.
        let steps = (0..=32_u8).map(|step| at(1.0 + f32::from(step) * (width - 2.0) / 32.0));
        let upper: Vec<Point> = steps.collect();
        let lower = upper.iter().rev().map(|&p| p + point(0.0, thick));
        polygon(&upper.iter().copied().chain(lower).collect::<Vec<_>>(), all);
    }
    for _ in 0..SPECKS {
        let wide = rng.random_range(SPECK_SIZE);
        let high = rng.random_range(SPECK_SIZE);
        let left = rng.random_range(0.0..width - 2.0);
        let top = rng.random_range(0.0..height - 2.0);
        let corners = [(0.0, 0.0), (wide, 0.0), (wide, high), (0.0, high)];
        polygon(&corners.map(|(x, y)| point(left + x, top + y)), all);
    }
}

/// Adds the straight lines that join these points, and the last to the first.
fn polygon(points: &[Point], to: &mut Vec<OutlineCurve>) {
    for (index, &start) in points.iter().enumerate() {
        let end = points[(index + 1) % points.len()];
        to.push(OutlineCurve::Line(start, end));
    }
}

/// The shade of each pixel, row by row: 0 is paper.
#[expect(
    clippy::cast_possible_truncation,
    reason = "between 0 and 15.5, and to be rounded"
)]
fn shades(curves: Vec<OutlineCurve>) -> Vec<u8> {
    let bounds = Rect {
        min: point(0.0, 0.0),
        max: SIZE,
    };
    // The picture is drawn as one glyph: ab_glyph finds how much of each pixel is inside. A font's y goes up
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
