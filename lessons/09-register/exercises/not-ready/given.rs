//! What is given in this exercise: the answer uses it and does not change it.

/// The phone book, as far as it is needed here.
pub trait Book {
    /// `PUT /v1/agent/service/register`.
    fn register(&self, instance: &Instance);
    /// `PUT /v1/agent/service/deregister/ID`.
    fn deregister(&self, id: &str);
    /// `GET /v1/health/service/NAME`: all entries of this name, whatever their checks say.
    fn entries(&self, name: &str) -> Vec<Entry>;
    /// Waits for a second.
    fn wait(&self);
}

/// An instance, with the checks under which it is registered.
#[derive(Clone, Debug)]
pub struct Instance {
    pub name: String,
    pub id: String,
    pub checks: Vec<Check>,
}

/// A question that Consul asks about an instance, every 10 s.
#[derive(Clone, Debug)]
pub struct Check {
    /// Where Consul tries to connect.
    pub tcp: String,
    /// The state in which the check begins; without it, Consul's own choice.
    pub status: Option<String>,
}

/// What Consul has about one instance.
#[derive(Clone, Debug)]
pub struct Entry {
    pub id: String,
    /// The state of each of its checks: `passing`, `warning` or `critical`. The check of the machine
    /// that it runs on is among them. Callers get the entry if all of them are passing.
    pub states: Vec<String>,
}

/// The new instance was not findable in time.
#[derive(Debug, PartialEq)]
pub struct NotReady;
