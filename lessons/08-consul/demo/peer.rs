//! This program once more, as the three greeters, in a process of its own. The demo gives it orders,
//! and kills it in the end.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use stage::child::{Child, PATIENCE, Spawn};

/// The other process. It ends with this value.
pub struct Peer {
    child: Child,
    /// Where the three greeters are.
    pub addresses: Vec<SocketAddr>,
}

impl Peer {
    /// Starts it; its heartbeats go to `agent`.
    pub async fn start(agent: SocketAddr) -> anyhow::Result<Peer> {
        let spawn = Spawn::this_program(["greeters", "--addr", &agent.to_string()])?;
        // Its standard input is held open: when this process ends, however it does, theirs ends as well.
        let child = spawn.name("the greeters").with_stdin().start()?;
        let listening = child.said("listening on ").await?;
        let addresses: Result<Vec<_>, _> = listening.split(' ').map(str::parse).collect();
        let addresses = addresses.context("where the greeters listen")?;
        Ok(Peer { child, addresses })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Gives an order, and returns when it was carried out.
    pub async fn order(&self, order: &str) -> anyhow::Result<()> {
        self.child.order(order)?;
        let told = self.child.line(PATIENCE).await;
        let told = told.context("the greeters are silent")?.text;
        if told != format!("done: {order}") {
            bail!("{told}");
        }
        Ok(())
    }

    /// `kill -9`: no goodbye.
    pub fn kill(&self) {
        self.child.kill();
    }
}
