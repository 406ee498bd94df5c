//! The attacks of the chapter "Attacks on the captcha site". Each one runs against the naive site of `extra/` and
//! against the site of this lesson, both in this process, and the results stand side by side.

mod answers;
mod cost;
mod pictures;
pub mod site;
mod tap;

use std::fmt;
use std::time::Duration;

use anyhow::Context;
use services::Side;
use tokio::time::timeout;

use self::site::Site;

/// Longer than each attack takes on any machine.
const LIMIT: Duration = Duration::from_secs(180);

/// An attack: its name on the command line, and its title.
#[derive(Clone, Copy, Debug)]
pub struct Attack {
    /// What the command line calls it.
    pub name: &'static str,
    title: &'static str,
}

/// All of them, in the order of the chapter.
pub const ATTACKS: [Attack; 13] = [
    attack("guess", "Guess until one answer fits"),
    attack("race", "Two answers at the same moment"),
    attack("empty", "An empty answer to a missing code"),
    attack("relay", "A person reads the picture for a program"),
    attack("seed", "A seed that can be guessed"),
    attack("overwrite", "Overwrite a waiting captcha"),
    attack("key", "Overwrite a key of another program"),
    attack("cache", "A cache keeps the picture"),
    attack("failure", "A failure that looks like a picture"),
    attack("silence", "Redis accepts connections and does not answer"),
    attack("flood", "Pictures without limit"),
    attack("log", "Read the answer in the log"),
    attack("dial", "Three new connections for each picture"),
];

const fn attack(name: &'static str, title: &'static str) -> Attack {
    Attack { name, title }
}

/// The attempts on one site, with their results.
#[derive(Clone, Debug, Default)]
pub struct Steps(Vec<Step>);

#[derive(Clone, Debug)]
struct Step {
    what: String,
    outcome: String,
    /// `None`: a preparation. Otherwise whether the attempt has worked.
    worked: Option<bool>,
}

impl Steps {
    /// A preparation of the attack.
    fn note(&mut self, what: impl Into<String>, outcome: impl fmt::Display) {
        self.push(what, outcome, None);
    }

    /// An attempt of the attack, and whether it has worked.
    fn attempt(&mut self, what: impl Into<String>, outcome: impl fmt::Display, worked: bool) {
        self.push(what, outcome, Some(worked));
    }

    fn push(&mut self, what: impl Into<String>, outcome: impl fmt::Display, worked: Option<bool>) {
        self.0.push(Step {
            what: what.into(),
            outcome: outcome.to_string(),
            worked,
        });
    }

    /// Returns how many attempts have worked, and how many there were.
    pub fn worked(&self) -> (usize, usize) {
        let attempts: Vec<bool> = self.0.iter().filter_map(|step| step.worked).collect();
        let worked = attempts.iter().filter(|worked| **worked).count();
        (worked, attempts.len())
    }
}

impl Attack {
    /// Runs it against a site.
    ///
    /// # Errors
    /// If the site cannot be attacked: that is no result.
    pub async fn on(self, site: &mut Site) -> anyhow::Result<Steps> {
        let mut steps = Steps::default();
        let to = &mut steps;
        let run = async {
            match self.name {
                "guess" => answers::guess(site, to).await,
                "race" => answers::race(site, to).await,
                "empty" => answers::empty(site, to).await,
                "relay" => answers::relay(site, to).await,
                "seed" => answers::seed(site, to).await,
                "silence" => answers::silence(site, to).await,
                "overwrite" => pictures::overwrite(site, to).await,
                "key" => pictures::key(site, to).await,
                "cache" => pictures::cache(site, to).await,
                "failure" => pictures::failure(site, to).await,
                "flood" => pictures::flood(site, to).await,
                "log" => pictures::log(site, to).await,
                _ => cost::dial(site, to).await,
            }
        };
        timeout(LIMIT, run)
            .await
            .context("the attack has not ended")??;
        Ok(steps)
    }

    /// Runs it against the naive site, and then against the site of this lesson.
    ///
    /// # Errors
    /// As above, or if a site does not start.
    pub async fn on_both(self, side: Side) -> anyhow::Result<[Steps; 2]> {
        let held = (self.name == "race").then_some("DEL");
        let naive = self.on(&mut Site::naive(side, held).await?).await?;
        let ours = self.on(&mut Site::ours(side).await?).await?;
        Ok([naive, ours])
    }
}

/// The attack with this name.
pub fn named(name: &str) -> anyhow::Result<Attack> {
    let found = ATTACKS.iter().find(|attack| attack.name == name);
    let names: Vec<&str> = ATTACKS.iter().map(|attack| attack.name).collect();
    let names = names.join(", ");
    let found = found.with_context(|| format!("there is no attack `{name}`; there are {names}"))?;
    Ok(*found)
}

/// Prints the two columns.
pub fn print(attack: Attack, [naive, ours]: &[Steps; 2]) {
    let number = ATTACKS.iter().position(|other| other.name == attack.name);
    println!("\n{}. {}\n", number.unwrap_or_default() + 1, attack.title);
    let row = |what: &str, naive: &str, ours: &str| println!("   {what:<39}  {naive:<22}  {ours}");
    row("", "the naive site", "this site");
    let mut theirs = naive.0.iter();
    let mut others = ours.0.iter();
    loop {
        let (one, two) = (theirs.next(), others.next());
        let Some(step) = one.or(two) else { break };
        let outcome = |step: Option<&Step>| step.map_or("-", |step| &step.outcome).to_owned();
        row(&step.what, &outcome(one), &outcome(two));
    }
    let verdict = |steps: &Steps| match steps.worked() {
        (0, _) => "fails".to_owned(),
        (1, 1) => "WORKS".to_owned(),
        (worked, all) => format!("WORKS, {worked} of {all}"),
    };
    row("The attack", &verdict(naive), &verdict(ours));
}
