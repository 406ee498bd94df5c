//! What is given in this exercise: the answer uses it and does not change it.

/// The part of Consul's API that is needed here.
pub trait Registry {
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

/// A TCP check of an instance. Each check has an interval of its own.
#[derive(Clone, Debug)]
pub struct Check {
    /// Where Consul tries to connect.
    pub tcp: String,
    /// The status with which the check begins; without it, Consul's own default.
    pub status: Option<String>,
}

/// What Consul has about one instance.
#[derive(Clone, Debug)]
pub struct Entry {
    pub id: String,
    /// The status of each check of this instance: `passing`, `warning` or `critical`. Callers get the entry if all
    /// of them are passing.
    pub states: Vec<String>,
}

/// The new instance was not passing in time.
#[derive(Debug, PartialEq)]
pub struct NotReady;
