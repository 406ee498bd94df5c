//! The options of every caller: the client, and a server that calls others.

use std::net::SocketAddr;

use crate::world::client::Client;
use anyhow::{Context, bail};
use l12_resilience::budget::Budget;
use l12_resilience::caller::Settings;
use l12_resilience::fail::FailMode;
use l12_resilience::member::Member;
use stage::commands::Given;
use tokio::sync::watch;

/// The members to call, and the settings of the calls.
pub struct Calling {
    /// Empty: the option was not given.
    members: Vec<Member>,
    /// How they are called.
    pub settings: Settings,
}

impl Calling {
    /// The options of a caller.
    pub fn given(given: &Given) -> anyhow::Result<Self> {
        let mut settings = Settings::default();
        given.set("select", &mut settings.select)?;
        given.set("seed", &mut settings.seed)?;
        given.set("fail", &mut settings.mode)?;
        if let FailMode::Backup { after } = &mut settings.mode {
            given.set_millis("backup-ms", after)?;
        }
        given.set("attempts", &mut settings.attempts)?;
        given.set_millis("deadline-ms", &mut settings.deadline)?;
        settings.per_attempt = given.millis("attempt-ms")?;
        if let Some(text) = given.text("budget") {
            settings.budget = budget(text)?;
        }
        if given.has("no-eject") {
            settings.eject = None;
        }
        Ok(Calling {
            members: given.text("servers").map_or(Ok(Vec::new()), members)?,
            settings,
        })
    }

    /// A client of the members in the option; `None` without it.
    pub fn client(&self) -> Option<Client> {
        let named = !self.members.is_empty();
        named.then(|| client(self.members.clone(), self.settings.clone()))
    }
}

/// A client of these, whose list does not change any more.
pub fn client(members: Vec<Member>, settings: Settings) -> Client {
    let (_, list) = watch::channel(members);
    Client::new(list, settings)
}

/// `127.0.0.1:8972,127.0.0.1:8973=5`: addresses, some with a weight. The address is the id.
fn members(text: &str) -> anyhow::Result<Vec<Member>> {
    let mut members: Vec<Member> = Vec::new();
    for part in text.split(',') {
        let (addr, weight) = part.split_once('=').unwrap_or((part, "1"));
        let weight = (weight.parse()).with_context(|| format!("`{weight}` is no weight"))?;
        let member = Member::new(addr, address(addr)?).weighing(weight);
        if members.iter().any(|other| other.addr == member.addr) {
            bail!("{addr} is there twice; to call it more often, give it a weight: {addr}=2");
        }
        members.push(member);
    }
    Ok(members)
}

fn budget(text: &str) -> anyhow::Result<Budget> {
    if text == "off" {
        return Ok(Budget::unlimited());
    }
    let percent = (text.parse()).with_context(|| format!("--budget {text}: a number, or off"))?;
    Ok(Budget::new(percent, 10))
}

fn address(text: &str) -> anyhow::Result<SocketAddr> {
    text.parse()
        .with_context(|| format!("`{text}`: an address looks like 127.0.0.1:8972"))
}
