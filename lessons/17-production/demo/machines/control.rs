//! How the commands talk to the process that runs the site: one line in, lines out, over a socket in its folder that its user
//! alone can open.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

use super::site::Site;

/// The first letters of the last line, if the command has failed.
const FAILED: &str = "failed: ";

/// The socket for commands. Its file is removed when this value is dropped.
pub struct Socket {
    listener: UnixListener,
    file: PathBuf,
}

fn file(folder: &Path) -> PathBuf {
    folder.join("control")
}

impl Socket {
    /// The socket of this folder, which is made.
    pub fn bind(folder: &Path) -> anyhow::Result<Self> {
        make_folder(folder).with_context(|| format!("cannot write {}", folder.display()))?;
        let file = file(folder);
        if std::os::unix::net::UnixStream::connect(&file).is_ok() {
            bail!(
                "a site runs in {} already; `-- down` ends it",
                folder.display()
            );
        }
        // One that was left behind by a process that was killed.
        let _ = fs::remove_file(&file);
        let listener = UnixListener::bind(&file);
        let listener = listener.with_context(|| format!("cannot listen on {}", file.display()))?;
        Ok(Socket { listener, file })
    }

    /// The next command.
    pub async fn accept(&self) -> io::Result<Call> {
        Ok(Call(BufReader::new(self.listener.accept().await?.0)))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file);
    }
}

/// A folder for its owner alone.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

/// One command.
pub struct Call(BufReader<UnixStream>);

impl Call {
    /// Carries it out, and says how it went; whether it ends the site.
    pub async fn answer(&mut self, site: &mut Site) -> bool {
        let mut line = String::new();
        if self.0.read_line(&mut line).await.is_err() {
            return false;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let outcome = match words.as_slice() {
            ["status"] => site.status().await,
            ["kill", what] => site.kill(what).await,
            ["cut", machine] => site.cut(machine, true),
            ["join", machine] => site.cut(machine, false),
            ["visit"] => site.visit().await,
            ["start", machine] => site.start_again(machine).await,
            ["roll", version] => site.roll(version, &mut self.0).await,
            ["renew"] => site.renew(None),
            ["renew", seconds] => site.renew(Some(seconds)),
            ["down"] => {
                let _ = self.0.write_all(b"All processes end.\n").await;
                return true;
            }
            _ => Err(anyhow::anyhow!("there is no such command: {}", line.trim())),
        };
        let text = outcome.unwrap_or_else(|error| format!("{FAILED}{error:#}"));
        // The one that asked may have gone.
        let _ = self.0.write_all(format!("{text}\n").as_bytes()).await;
        false
    }
}

/// Sends a command, and hands on each line of the answer.
pub async fn ask(folder: &Path, line: &str, heard: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    let stream = UnixStream::connect(file(folder)).await;
    let mut stream = stream
        .map_err(|_| anyhow::anyhow!("no site runs in {}; `-- up` starts one", folder.display()))?;
    stream.write_all(format!("{line}\n").as_bytes()).await?;
    let mut lines = BufReader::new(stream).lines();
    while let Some(line) = lines.next_line().await? {
        match line.strip_prefix(FAILED) {
            Some(why) => bail!("{why}"),
            None => heard(&line),
        }
    }
    Ok(())
}
