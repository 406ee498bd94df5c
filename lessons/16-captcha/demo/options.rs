//! Options of our own, beside those of the framework.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::str::FromStr;

use anyhow::{Context, bail, ensure};

/// Name and value; a switch has an empty one.
pub type Own = Vec<(String, String)>;

/// Takes our own options out; the framework reads what is left.
pub fn split(
    words: Vec<OsString>,
    ours: &[&str],
    switches: &[&str],
) -> anyhow::Result<(Own, Vec<OsString>)> {
    let (mut own, mut left) = (Vec::new(), Vec::new());
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let text = word.to_string_lossy().into_owned();
        if switches.contains(&text.as_str()) {
            own.push((text, String::new()));
            continue;
        }
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_string())),
            None => (text.as_str(), None),
        };
        if !ours.contains(&name) {
            left.push(word);
            continue;
        }
        let next = || words.next().map(|word| word.to_string_lossy().into_owned());
        let value = value.or_else(next);
        let value = value.with_context(|| format!("{name} needs a value; --help tells which"))?;
        own.push((name.to_string(), value));
    }
    Ok((own, left))
}

/// For a part of the program that takes nothing else.
pub fn nothing_left(words: &[OsString]) -> anyhow::Result<()> {
    if let Some(word) = words.first() {
        bail!(
            "there is no `{}` here; --help shows what there is",
            word.to_string_lossy()
        );
    }
    Ok(())
}

/// The last value that was given for an option.
pub fn last<'a>(own: &'a Own, name: &str) -> Option<&'a str> {
    let mut given = own.iter().rev().filter(|(its, _)| its == name);
    given.next().map(|(_, value)| value.as_str())
}

/// An address, with the one that is usual there as an example.
pub fn address(own: &Own, name: &str, usual: SocketAddr) -> anyhow::Result<SocketAddr> {
    let Some(text) = last(own, name) else {
        return Ok(usual);
    };
    text.parse()
        .with_context(|| format!("{name} {text}: an address looks like {usual}"))
}

/// Addresses with commas between them.
pub fn addresses(own: &Own, name: &str, usual: &[SocketAddr]) -> anyhow::Result<Vec<SocketAddr>> {
    let Some(text) = last(own, name) else {
        return Ok(usual.to_vec());
    };
    let all: Result<Vec<SocketAddr>, _> = text.split(',').map(str::parse).collect();
    let example: Vec<String> = usual.iter().map(ToString::to_string).collect();
    all.with_context(|| format!("{name} {text}: addresses look like {}", example.join(",")))
}

/// A number of something.
pub fn number<T: FromStr>(own: &Own, name: &str) -> anyhow::Result<Option<T>> {
    let Some(text) = last(own, name) else {
        return Ok(None);
    };
    let number = text.parse().ok();
    let number =
        number.with_context(|| format!("{name} {text}: a whole number, for example 10"))?;
    Ok(Some(number))
}

/// `--limits none`: whether the rate limits are off. That is accepted only on an address that no other machine
/// can reach.
pub fn unlimited(own: &Own, at: &[SocketAddr]) -> anyhow::Result<bool> {
    let Some(text) = last(own, "--limits") else {
        return Ok(false);
    };
    ensure!(
        text == "none",
        "--limits {text}: it can be `none`; without it the limits are as they should be"
    );
    if let Some(addr) = at.iter().find(|addr| !addr.ip().is_loopback()) {
        bail!(
            "--limits none is for measuring on 127.0.0.1, and {addr} can be reached from outside"
        );
    }
    Ok(true)
}
