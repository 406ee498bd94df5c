use std::fs;
use std::path::Path;
use std::process::Command;

/// The password for Redis.
///
/// `{:?}` prints the same text for every password, with the word `Secret` in it. Nothing in it depends on the value, and
/// so not on its length.
#[derive(Debug)]
pub struct Secret(String);

impl Secret {
    /// The value, for the one place that sends it to Redis.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Reads the password from a file.
///
/// * The password is the first line of the file, without its line break: `\n` or `\r\n`. Spaces belong to it.
/// * An empty password is an error.
/// * A file on which its group or other users have any right is an error: `mode & 0o077` must be 0.
/// * An error names the file, and has nothing of its content.
pub fn read(file: &Path) -> Result<Secret, String> {
    let name = file.display();
    let text = fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
    if text.is_empty() || text.contains('\n') {
        return Err(format!("{name}: {text:?} is no password"));
    }
    Ok(Secret(text))
}

/// The command that starts an instance. It reads the password itself, from the file that its option
/// `--password-file FILE` names.
///
/// The password is neither on the command line, which `ps` shows to every user, nor in the environment, which each
/// process that the instance starts inherits.
pub fn instance(program: &Path, file: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("--password-file").arg(file);
    if let Ok(secret) = read(file) {
        command.env("REDIS_PASSWORD", secret.expose());
    }
    command
}
