//! What is given in this exercise: the answer uses it and does not change it.

use std::io;

/// A method of the account service, with its argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads how much money is in the account.
    Balance,
    /// Sends so much money to another account.
    Transfer(u32),
    /// Sets the most that may be sent in a day. No other caller changes it.
    SetLimit(u32),
}

/// What to do when an attempt has failed: rpcx's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Fail fast: one attempt.
    Fast,
    /// Fail try: again at the same instance, `ATTEMPTS` attempts in all.
    Try,
    /// Fail over: at the next instance. After the last one comes instance 0. One attempt at each instance.
    Over,
}

/// How many attempts mode `Try` makes at one instance, the first one included.
pub const ATTEMPTS: usize = 3;

/// A reply of the account service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The method has run; so much is in the account.
    Done(u32),
    /// The service refuses: there is too little money, or the amount is above the limit.
    Refused,
}

/// An attempt without a reply. Each kind of error can come in either phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// While the connection was opened. The call had not been sent.
    Connecting(io::ErrorKind),
    /// While the caller waited for the reply. The call had been sent.
    Waiting(io::ErrorKind),
}

/// The instances of the account service. All of them share one database.
pub trait Instances {
    /// How many there are. At least one.
    fn count(&self) -> usize;

    /// Makes one attempt at an instance, 0 to `count() - 1`.
    fn call(&self, instance: usize, method: Method) -> Result<Reply, Failure>;
}
