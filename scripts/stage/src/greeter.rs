//! A greeter in a process of its own, so that it can be killed: the command `server` of this program, which
//! registers itself with the Consul that it is told.

use std::net::SocketAddr;

use crate::child::{Ask, Child, PATIENCE, Spawn};

/// The other process. It ends with this value, and also when this process is killed.
pub struct Greeter {
    process: Child,
    /// Where it listens.
    pub addr: SocketAddr,
}

impl Greeter {
    /// Starts it on a free port, with these options of `server`, and waits until it listens; `heard` gets
    /// each line that it prints afterwards.
    ///
    /// # Errors
    /// If it does not start, or never listens.
    pub async fn start(
        consul: SocketAddr,
        options: &[&str],
        heard: impl Fn(&str) + Send + Sync + 'static,
    ) -> anyhow::Result<Self> {
        let consul = consul.to_string();
        let args = ["server", "--addr", "127.0.0.1:0", "--consul", &consul];
        let process = Spawn::this_program(args)?
            .args(options)
            .name("the greeter")
            .heard(move |line| {
                if !line.text.starts_with("listening on ") {
                    heard(&line.text);
                }
            })
            .start()?;
        let addr = process.listening().await?;
        Ok(Greeter { process, addr })
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Ends it as a crash does: it tells nothing to the registry.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// Asks it to end, as Ctrl-C does, and waits until it has.
    ///
    /// # Errors
    /// If it does not end.
    pub async fn interrupt(&self) -> anyhow::Result<()> {
        self.process.ask_to_end(Ask::Interrupt, PATIENCE).await?;
        Ok(())
    }
}
