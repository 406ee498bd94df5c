//! Which names a service can have. One name becomes a folder, a crate, a package of a .proto file and a
//! part of a name in the registry, so it has to be good for all of them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use toml::{Table, Value};

/// A name that is good.
pub const EXAMPLE: &str = "tea";

/// Longer ones are too long for a label of DNS once an id is behind them.
const LONGEST: usize = 32;

/// Rust's words that are no names, the reserved ones too, and the crates that are always there:
/// doc.rust-lang.org/reference/keywords.html, 2024 edition.
const WORDS: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "union",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
    "macro-rules",
];

/// Whether a new crate can be called so.
///
/// # Errors
/// Why not.
pub fn possible(name: &str) -> Result<()> {
    callable(name)?;
    // cargo calls its folders so, beside the crates that it builds.
    const CARGOS: [&str; 4] = ["build", "deps", "examples", "incremental"];
    ensure!(
        !CARGOS.contains(&name),
        "cargo has a folder of this name beside the program"
    );
    Ok(())
}

/// Whether there can be a service of this name, made here or elsewhere.
///
/// # Errors
/// Why not.
pub fn callable(name: &str) -> Result<()> {
    let Some(first) = name.chars().next() else {
        bail!("it is empty");
    };
    if first.is_ascii_digit() {
        bail!("a name that begins with a digit belongs to a lesson of the course");
    }
    if let Some(odd) = name
        .chars()
        .find(|letter| !(letter.is_ascii_lowercase() || letter.is_ascii_digit() || *letter == '-'))
    {
        bail!("{odd:?} is in it; small letters, digits and `-` are good");
    }
    ensure!(first != '-', "it begins with `-`");
    ensure!(!name.ends_with('-'), "it ends with `-`");
    ensure!(!name.contains("--"), "two `-` stand side by side");
    ensure!(
        !name
            .split('-')
            .any(|part| part.starts_with(|letter: char| letter.is_ascii_digit())),
        "a part of it begins with a digit, and would be no name in Rust or in a .proto file"
    );
    ensure!(
        name.len() <= LONGEST,
        "it has {} letters; {LONGEST} are the most",
        name.len()
    );
    ensure!(!WORDS.contains(&name), "it is a word of Rust");
    Ok(())
}

/// Whether names can begin so: one or more labels with dots between.
///
/// # Errors
/// Why not.
pub fn possible_namespace(namespace: &str) -> Result<()> {
    for label in namespace.split('.') {
        let good = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
        ensure!(
            !label.is_empty() && label.chars().all(good),
            "it is labels of small letters and digits with single dots between, such as com.example"
        );
    }
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
    let members = ["lessons", "scripts"]
        .into_iter()
        .flat_map(|folder| fs::read_dir(root.join(folder)))
        .flatten()
        .flatten();
    leaned_on
        || members
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
    fn good_names() {
        for name in [
            "tea",
            "tea-shop",
            "a",
            "srv2",
            "captcha-v2",
            "web",
            "option",
        ] {
            assert!(possible(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn each_bad_name_has_its_reason() {
        for (name, reason) in [
            ("", "empty"),
            ("Tea", "'T' is in it"),
            ("tea shop", "' ' is in it"),
            ("tea_shop", "'_' is in it"),
            ("../tea", "'.' is in it"),
            ("tea/shop", "'/' is in it"),
            ("tée", "'é' is in it"),
            ("茶", "is in it"),
            ("18-tea", "belongs to a lesson"),
            ("-tea", "begins with `-`"),
            ("tea-", "ends with `-`"),
            ("tea--shop", "side by side"),
            ("tea-2go", "begins with a digit"),
            ("fn", "a word of Rust"),
            ("async", "a word of Rust"),
            ("test", "a word of Rust"),
            ("build", "cargo has a folder"),
            ("a-very-long-name-that-goes-on-and-on", "32 are the most"),
        ] {
            let error = possible(name).unwrap_err().to_string();
            assert!(error.contains(reason), "{name}: {error}");
        }
    }

    #[test]
    fn namespaces() {
        for good in ["go.micro", "com.example.shop", "x"] {
            assert!(possible_namespace(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            ".",
            "go..micro",
            "go.micro.",
            "Go.micro",
            "go/micro",
            "go micro",
        ] {
            assert!(possible_namespace(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn spellings() {
        assert_eq!(snake("tea-shop"), "tea_shop");
        assert_eq!(pascal("tea-shop"), "TeaShop");
        assert_eq!(pascal("a"), "A");
    }
}
