//! Passwords and tokens: made at random, kept in files that their owner alone may read, never printed.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, ensure};

/// A password or a token. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(a secret)")
    }
}

impl Secret {
    /// 128 random bits, written as a UUID: Consul takes no token of another form, and Redis any text.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn fresh() -> io::Result<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &hex[part]);
        Ok(Secret(parts.join("-")))
    }

    /// The first line of a file, which its owner alone may read.
    ///
    /// # Errors
    /// If the file is missing, empty or open to others. The content is in no error.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let name = file.display();
        let text = fs::read_to_string(file).with_context(|| format!("the secret in {name}"))?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(file)?.permissions().mode();
            ensure!(
                mode & 0o077 == 0,
                "{name}: other users may read it; chmod 600 {name}"
            );
        }
        let line = text.lines().next().unwrap_or_default();
        ensure!(!line.is_empty(), "{name}: the first line is empty");
        Ok(Secret(line.to_owned()))
    }

    /// The secret itself, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

// ANCHOR: write
/// Replaces a file in one step: a reader sees the old content or the new one. It is created for its owner alone.
pub fn write(file: &Path, content: &str) -> io::Result<()> {
    let new = file.with_extension("new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&new)?.write_all(content.as_bytes())?;
    fs::rename(new, file)
}
// ANCHOR_END: write
