//! The options of everybody who calls: the client, and a server that asks others.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use l12_resilience::budget::Budget;
use l12_resilience::caller::Settings;
use l12_resilience::client::Client;
use l12_resilience::fail::FailMode;
use l12_resilience::member::Member;
use lexopt::prelude::*;
use tokio::sync::watch;

/// Who is called, and how.
#[derive(Default)]
pub struct Calling {
    /// Empty: nobody was named.
    members: Vec<Member>,
    settings: Settings,
    backup: Option<Duration>,
}

impl Calling {
    /// Takes one option. False if it is none of these.
    pub fn take(&mut self, option: &str, parser: &mut lexopt::Parser) -> anyhow::Result<bool> {
        let settings = &mut self.settings;
        match option {
            "servers" => self.members = members(&parser.value()?.string()?)?,
            "select" => settings.select = parser.value()?.parse()?,
            "seed" => settings.seed = parser.value()?.parse()?,
            "fail" => settings.mode = parser.value()?.parse()?,
            "attempts" => settings.attempts = parser.value()?.parse()?,
            "attempt-ms" => settings.per_attempt = Some(millis(parser)?),
            "backup-ms" => self.backup = Some(millis(parser)?),
            "budget" => settings.budget = budget(&parser.value()?.string()?)?,
            "no-eject" => settings.eject = None,
            "deadline-ms" => settings.deadline = millis(parser)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The settings.
    pub fn settings(&self) -> Settings {
        let mut settings = self.settings.clone();
        if let (FailMode::Backup { after }, Some(backup)) = (&mut settings.mode, self.backup) {
            *after = backup;
        }
        settings
    }

    /// A client of those who were named; `None` if nobody was.
    pub fn client(&self) -> Option<Client> {
        let somebody = !self.members.is_empty();
        somebody.then(|| client(self.members.clone(), self.settings()))
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

/// An address.
pub fn address(text: &str) -> anyhow::Result<SocketAddr> {
    text.parse()
        .with_context(|| format!("`{text}`: an address looks like 127.0.0.1:8972"))
}

/// A time in milliseconds.
pub fn millis(parser: &mut lexopt::Parser) -> anyhow::Result<Duration> {
    Ok(Duration::from_millis(parser.value()?.parse()?))
}
