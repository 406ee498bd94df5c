//! The command line of lesson 16.

use std::ffi::OsString;

fn main() -> anyhow::Result<()> {
    let mut words: Vec<OsString> = std::env::args_os().skip(1).collect();
    match words.first().and_then(|word| word.to_str()) {
        Some("sheet") => l16_captcha::sheet::run(words.split_off(1)),
        _ => anyhow::bail!("usage: sheet --out FILE.png [--seed N]"),
    }
}
