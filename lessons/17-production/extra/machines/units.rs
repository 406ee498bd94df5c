//! What runs on each machine: one table for the program that starts it, for the unit files and for the compose file.

/// A program of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `consul agent`.
    Consul,
    /// `redis-server`.
    Redis,
    /// `redis-server --sentinel`.
    Sentinel,
    /// This lesson's program as `captcha`.
    Captcha,
    /// This lesson's program as `web`.
    Web,
}

/// One process of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its name on the machine; its files have it, too.
    pub name: &'static str,
    /// The program that is started.
    pub program: Program,
    /// The ports on which others reach it.
    pub ports: &'static [u16],
}

/// Consul's API with TLS.
pub const CONSUL: u16 = 8501;
/// Redis.
pub const REDIS: u16 = 6379;
/// Redis Sentinel.
pub const SENTINEL: u16 = 26379;

// ANCHOR: units
/// The processes of each machine, in the order in which they start.
pub const UNITS: [Unit; 6] = [
    unit("consul", Program::Consul, &[8300, 8301, CONSUL]),
    unit("redis", Program::Redis, &[REDIS]),
    unit("sentinel", Program::Sentinel, &[SENTINEL]),
    unit("captcha-a", Program::Captcha, &[8880]),
    unit("captcha-b", Program::Captcha, &[8881]),
    unit("web", Program::Web, &[8080]),
];
// ANCHOR_END: units

const fn unit(name: &'static str, program: Program, ports: &'static [u16]) -> Unit {
    Unit {
        name,
        program,
        ports,
    }
}

impl Unit {
    /// The port of an instance of the captcha service or the web. During a release two versions run beside each other, so each
    /// second generation has ports of its own.
    pub fn port(&self, generation: u16) -> u16 {
        self.ports[0] + 10 * (generation % 2)
    }

    /// Returns whether a release replaces it.
    pub fn is_ours(&self) -> bool {
        matches!(self.program, Program::Captcha | Program::Web)
    }
}
