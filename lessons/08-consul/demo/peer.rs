//! This program once more, as the three greeters, in a process of its own. The demo gives it orders,
//! and kills it in the end.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

/// An order is carried out at once; this is for machines that are busy.
const PATIENCE: Duration = Duration::from_secs(20);

/// The other process. It ends with this value.
pub struct Peer {
    child: Child,
    orders: ChildStdin,
    tells: UnboundedReceiver<String>,
    /// Where the three greeters are.
    pub addresses: Vec<SocketAddr>,
}

impl Peer {
    /// Starts it; its heartbeats go to `agent`.
    pub async fn start(agent: SocketAddr) -> anyhow::Result<Peer> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["greeters", "--addr", &agent.to_string()])
            // Held open: when this process ends, however it does, theirs ends as well.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start this program a second time")?;
        let orders = child.stdin.take().context("its standard input")?;
        let out = child.stdout.take().context("its standard output")?;
        // A thread, because a pipe cannot be read with a deadline.
        let (tell, tells) = unbounded_channel();
        thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        let mut peer = Peer {
            child,
            orders,
            tells,
            addresses: Vec::new(),
        };
        let first = peer.told().await?;
        let addresses = first.strip_prefix("listening on ").unwrap_or("");
        let addresses: Result<Vec<_>, _> = addresses.split(' ').map(str::parse).collect();
        peer.addresses = addresses.context("where the greeters listen")?;
        Ok(peer)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Gives an order, and returns when it was carried out.
    pub async fn order(&mut self, order: &str) -> anyhow::Result<()> {
        writeln!(self.orders, "{order}")?;
        let told = self.told().await?;
        if told != format!("done: {order}") {
            bail!("{told}");
        }
        Ok(())
    }

    async fn told(&mut self) -> anyhow::Result<String> {
        let told = timeout(PATIENCE, self.tells.recv()).await;
        told.context("the greeters are silent")?
            .context("the greeters have ended")
    }

    /// `kill -9`: no goodbye.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Where it has ended already, there is nothing to do.
        let _ = self.kill();
    }
}
