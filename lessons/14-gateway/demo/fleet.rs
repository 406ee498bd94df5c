//! Services, gateway and web service as processes of their own: this program, started again. Only a process
//! can be killed, and only a process can be paused.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::ensure;
use stage::child::{Ask, Child, PATIENCE, Spawn};

/// Gets each line that a process says, with its name.
pub type Heard = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// The settings of processes to start.
#[derive(Clone)]
pub struct Plan {
    /// This program.
    pub program: PathBuf,
    /// The flags that name the registry.
    pub registry: Vec<String>,
    /// Gets what they say.
    pub heard: Heard,
}

/// A running process. It is killed with this value, paused or not, and also if this process is killed.
pub struct Process {
    /// What it is called here.
    pub name: String,
    /// Where it listens.
    pub addr: SocketAddr,
    /// Pauses it, resumes it, kills it.
    pub child: Child,
}

impl Plan {
    /// Starts `-- WORDS`, with the flags of the registry, and returns when it listens.
    ///
    /// # Errors
    /// If the program does not start, or never listens.
    pub async fn start(&self, name: &str, words: &[&str]) -> anyhow::Result<Process> {
        let (heard, of) = (Arc::clone(&self.heard), name.to_string());
        let child = Spawn::program(&self.program, words)
            .args(&self.registry)
            .name(name)
            .errors_too()
            .heard(move |line| heard(&of, &line.text))
            .start()?;
        Ok(Process {
            name: name.to_string(),
            addr: child.listening().await?,
            child,
        })
    }
}

impl Process {
    /// Asks it to end, as Ctrl-C does, and waits until it has.
    ///
    /// # Errors
    /// If it does not end, or not well.
    pub async fn ask_to_end(self) -> anyhow::Result<()> {
        let (status, _) = self.child.ask_to_end(Ask::Interrupt, PATIENCE).await?;
        ensure!(status.success(), "{} has not left well", self.name);
        Ok(())
    }
}
