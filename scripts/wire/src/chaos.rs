//! The wire that misbehaves on purpose, always within what TCP allows: code that is right
//! survives `split`, `delay` and notices `cut-after` and `half-close`.
//!
//! This file says what is to happen; [`crate::forward`] does it. Nothing here is random: the
//! same seed cuts the same chunks into the same pieces, so a failure can be shown again.

use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::event::Dir;
use crate::lock;

/// Pause between two pieces of one chunk. Long enough that a reader who is waiting gets the
/// pieces one by one, short enough that no reader waits for the whole.
pub const PIECE_PAUSE: Duration = Duration::from_millis(5);

/// What the wire is asked to do, as after `--chaos`. The default is a wire that behaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chaos {
    /// Forward every chunk in small pieces; the number is the seed of their sizes.
    pub split: Option<u64>,
    /// Hold every chunk back for at least this long. Chunks behind it wait their turn.
    pub delay: Option<Duration>,
    /// Reset both sides after exactly this many bytes, both directions counted together.
    pub cut_after: Option<u64>,
    /// Tell the server that the client has finished, after the client's first chunk.
    pub half_close: bool,
}

impl Chaos {
    /// Adds the words of one `--chaos` option, separated by commas. `none` alone adds nothing.
    ///
    /// # Errors
    /// A word that is unknown, lacks its value, has a wrong one, or is said twice.
    pub fn add(&mut self, words: &str) -> Result<()> {
        if words.trim() == "none" {
            return Ok(());
        }
        for word in words.split(',').map(str::trim) {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word, None),
            };
            let twice = match (name, value) {
                ("split", seed) => {
                    let seed = seed.map_or(Ok(1), |text| number(word, text))?;
                    self.split.replace(seed).is_some()
                }
                ("delay", Some(text)) => self.delay.replace(duration(word, text)?).is_some(),
                ("cut-after", Some(text)) => {
                    let bytes = number(word, text)?;
                    ensure!(bytes > 0, "cut-after needs at least 1 byte");
                    self.cut_after.replace(bytes).is_some()
                }
                ("half-close", None) => std::mem::replace(&mut self.half_close, true),
                ("delay", None) => bail!("delay needs a value, such as delay=50ms"),
                ("cut-after", None) => bail!("cut-after needs a value, such as cut-after=100"),
                _ => bail!(
                    "chaos {word:?} is not known. Known: split, split=SEED, delay=50ms, \
                     cut-after=100, half-close; several with commas; or none"
                ),
            };
            ensure!(!twice, "chaos {name:?} is there twice");
        }
        Ok(())
    }

    /// The sizes in which chunks of this connection and direction leave the wire.
    pub fn pieces(&self, conn: u64, dir: Dir) -> Pieces {
        let salt = (conn * 2 + dir.index() as u64) << 32;
        Pieces {
            state: self.split.map(|seed| seed.wrapping_add(salt)),
        }
    }
}

impl fmt::Display for Chaos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            self.split.map(|seed| format!("split (seed {seed})")),
            self.delay.map(|delay| format!("delay {delay:?}")),
            self.cut_after
                .map(|bytes| format!("cut after {bytes} bytes")),
            self.half_close
                .then(|| "half-close after the client's first chunk".to_string()),
        ];
        let words: Vec<String> = words.into_iter().flatten().collect();
        match words.as_slice() {
            [] => f.write_str("none"),
            words => f.write_str(&words.join(", ")),
        }
    }
}

fn number(word: &str, text: &str) -> Result<u64> {
    let number = text.parse().ok();
    number.with_context(|| format!("{word:?}: {text:?} is not a whole number"))
}

/// A duration with its unit: `500us`, `50ms`, `2s`. No unit is an error, because a bare `50`
/// means milliseconds to one reader and seconds to the next.
fn duration(word: &str, text: &str) -> Result<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let micros = match &text[digits.len()..] {
        "us" => Some(1),
        "ms" => Some(1000),
        "s" => Some(1_000_000),
        _ => None,
    };
    let number = digits.parse::<u32>().ok();
    let duration = micros
        .zip(number)
        .map(|(unit, n)| Duration::from_micros(unit * u64::from(n)));
    duration.with_context(|| format!("{word:?}: write a number and us, ms or s, such as 50ms"))
}

/// Sizes of pieces, one after the other.
#[derive(Clone, Debug)]
pub struct Pieces {
    /// `None`: nothing is split.
    state: Option<u64>,
}

impl Pieces {
    /// How many bytes the next piece takes when `left` of a chunk of `chunk` bytes are left:
    /// between 1 and `left`. A chunk of two bytes or more becomes at least two pieces, and a
    /// big one about sixteen, so that big transfers stay bearable.
    pub fn next(&mut self, left: usize, chunk: usize) -> usize {
        let Some(state) = &mut self.state else {
            return left;
        };
        // SplitMix64: tiny, and good enough for sizes.
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = *state;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^= x >> 31;
        let most = (chunk / 8).max(3).min(chunk.saturating_sub(1)).max(1);
        // Less than `most`, so it always fits.
        let size = usize::try_from(x % most as u64).unwrap_or(0) + 1;
        size.min(left)
    }
}

/// The bytes that may still cross before the cut, shared by both directions of a connection.
#[derive(Debug)]
pub struct Budget(Mutex<Count>);

#[derive(Debug)]
struct Count {
    /// The number of the setting that it follows.
    setting: u64,
    /// `u64::MAX`: no cut will come.
    limit: u64,
    left: u64,
    forwarded: u64,
}

impl Count {
    fn new(setting: u64, cut_after: Option<u64>) -> Count {
        let limit = cut_after.unwrap_or(u64::MAX);
        Count {
            setting,
            limit,
            left: limit,
            forwarded: 0,
        }
    }
}

