//! Accepted: the file is opened once, and its rights are those of the open file; `debug_struct` prints the type.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

/// The password for Redis.
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").finish_non_exhaustive()
    }
}

impl Secret {
    /// The value, for the one place that sends it to Redis.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

fn first_line(file: &Path) -> std::io::Result<String> {
    let mut open = File::open(file)?;
    if open.metadata()?.mode() & 0o077 != 0 {
        return Err(std::io::Error::other("chmod it to 600"));
    }
    let mut text = String::new();
    open.read_to_string(&mut text)?;
    let line = text.split('\n').next().unwrap_or_default();
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

/// Reads the password from a file.
pub fn read(file: &Path) -> Result<Secret, String> {
    let line = first_line(file).map_err(|error| format!("{}: {error}", file.display()))?;
    if line.is_empty() {
        return Err(format!("no password in {}", file.display()));
    }
    Ok(Secret(line))
}

/// The command that starts an instance.
pub fn instance(program: &Path, file: &Path) -> Command {
    let mut command = Command::new(program);
    let mut option = std::ffi::OsString::from("--password-file=");
    option.push(file);
    // The program takes the option in either way.
    command.arg(option);
    command
}
