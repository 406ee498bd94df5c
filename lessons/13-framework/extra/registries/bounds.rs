//! Limits on the size of an instance. Every registry stores what others send, so each part of it has a limit.
//! Some registries have smaller ones of their own.

use std::time::Duration;

use tokio::time::timeout;

use crate::registry::{Error, Instance};

/// Bytes of an id, a name, a version.
pub const WORD: usize = 255;
/// Pairs of metadata.
pub const PAIRS: usize = 64;
/// Bytes of all metadata, keys and values.
pub const METADATA: usize = 4096;
/// The longest time to live: a day.
pub const TTL: Duration = Duration::from_secs(24 * 60 * 60);
/// Instances that a registry without a server keeps. One more is refused, or left out.
pub const INSTANCES: usize = 10_000;

/// Returns whether an instance has a name, an id and an address that can be called, and is within the limits.
///
/// # Errors
/// [`Error::Invalid`], which says what is wrong.
pub fn check(instance: &Instance) -> Result<(), Error> {
    name(&instance.name)?;
    word("id", &instance.id)?;
    if instance.addr.ip().is_unspecified() || instance.addr.port() == 0 {
        return Err(Error::Invalid(format!(
            "no caller can reach {}: an instance has the address and the port that callers use",
            instance.addr
        )));
    }
    if instance.version.len() > WORD {
        return Err(too_long("version", instance.version.len(), WORD));
    }
    if instance.metadata.len() > PAIRS {
        return Err(Error::Invalid(format!(
            "{} pairs of metadata are too many: at most {PAIRS}",
            instance.metadata.len()
        )));
    }
    let pairs = instance.metadata.iter();
    let bytes = pairs.map(|(key, value)| key.len() + value.len()).sum();
    if bytes > METADATA {
        return Err(too_long("metadata", bytes, METADATA));
    }
    Ok(())
}

/// Returns whether a service can have this name.
pub fn name(name: &str) -> Result<(), Error> {
    word("name", name)
}

/// Returns whether a registration can hold for so long.
pub fn ttl(ttl: Duration) -> Result<(), Error> {
    if ttl.is_zero() || ttl > TTL {
        return Err(Error::Invalid(format!(
            "a time to live of {ttl:?} cannot be: more than nothing, at most a day"
        )));
    }
    Ok(())
}

/// Several calls of the server of a registry, which may take as long as one.
///
/// # Errors
/// [`Error::Away`] after that time, and those of the calls.
pub(crate) async fn in_time<T>(
    of: &str,
    limit: Duration,
    calls: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let late = |_| {
        let words = format!("no answer from {of} within {} ms", limit.as_millis());
        Err(Error::Away(words))
    };
    timeout(limit, calls).await.unwrap_or_else(late)
}

fn word(what: &str, word: &str) -> Result<(), Error> {
    match word.len() {
        0 => Err(Error::Invalid(format!(
            "the {what} of an instance is empty"
        ))),
        1..=WORD => Ok(()),
        bytes => Err(too_long(what, bytes, WORD)),
    }
}

fn too_long(what: &str, bytes: usize, most: usize) -> Error {
    Error::Invalid(format!(
        "{bytes} bytes of {what} are too many: at most {most}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance() -> Instance {
        Instance::new("user", "one", "127.0.0.1:1".parse().unwrap())
    }

    /// At the limit it is held, one byte past it is refused, with what is wrong in the words.
    #[test]
    fn each_part_has_a_limit() {
        check(&instance()).unwrap();
        type Change = fn(&mut Instance, usize);
        let parts: [(&str, usize, Change); 5] = [
            ("id", WORD, |i, n| i.id = "x".repeat(n)),
            ("name", WORD, |i, n| i.name = "x".repeat(n)),
            ("version", WORD, |i, n| i.version = "x".repeat(n)),
            ("metadata", METADATA, |i, n| {
                i.metadata = [("k".into(), "x".repeat(n - 1))].into();
            }),
            ("metadata", PAIRS, |i, n| {
                i.metadata = (0..n).map(|k| (k.to_string(), String::new())).collect();
            }),
        ];
        for (what, most, change) in parts {
            let mut odd = instance();
            change(&mut odd, most);
            check(&odd).unwrap();
            change(&mut odd, most + 1);
            let words = check(&odd).unwrap_err().to_string();
            assert!(words.contains(what), "{words}");
        }
        let nameless = Instance {
            name: String::new(),
            ..instance()
        };
        check(&nameless).unwrap_err();
        for addr in ["0.0.0.0:80", "[::]:80", "127.0.0.1:0"] {
            let nowhere = Instance {
                addr: addr.parse().unwrap(),
                ..instance()
            };
            let words = check(&nowhere).unwrap_err().to_string();
            assert!(words.contains(addr), "{words}");
        }
        ttl(Duration::ZERO).unwrap_err();
        ttl(TTL).unwrap();
        ttl(TTL + Duration::from_millis(1)).unwrap_err();
    }
}
