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

#[test]
fn no_digit_lies_on_its_neighbour() {
    each_drawing(|count, curves, digits, seed| {
        let cell = (SIZE.x - 2.0 * BORDER) / count as f32;
        for curve in curves {
            let Rect { min, max } = bounds(std::slice::from_ref(curve));
            let place = ((min.x + max.x) / 2.0 - BORDER).div_euclid(cell);
            let left = BORDER + place * cell;
            assert!(
                min.x >= left - 0.01 && max.x <= left + cell + 0.01,
                "{digits}, seed {seed}: {curve:?} is not between {left} and {}",
                left + cell
            );
        }
    });
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
fn noise_stays_inside_as_well() {
    for seed in 0..500 {
        let mut curves = Vec::new();
        noise(&mut curves, &mut Xoshiro256PlusPlus::seed_from_u64(seed));
        let Rect { min, max } = bounds(&curves);
        assert!(min.x >= 0.0 && min.y >= 0.0, "seed {seed}: {min:?}");
        assert!(
            max.x <= SIZE.x && max.y <= SIZE.y,
            "seed {seed}: {max:?} is outside of {SIZE:?}"
        );
    }
}

/// What makes noise a gap on a digit and ink beside it; a font whose outlines turn the other way round would
/// hide all noise under the ink.
#[test]
fn noise_goes_round_the_other_way() {
    let painter = Painter::new();
    let mut line = Vec::new();
    noise(&mut line, &mut Xoshiro256PlusPlus::seed_from_u64(1));
    let speck = &line[line.len() - 4..];
    for (value, digit) in painter.digits.iter().enumerate() {
        assert!(
            turn(digit) * turn(speck) < 0.0,
            "{value} goes round as noise does"
        );
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
