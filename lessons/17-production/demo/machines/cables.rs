//! Machines as network namespaces, for root: each has a cable to one bridge. The bridge has no way out of this system.

use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use l17_production::machines::network::{MACHINES, Network, namespace};

/// The bridge, which has the address of the front.
const BRIDGE: &str = "workbook";

/// Bridge and namespaces. They go with this value.
pub struct Cables;

impl Cables {
    /// Makes them.
    pub fn plug() -> anyhow::Result<Self> {
        remove();
        let front = Network::Namespaces.ip(MACHINES.len());
        ip(&format!("link add {BRIDGE} type bridge"))?;
        // From here on a failure takes down what is there.
        let cables = Cables;
        ip(&format!("addr add {front}/24 dev {BRIDGE}"))?;
        ip(&format!("link set {BRIDGE} up"))?;
        for machine in 0..MACHINES.len() {
            let (space, addr) = (namespace(machine), Network::Namespaces.ip(machine));
            let plug = format!("workbook{machine}");
            ip(&format!("netns add {space}"))?;
            ip(&format!(
                "link add {plug} type veth peer name eth0 netns {space}"
            ))?;
            ip(&format!("link set {plug} master {BRIDGE} up"))?;
            ip(&format!("-n {space} addr add {addr}/24 dev eth0"))?;
            ip(&format!("-n {space} link set lo up"))?;
            ip(&format!("-n {space} link set eth0 up"))?;
        }
        Ok(cables)
    }
}

impl Drop for Cables {
    fn drop(&mut self) {
        remove();
    }
}

fn remove() {
    let spaces = (0..MACHINES.len()).map(|machine| format!("netns del {}", namespace(machine)));
    // The system removes the cables of a namespace some time later.
    let plugs = (0..MACHINES.len()).map(|machine| format!("link del workbook{machine}"));
    for words in (spaces.chain(plugs)).chain([format!("link del {BRIDGE}")]) {
        let mut command = Command::new("ip");
        command.args(words.split(' ')).stderr(Stdio::null());
        // There may be none.
        let _ = command.status();
    }
}

fn ip(words: &str) -> anyhow::Result<()> {
    let done = Command::new("ip").args(words.split(' ')).output();
    let done = done.context("`ip` of the package iproute2 is needed")?;
    let said = String::from_utf8_lossy(&done.stderr);
    ensure!(
        done.status.success(),
        "`ip {words}`: {} (--namespaces is for root)",
        said.trim()
    );
    Ok(())
}
