//! Pictures a second on one thread: ours, and those of the crates `captcha` and `captcha-rs`. All draw four
//! digits on 128 by 64 pixels and give PNG; they take turns, so that a slow minute of the machine hits all.
//!
//! ```text
//!   draw-beside [ROUNDS] [SECONDS]     5 rounds of 2 seconds for each
//! ```
//!
//! Rates are for a second that the thread was at work, as Linux counts it: what else the machine does then
//! does not count here. Our `picture.rs` is compiled into this program as it is: the lesson with all of gRPC need not be built.

use std::io::Cursor;
use std::time::{Duration, Instant};

use captcha::Captcha;
use captcha::filters::{Dots, Noise, Wave};
use captcha_rs::CaptchaBuilder;
use image::ImageFormat;

#[path = "../../../src/picture.rs"]
#[allow(dead_code, reason = "the lesson uses the rest")]
mod picture;

use picture::{HEIGHT, Painter, WIDTH};

/// One of those compared: its name, and what makes one picture.
type Side = (&'static str, Box<dyn FnMut() -> Vec<u8>>);

fn main() {
    let mut numbers = std::env::args()
        .skip(1)
        .map(|word| word.parse().expect("a number"));
    let (rounds, seconds) = (numbers.next().unwrap_or(5), numbers.next().unwrap_or(2));
    let mut sides = sides();
    let mut results: Vec<Vec<f64>> = vec![Vec::new(); sides.len()];
    let mut bytes: Vec<(usize, usize, usize)> = vec![(0, 0, 0); sides.len()];
    for round in 0..rounds {
        for turn in 0..sides.len() {
            let which = (round + turn) % sides.len();
            let (start, length) = (Instant::now(), Duration::from_secs(seconds as u64));
            let (before, mut count) = (busy(), 0_u32);
            while start.elapsed() < length {
                let file = (sides[which].1)();
                if count == 0 {
                    check(sides[which].0, &file);
                }
                let (pictures, sum, most) = &mut bytes[which];
                (*pictures, *sum, *most) =
                    (*pictures + 1, *sum + file.len(), file.len().max(*most));
                count += 1;
            }
            let seconds = match (before, busy()) {
                (Some(before), Some(after)) => (after - before).as_secs_f64(),
                _ => start.elapsed().as_secs_f64(),
            };
            results[which].push(f64::from(count) / seconds);
        }
    }
    println!(
        "128x64, four digits, PNG, one thread; medians of {rounds} alternating rounds of {seconds} s"
    );
    println!(
        "{:<42}{:>11}{:>8}{:>8}{:>10}   of single rounds",
        "", "pictures/s", "bytes", "most", "ours is"
    );
    for (which, (name, _)) in sides.iter().enumerate() {
        let (pictures, sum, most) = bytes[which];
        let ratios: Vec<f64> =
            (results[0].iter().zip(&results[which]).map(|(a, b)| a / b)).collect();
        let (low, middle, high) = spread(ratios);
        let beside = match which {
            0 => String::new(),
            _ => format!("{middle:>9.1}x   {low:.1} to {high:.1}"),
        };
        println!(
            "{name:<42}{:>11.0}{:>8}{most:>8}{beside}",
            spread(results[which].clone()).1,
            sum / pictures
        );
    }
}

/// How long this thread has been at work; where the system does not count it, the time that has passed.
fn busy() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos = text.split(' ').next()?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}

/// The smallest, the middle and the largest.
fn spread(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    (
        values[0],
        values[values.len() / 2],
        values[values.len() - 1],
    )
}

fn sides() -> Vec<Side> {
    let painter = Painter::new();
    let mut number = 0;
    let digits: Vec<char> = "23456789".chars().collect();
    let (some, others) = (digits.clone(), digits.clone());
    vec![
        (
            "ours",
            Box::new(move || {
                // Another code and another noise each time, as with the others.
                number += 1;
                let code = format!("{:04}", number * 7919 % 10_000);
                painter.png(&code, number).expect("four digits")
            }),
        ),
        (
            "captcha 1.0.0, without a filter",
            Box::new(move || png_of(Captcha::new().set_chars(&some).add_chars(4))),
        ),
        (
            "captcha 1.0.0, noise and waves",
            Box::new(move || {
                png_of(
                    Captcha::new()
                        .set_chars(&others)
                        .add_chars(4)
                        .apply_filter(Noise::new(0.2))
                        .apply_filter(Wave::new(2.0, 20.0).horizontal())
                        .apply_filter(Wave::new(2.0, 20.0).vertical())
                        .apply_filter(Dots::new(5)),
                )
            }),
        ),
        (
            "captcha-rs 0.5.0, complexity 1 (default)",
            builder(&digits, 1),
        ),
        ("captcha-rs 0.5.0, complexity 5", builder(&digits, 5)),
    ]
}

fn png_of(captcha: &mut Captcha) -> Vec<u8> {
    captcha.view(WIDTH, HEIGHT).as_png().expect("a picture")
}

fn builder(digits: &[char], complexity: u32) -> Box<dyn FnMut() -> Vec<u8>> {
    let digits = digits.to_vec();
    Box::new(move || {
        let made = CaptchaBuilder::new()
            .length(4)
            .chars(digits.clone())
            .width(WIDTH)
            .height(HEIGHT)
            .complexity(complexity)
            .build();
        let mut file = Cursor::new(Vec::new());
        made.image
            .write_to(&mut file, ImageFormat::Png)
            .expect("a picture");
        file.into_inner()
    })
}

/// It is a PNG of the size that all have.
fn check(name: &str, file: &[u8]) {
    let reader = png::Decoder::new(Cursor::new(file))
        .read_info()
        .expect("a PNG");
    let size = (reader.info().width, reader.info().height);
    assert_eq!(size, (WIDTH, HEIGHT), "{name} has another size");
}
