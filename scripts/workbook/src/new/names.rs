//! Which names a service can have. One name becomes a folder, a crate, a package of a .proto file and a
//! part of a name in the registry, so it has to be good for all of them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use toml::{Table, Value};

/// A name that is good.
pub const EXAMPLE: &str = "tea";

/// Longer ones are too long for a label of DNS once an id is behind them.
const LONGEST: usize = 32;

/// What no crate can be called: Rust's keywords, the reserved ones too (doc.rust-lang.org/reference/keywords.html,
/// 2024 edition), the crates that are always there, and the folders that cargo has beside its programs.
const TAKEN: &str = "abstract alloc as async await become box break const continue core crate do dyn \
    else enum extern false final fn for gen if impl in let loop macro macro-rules match mod move mut \
    override priv proc-macro pub ref return self static std struct super test trait true try type typeof \
    union unsafe unsized use virtual where while yield build deps examples incremental";

/// The one rule for names: parts of small letters and digits with single `-` between, each part beginning with a
/// letter. A name that begins with a digit belongs to a lesson of the course.
///
/// # Errors
/// Why `name` cannot be one.
pub fn possible(name: &str) -> Result<()> {
    let is_part = |part: &str| {
        let good = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
        part.starts_with(|first: char| first.is_ascii_lowercase()) && part.chars().all(good)
    };
    ensure!(
        name.split('-').all(is_part),
        "a name is small letters and digits, with single `-` between its parts, and each part begins \
         with a letter"
    );
    let letters = name.len();
    ensure!(
        letters <= LONGEST,
        "it has {letters} letters; {LONGEST} are the most"
    );
    ensure!(
        TAKEN.split_whitespace().all(|taken| taken != name),
        "it is a word of Rust or of cargo"
    );
    Ok(())
}

/// Whether names can begin so: names with dots between.
pub fn possible_namespace(namespace: &str) -> Result<()> {
    namespace.split('.').try_for_each(possible)?;
    ensure!(namespace.len() <= 64, "64 letters are the most");
    Ok(())
}

/// Whether `cargo run -p NAME` would mean something already: a crate that the course leans on, or one of
/// its own. The lock file names both, but its own also for a while after they are gone.
pub fn is_crate(root: &Path, name: &str) -> bool {
    let read = |path: PathBuf| fs::read_to_string(path).ok()?.parse::<Table>().ok();
    let is_name = |package: &Value| package.get("name").and_then(Value::as_str) == Some(name);
    let lock = read(root.join("Cargo.lock")).unwrap_or_default();
    let packages = lock.get("package").and_then(Value::as_array);
    let leaned_on = (packages.into_iter().flatten())
        .any(|package| is_name(package) && package.get("source").is_some());
    let folders = ["lessons", "scripts"].into_iter();
    let members = folders.flat_map(|folder| fs::read_dir(root.join(folder)));
    leaned_on
        || (members.flatten().flatten())
            .filter_map(|member| read(member.path().join("Cargo.toml")))
            .any(|manifest| manifest.get("package").is_some_and(is_name))
}

/// `tea-shop` as Rust and .proto files spell it: `tea_shop`.
pub fn snake(name: &str) -> String {
    name.replace('-', "_")
}

/// `tea-shop` as the name of a service or a type: `TeaShop`.
pub fn pascal(name: &str) -> String {
    let capital = |part: &str| -> String {
        let (first, rest) = part.split_at(part.len().min(1));
        first.to_ascii_uppercase() + rest
    };
    name.split('-').map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_rule() {
        for name in "tea tea-shop a srv2 captcha-v2 web option".split(' ') {
            assert!(possible(name).is_ok(), "{name}");
        }
        // The last split gives the empty name.
        let bad = "Tea|tea shop|tea_shop|../tea|tea/shop|tée|茶|18-tea|-tea|tea-|tea--shop|tea-2go|fn|async|test|build|\
                   a-very-long-name-that-goes-on-and-on|";
        for name in bad.split('|') {
            assert!(possible(name).is_err(), "{name}");
        }
        for good in ["go.micro", "com.example.shop", "x"] {
            assert!(possible_namespace(good).is_ok(), "{good}");
        }
        for bad in ".|go..micro|go.micro.|Go.micro|go/micro|go micro|".split('|') {
            assert!(possible_namespace(bad).is_err(), "{bad}");
        }
        assert_eq!(snake("tea-shop"), "tea_shop");
        assert_eq!(
            (pascal("tea-shop"), pascal("a")),
            ("TeaShop".into(), "A".into())
        );
    }
}
