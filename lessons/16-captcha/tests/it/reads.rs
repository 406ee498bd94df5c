//! A crude reader: it lays clean digits of one font over each quarter of the picture, and takes what fits best.
//!
//! It read nearly every code while each digit had a quarter of its own. It still reads some of them, because a third of
//! the digits are of the font that it knows. `interop/reader` has readers that learn.

use std::io::Cursor;

use ab_glyph::{
    Font, FontRef, GlyphId, Outline, OutlineCurve, OutlinedGlyph, Point, PxScaleFactor, Rect, point,
};
use l16_captcha::code;
use l16_captcha::picture::{HEIGHT, Painter, WIDTH};
use png::{Decoder, Transformations};

/// Shades of ink, 0 to 1; one for two by two pixels, so that thin lines grow pale.
struct Shades {
    width: usize,
    height: usize,
    ink: Vec<f32>,
}

impl Shades {
    fn of(file: &[u8]) -> Shades {
        let mut decoder = Decoder::new(Cursor::new(file));
        decoder.set_transformations(Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut bytes).unwrap();
        let (width, height) = (WIDTH as usize, HEIGHT as usize);
        let ink = |x: usize, y: usize| 1.0 - f32::from(bytes[(y * width + x) * 3 + 2]) / 255.0;
        Shades::halved(width, height, ink)
    }

    fn halved(width: usize, height: usize, ink: impl Fn(usize, usize) -> f32) -> Shades {
        let (half, high) = (width / 2, height / 2);
        let four = |x: usize, y: usize| {
            let (x, y) = (2 * x, 2 * y);
            (ink(x, y) + ink(x + 1, y) + ink(x, y + 1) + ink(x + 1, y + 1)) / 4.0
        };
        Shades {
            width: half,
            height: high,
            ink: (0..half * high)
                .map(|at| four(at % half, at / half))
                .collect(),
        }
    }

    /// How alike this is to the part of `picture` from there on: 1 is the same, 0 is nothing in common.
    fn alike(&self, picture: &Shades, left: usize, top: usize) -> f32 {
        let (mut sums, mut squares, mut both) = ([0.0; 2], [0.0; 2], 0.0);
        for y in 0..self.height {
            let from = (top + y) * picture.width + left;
            let row = &picture.ink[from..from + self.width];
            let own = &self.ink[y * self.width..(y + 1) * self.width];
            for (a, b) in own.iter().zip(row) {
                sums[0] += a;
                sums[1] += b;
                squares[0] += a * a;
                squares[1] += b * b;
                both += a * b;
            }
        }
        let count = self.ink.len() as f32;
        let spread = |which: usize| squares[which] - sums[which] * sums[which] / count;
        (both - sums[0] * sums[1] / count) / (spread(0) * spread(1)).sqrt().max(0.001)
    }
}

/// A digit of this height in pixels, turned by `lean`, with nothing around it.
fn clean(font: &FontRef, digit: u8, height: f32, lean: f32) -> Shades {
    let Outline { bounds, curves } = font.outline(font.glyph_id(char::from(digit))).unwrap();
    let scale = height / bounds.height().abs();
    let (sin, cos) = lean.sin_cos();
    let turned = |p: Point| {
        let (x, y) = (p.x * scale, -p.y * scale);
        point(x * cos - y * sin, x * sin + y * cos)
    };
    let curves: Vec<OutlineCurve> = (curves.iter())
        .map(|curve| match *curve {
            OutlineCurve::Line(a, b) => OutlineCurve::Line(turned(a), turned(b)),
            OutlineCurve::Quad(a, b, c) => OutlineCurve::Quad(turned(a), turned(b), turned(c)),
            OutlineCurve::Cubic(a, b, c, d) => {
                OutlineCurve::Cubic(turned(a), turned(b), turned(c), turned(d))
            }
        })
        .collect();
    let ends = curves.iter().map(|curve| match *curve {
        OutlineCurve::Line(a, _) | OutlineCurve::Quad(a, ..) | OutlineCurve::Cubic(a, ..) => a,
    });
    let far = point(f32::MAX, f32::MAX);
    let (min, max) = ends.fold((far, point(-far.x, -far.y)), |(min, max), p| {
        (
            point(min.x.min(p.x), min.y.min(p.y)),
            point(max.x.max(p.x), max.y.max(p.y)),
        )
    });
    let outline = Outline {
        bounds: Rect { min, max },
        curves,
    };
    let scale = PxScaleFactor {
        horizontal: 1.0,
        vertical: -1.0,
    };
    let mut parts = Vec::new();
    OutlinedGlyph::new(GlyphId(0).with_scale(1.0), outline, scale)
        .draw(|x, y, part| parts.push((x as usize, y as usize, part.min(1.0))));
    // Row by row, so the last one is the corner.
    let &(right, bottom, _) = parts.last().unwrap();
    let (width, height) = (right + 1, bottom + 1);
    Shades::halved(width + width % 2, height + height % 2, |x, y| {
        if x < width && y < height {
            parts[y * width + x].2
        } else {
            0.0
        }
    })
}

struct Reader {
    digits: Vec<(u8, Shades)>,
}

impl Reader {
    fn new(digits: &[u8]) -> Reader {
        let font =
            FontRef::try_from_slice(include_bytes!("../../font/ComicNeue-Bold.otf")).unwrap();
        let mut all = Vec::new();
        for &digit in digits {
            for height in [35.0, 42.0] {
                for lean in [-0.15, 0.0, 0.15] {
                    all.push((digit, clean(&font, digit, height, lean)));
                }
            }
        }
        Reader { digits: all }
    }

    /// The digit that fits best in this quarter of the picture.
    fn read(&self, picture: &Shades, place: usize) -> u8 {
        let mut best = (0.0, b'?');
        let quarter = picture.width / 4;
        for (digit, clean) in &self.digits {
            let middle = place * quarter + quarter / 2;
            let from = middle.saturating_sub(clean.width / 2 + 3);
            let to = (from + 6).min(picture.width - clean.width);
            for left in from.min(to)..=to {
                for top in 0..=picture.height - clean.height {
                    best = match clean.alike(picture, left, top) {
                        alike if alike > best.0 => (alike, *digit),
                        _ => best,
                    };
                }
            }
        }
        best.1
    }
}

/// The codes and the pictures are the same in every run, so the number is exact: another number is another drawing.
#[test]
fn a_reader_of_one_font_in_quarters_no_longer_reads_nearly_all_codes() {
    let (reader, painter) = (Reader::new(&code::DIGITS), Painter::new());
    let digit = |seed: usize, place: usize| code::DIGITS[(seed * (2 * place + 3) + place) % 8];
    let mut read = Vec::new();
    for seed in 0..25 {
        let code: String = (0..4).map(|place| char::from(digit(seed, place))).collect();
        let picture = Shades::of(&painter.png(&code, seed as u64).unwrap());
        if (code.bytes().enumerate()).all(|(place, digit)| reader.read(&picture, place) == digit) {
            read.push(code);
        }
    }
    // Of 25 codes; of the first drawing it read nearly all.
    assert_eq!(read.len(), 13, "{read:?}");
}
