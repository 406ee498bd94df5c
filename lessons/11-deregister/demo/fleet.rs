//! Instances of the greeter, each a process of its own: this program, started again as a server. Only a
//! process can be killed.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use l11_deregister::drain::Limits;
use stage::child::{Ask, Child, PATIENCE, Said, Spawn};
use tokio::sync::watch;

/// What an instance prints when Consul has taken its registration.
const REGISTERED: &str = "registered: ";

/// Gets each line that an instance prints, with its name.
pub type Heard = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// The settings of instances to start.
#[derive(Clone)]
pub struct Plan {
    /// This program.
    pub program: PathBuf,
    /// Where Consul is.
    pub consul: SocketAddr,
    /// How often Consul looks.
    pub every: Duration,
    /// How long each call works.
    pub slow: Duration,
    /// How they leave.
    pub limits: Limits,
    /// Whether they just end when they are asked to.
    pub careless: bool,
    /// Gets what they print.
    pub heard: Heard,
}

/// A running instance. It is killed with this value.
pub struct Instance {
    /// What it calls itself in its replies: its place, and how often it was started there.
    pub name: String,
    /// Where it listens.
    pub addr: SocketAddr,
    /// Its id in Consul.
    pub id: String,
    process: Child,
}

impl Plan {
    /// Starts an instance at `addr`; with port 0, where it is free.
    ///
    /// # Errors
    /// If the program does not start, or never listens.
    pub async fn start(&self, name: &str, addr: SocketAddr) -> anyhow::Result<Instance> {
        let millis = |time: Duration| time.as_millis().to_string();
        let options = [
            ("--instance", name.to_string()),
            ("--addr", addr.to_string()),
            ("--consul", self.consul.to_string()),
            ("--check-every-ms", millis(self.every)),
            ("--slow-ms", millis(self.slow)),
            ("--goodbye-ms", millis(self.limits.goodbye)),
            ("--notice-ms", millis(self.limits.notice)),
            ("--grace-ms", millis(self.limits.grace)),
        ];
        let (heard, of_thread) = (Arc::clone(&self.heard), name.to_string());
        let process = Spawn::program(&self.program, ["server"])
            .args(
                options
                    .into_iter()
                    .flat_map(|(option, value)| [option.to_string(), value]),
            )
            .args(self.careless.then_some("--careless"))
            .name(name)
            .until_stdin_ends("--until-stdin-ends")
            .note(REGISTERED)
            .errors_too()
            .heard(move |line| heard(&of_thread, &line.text))
            .start()?;
        let addr = process.listening().await?;
        Ok(Instance {
            name: name.to_string(),
            addr,
            id: l09_register::instance::id("greeter", addr),
            process,
        })
    }
}

impl Instance {
    /// Returns a watch of how often Consul has accepted its registration.
    pub fn registrations(&self) -> watch::Receiver<Said> {
        self.process.notes(REGISTERED)
    }

    /// Asks it to end, as a service manager does: SIGTERM. Returns when it has ended, with how long that
    /// took.
    ///
    /// # Errors
    /// If it does not end.
    pub async fn ask_to_end(self) -> anyhow::Result<Duration> {
        let how = if cfg!(unix) {
            Ask::Terminate
        } else {
            Ask::EndOfStdin
        };
        let (_, took) = self.process.ask_to_end(how, PATIENCE).await?;
        Ok(took)
    }

    /// `kill -9`: not one more line of it runs. Returns the moment.
    pub fn kill(self) -> Instant {
        self.process.kill()
    }
}
