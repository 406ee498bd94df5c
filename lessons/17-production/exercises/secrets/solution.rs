//! A secret leaves a program on ways that no line of it seems to take: the log prints the settings with `{:?}`, an error
//! quotes what it could not read, and the system shows command lines to everyone. So the type itself refuses to be
//! printed, an error names the place and no content, and a child process gets the name of a file.

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// The password for Redis.
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(...)")
    }
}

impl Secret {
    /// The value, for the one place that sends it to Redis.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Reads the password from a file.
pub fn read(file: &Path) -> Result<Secret, String> {
    let name = file.display();
    let metadata = fs::metadata(file).map_err(|error| format!("{name}: {error}"))?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(format!("{name}: other users may use it; chmod 600 it"));
    }
    let text = fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(Secret(line.to_owned())),
        _ => Err(format!("{name}: the first line is empty")),
    }
}

/// The command that starts an instance.
pub fn instance(program: &Path, file: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("--password-file").arg(file);
    command
}
