//! How many pictures one core draws in a second, and how many bytes they have. `python3 scripts/figures draw` puts
//! them beside those of others; this is the quick look:
//!
//! ```text
//!   cargo bench -p l16-captcha --bench captcha-draw
//! ```

use std::time::{Duration, Instant};

use l16_captcha::code;
use l16_captcha::picture::{HEIGHT, Painter, WIDTH};

const ROUNDS: usize = 5;
const LENGTH: Duration = Duration::from_secs(1);

fn main() -> anyhow::Result<()> {
    let painter = Painter::new();
    let (mut pictures, mut bytes, mut most) = (0, 0, 0);
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let mut count = 0_u32;
        while start.elapsed() < LENGTH {
            // As in the service: the code and the noise come from the operating system.
            let file = painter.png(&code::fresh(code::LENGTH)?, code::seed()?)?;
            (bytes, most) = (bytes + file.len(), file.len().max(most));
            count += 1;
        }
        rates.push(f64::from(count) / start.elapsed().as_secs_f64());
        pictures += count as usize;
    }
    rates.sort_by(f64::total_cmp);
    println!(
        "{WIDTH}x{HEIGHT}, {} digits, PNG, one thread: {:.0} pictures/s, the middle of {ROUNDS} rounds ({:.0} to {:.0})",
        code::LENGTH,
        rates[ROUNDS / 2],
        rates[0],
        rates[ROUNDS - 1]
    );
    println!("{} bytes in the mean, {most} at the most", bytes / pictures);
    Ok(())
}
