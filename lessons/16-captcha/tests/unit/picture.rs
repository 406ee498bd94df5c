//! What cannot be seen from outside: where the outlines lie before they are pixels.

use super::*;

/// All counts, all digits, many seeds: the outlines, digit by digit.
fn each_drawing(mut look: impl FnMut(usize, &[OutlineCurve], &str, u64)) {
    let painter = Painter::new();
    for (seed, first) in (0..200).zip((0..10).cycle()) {
        for count in 1..=MOST {
            let digits: String = (0..count)
                .map(|place| char::from(b"0123456789"[(first + place * 3) % 10]))
                .collect();
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
            let curves = painter.digits(&digits, &mut rng);
            look(count, &curves, &digits, seed);
        }
    }
}

#[test]
fn no_digit_is_cut_off_by_the_border() {
    each_drawing(|_, curves, digits, seed| {
        let Rect { min, max } = bounds(curves);
        let low = BORDER - 0.01;
        assert!(
            min.x >= low && min.y >= low && max.x <= SIZE.x - low && max.y <= SIZE.y - low,
            "{digits}, seed {seed}: from {min:?} to {max:?}"
        );
    });
}

/// A reader that looks for an empty column between two digits seldom finds all three.
#[test]
fn most_digits_touch_or_overlap() {
    let painter = Painter::new();
    let mut apart = Vec::new();
    for seed in 0..200 {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let ink = layer(painter.digits("4793", &mut rng));
        let width = WIDTH as usize;
        let empty = |x: &usize| ink.iter().skip(*x).step_by(width).all(|&shade| shade == 0);
        let first = (0..width).find(|x| !empty(x)).expect("a digit");
        let last = (0..width).rfind(|x| !empty(x)).expect("a digit");
        if (first..last).any(|x| empty(&x)) {
            apart.push(seed);
        }
    }
    assert!(
        apart.len() <= 50,
        "of 200, with a gap between two digits: {apart:?}"
    );
}

#[test]
fn a_digit_of_a_code_is_half_as_high_as_the_picture_or_nearly() {
    let painter = Painter::new();
    for seed in 0..500 {
        for digit in 0..10 {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
            let digits = digit.to_string().repeat(4);
            let height = bounds(&painter.digits(&digits, &mut rng)).height();
            assert!(height > 26.0, "{digits}, seed {seed}: {height} pixels");
        }
    }
}

#[test]
fn lines_stay_inside_as_well() {
    for seed in 0..500 {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        for thick in LINES {
            let Rect { min, max } = bounds(&line(&thick, &mut rng));
            assert!(
                min.x >= 0.0 && min.y >= 0.0 && max.x <= SIZE.x && max.y <= SIZE.y,
                "seed {seed}: from {min:?} to {max:?}"
            );
        }
    }
}

/// Where two outlines overlap, ab_glyph adds their turns: those of a font that goes round the other way would cancel
/// each other to a gap.
#[test]
fn all_fonts_go_round_the_same_way() {
    for (font, digits) in Painter::new().fonts.iter().enumerate() {
        for (value, digit) in digits.iter().enumerate() {
            assert!(turn(digit) < 0.0, "{value} of font {font}: {}", turn(digit));
        }
    }
}

/// Twice the area inside, with a sign for which way round; a curve counts as the line between its ends.
fn turn(curves: &[OutlineCurve]) -> f32 {
    let ends = curves.iter().map(|curve| match *curve {
        OutlineCurve::Line(a, b)
        | OutlineCurve::Quad(a, _, b)
        | OutlineCurve::Cubic(a, _, _, b) => (a, b),
    });
    ends.map(|(a, b)| a.x * b.y - a.y * b.x).sum()
}
