//! `-- renew`: new certificates for all programs, which take them over while they run. The same happens by itself after two thirds
//! of their life.

use std::time::Duration;

use anyhow::ensure;
use l17_production::machines::consul::SERVER;
use l17_production::machines::network::MACHINES;
use l17_production::machines::roles;
use tokio::time::Instant;

use super::process::{Process, signal};
use super::site::Site;

/// The life of a certificate.
const LIFE: Duration = Duration::from_secs(3600);
/// A shorter life would end before a slow machine has written the next certificates.
const SHORTEST: Duration = Duration::from_secs(15);
/// The interval at which the site looks whether a renewal is due.
pub const LOOK: Duration = Duration::from_secs(2);

/// The times at which the certificates of the site end.
pub(super) struct Certificates {
    life: Duration,
    issued: Instant,
}

impl Certificates {
    pub(super) fn new() -> Self {
        Certificates {
            life: LIFE,
            issued: Instant::now(),
        }
    }

    // ANCHOR: due
    /// The time until the next renewal: a third of the life is left then, for a second attempt.
    fn due(&self) -> Duration {
        (self.life * 2 / 3).saturating_sub(self.issued.elapsed())
    }
    // ANCHOR_END: due

    /// For `-- status`.
    pub(super) fn words(&self) -> String {
        let end = self.life.saturating_sub(self.issued.elapsed());
        format!("end in {}, renewed in {}", span(end), span(self.due()))
    }
}

/// A length of time for people.
fn span(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds < 120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}

impl Site {
    /// `-- renew` and `-- renew SECONDS`, which also sets the life of this certificate and of all later ones.
    pub fn renew(&mut self, life: Option<&str>) -> anyhow::Result<String> {
        if let Some(seconds) = life {
            let life = seconds.parse().map(Duration::from_secs).unwrap_or_default();
            ensure!(
                life >= SHORTEST,
                "renew {seconds}: a life of {} seconds or more",
                SHORTEST.as_secs()
            );
            self.certificates.life = life;
        }
        self.issue()?;
        Ok(format!(
            "new certificates: they {}",
            self.certificates.words()
        ))
    }

    /// Renews what is due.
    pub fn renew_if_due(&mut self) -> anyhow::Result<()> {
        if self.certificates.due().is_zero() {
            self.issue()?;
            let words = self.certificates.words();
            self.say(&format!("new certificates: they {words}"));
        }
        Ok(())
    }

    // ANCHOR: issue
    fn issue(&mut self) -> anyhow::Result<()> {
        let issued = Instant::now();
        for machine in 0..=MACHINES.len() {
            self.certify(machine)?;
        }
        self.certificates.issued = issued;
        // Our services look at their files. Consul reads its files again at SIGHUP, and keeps its connections. A request to its
        // API would do the same, but not once its old certificate has ended.
        let all = self.machines.iter().flat_map(|machine| &machine.processes);
        let consuls: Vec<&Process> = all.filter(|process| process.name == "consul").collect();
        signal("HUP", &consuls);
        Ok(())
    }
    // ANCHOR_END: issue

    /// New certificates in the files of a machine.
    pub(super) fn certify(&self, machine: usize) -> anyhow::Result<()> {
        let folder = &self.machines[machine].folder;
        let ip = self.ip(machine).to_string();
        let life = self.certificates.life;
        let issue =
            |file: &str, names: &[&str]| self.authority.issue_to(&folder.join(file), names, life);
        match machine < MACHINES.len() {
            true => issue("consul.pem", &[SERVER, "localhost", &ip])?,
            false => issue("consul.pem", &["localhost", &ip])?,
        }
        issue("captcha.pem", &[roles::CAPTCHA])?;
        Ok(issue("web.pem", &[roles::WEB])?)
    }
}