/// Bytes that may cross, as long as the setting stays the one under which they were promised.
#[derive(Clone, Copy, Debug)]
pub struct Promise {
    /// How many.
    pub bytes: usize,
    setting: u64,
}

impl Budget {
    /// The budget under the setting of this number. `None`: no cut will come.
    pub fn new(setting: u64, cut_after: Option<u64>) -> Self {
        Budget(Mutex::new(Count::new(setting, cut_after)))
    }

    /// Starts again from 0 if `setting` is a newer one. What is under way at that moment belongs
    /// to the old count.
    pub fn follow(&self, setting: u64, cut_after: Option<u64>) {
        let mut count = lock(&self.0);
        if count.setting < setting {
            *count = Count::new(setting, cut_after);
        }
    }

    /// Takes up to `want` bytes of what is left; 0 if nothing is.
    pub fn reserve(&self, want: usize) -> Promise {
        let mut count = lock(&self.0);
        let bytes = usize::try_from(count.left).unwrap_or(usize::MAX).min(want);
        count.left -= bytes as u64;
        Promise {
            bytes,
            setting: count.setting,
        }
    }

    /// Gives back `bytes` of what was promised and could not be forwarded.
    pub fn give_back(&self, promise: Promise, bytes: usize) {
        let mut count = lock(&self.0);
        if count.setting == promise.setting {
            count.left += bytes as u64;
        }
    }

    /// `bytes` of what was promised have been forwarded.
    pub fn spent(&self, promise: Promise, bytes: usize) {
        let mut count = lock(&self.0);
        if count.setting == promise.setting {
            count.forwarded += bytes as u64;
        }
    }

    /// True once exactly the limit has been forwarded: time to cut.
    pub fn is_used_up(&self) -> bool {
        let count = lock(&self.0);
        count.forwarded == count.limit
    }

    /// The bytes after which the cut comes, if one comes.
    pub fn limit(&self) -> Option<u64> {
        Some(lock(&self.0).limit).filter(|limit| *limit != u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chaos(words: &str) -> Result<Chaos, String> {
        let mut chaos = Chaos::default();
        chaos.add(words).map_err(|error| error.to_string())?;
        Ok(chaos)
    }

    #[test]
    fn all_words_together() {
        let all = chaos("split=7, delay=50ms,cut-after=100,half-close").unwrap();
        assert_eq!(
            all,
            Chaos {
                split: Some(7),
                delay: Some(Duration::from_millis(50)),
                cut_after: Some(100),
                half_close: true,
            }
        );
        assert_eq!(
            all.to_string(),
            "split (seed 7), delay 50ms, cut after 100 bytes, \
             half-close after the client's first chunk"
        );
        assert_eq!(Chaos::default().to_string(), "none");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (words, part) in [
            ("spilt", "chaos \"spilt\" is not known. Known: split,"),
            ("", "is not known"),
            ("half-close=1", "is not known"),
            ("delay", "delay needs a value, such as delay=50ms"),
            ("delay=50", "write a number and us, ms or s"),
            ("delay=-1ms", "write a number and us, ms or s"),
            ("delay=99999999999s", "write a number and us, ms or s"),
            ("cut-after=x", "\"x\" is not a whole number"),
            ("cut-after=0", "at least 1 byte"),
            ("split,split=2", "chaos \"split\" is there twice"),
        ] {
            let error = chaos(words).unwrap_err();
            assert!(error.contains(part), "{words}: {error}");
        }
    }

    fn sizes(pieces: &mut Pieces, chunk: usize) -> Vec<usize> {
        let mut left = chunk;
        let next = || {
            let size = (left > 0).then(|| pieces.next(left, chunk))?;
            left -= size;
            Some(size)
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn pieces_are_small_add_up_and_can_be_repeated() {
        let split = chaos("split").unwrap();
        for chunk in [1, 2, 3, 9, 100, 65536] {
            let first = sizes(&mut split.pieces(1, Dir::ToServer), chunk);
            assert_eq!(first.iter().sum::<usize>(), chunk);
            assert!(chunk == 1 || first.len() >= 2, "{chunk}: {first:?}");
            assert!(first.len() <= 100, "{chunk}: {}", first.len());
            assert_eq!(first, sizes(&mut split.pieces(1, Dir::ToServer), chunk));
        }
        let other = chaos("split=2").unwrap();
        let [one, two] = [split, other].map(|it| sizes(&mut it.pieces(1, Dir::ToServer), 1000));
        assert_ne!(one, two);
        let whole = sizes(&mut Chaos::default().pieces(1, Dir::ToClient), 9);
        assert_eq!(whole, [9], "without split");
    }

    #[test]
    fn the_budget_is_spent_exactly() {
        let budget = Budget::new(0, Some(10));
        let first = budget.reserve(7);
        assert_eq!(first.bytes, 7);
        let second = budget.reserve(7);
        assert_eq!(second.bytes, 3);
        assert_eq!(budget.reserve(7).bytes, 0);
        budget.spent(first, 7);
        assert!(!budget.is_used_up());
        budget.give_back(second, 3);
        let third = budget.reserve(9);
        assert_eq!(third.bytes, 3);
        budget.spent(third, 3);
        assert!(budget.is_used_up());
    }

    #[test]
    fn a_new_setting_counts_from_then_on() {
        let budget = Budget::new(0, None);
        let before = budget.reserve(100);
        budget.follow(1, Some(10));
        budget.spent(before, 100);
        assert_eq!(budget.reserve(100).bytes, 10);
        budget.follow(1, Some(10));
        assert_eq!(
            budget.reserve(100).bytes,
            0,
            "the same setting: no new count"
        );
        budget.follow(2, None);
        assert_eq!((budget.reserve(100).bytes, budget.limit()), (100, None));
    }
}
