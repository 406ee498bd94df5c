//! Calls by name: for each call, and for each attempt of a call, a healthy instance is chosen anew.

use std::time::Duration;

use l06_grpc::client::{Client, Options};
use l06_grpc::retry::{Policy, Repeat, retry};
use l06_grpc::status::normalized;
use l09_register::registry::Registry;
use l09_register::service::answered_by;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tonic::{Code, Status};

use crate::balance::{Balanced, DialOptions, Members};
use crate::cache::Freshness;
use crate::health::{Error as QueryError, Query};
use crate::watch::{Snapshot, WatchOptions, watch};

/// The options of calls.
#[derive(Clone, Debug)]
pub struct CallOptions {
    /// The time limit of a call with all its attempts.
    pub deadline: Duration,
    /// The retries of idempotent calls. The first pause is short, because the next attempt goes to another
    /// instance.
    pub retry: Policy,
    /// How the list is kept up to date.
    pub watch: WatchOptions,
    /// How instances are dialled.
    pub dial: DialOptions,
    /// The bearer token of each call.
    pub token: Option<String>,
}

impl Default for CallOptions {
    fn default() -> Self {
        CallOptions {
            deadline: Duration::from_secs(5),
            retry: Policy {
                attempts: 8,
                first: Duration::from_millis(20),
                longest: Duration::from_secs(1),
            },
            watch: WatchOptions::default(),
            dial: DialOptions::default(),
            token: None,
        }
    }
}

/// Why a call by name has failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// Consul has answered, and it lists no healthy instance.
    #[error("no healthy instance: Consul lists none for {query}{}", except(.not_callable))]
    NoHealthyInstance {
        /// Which instances were wanted.
        query: Query,
        /// The healthy instances without a usable address: one line each.
        not_callable: Vec<String>,
    },
    /// Consul has not answered yet, so the instances are unknown.
    #[error("the instances of {query} are unknown: {}", reason(.why.as_ref()))]
    RegistryUnavailable {
        /// Which instances were wanted.
        query: Query,
        /// Why the last query failed; `None` if the first one is still under way.
        why: Option<QueryError>,
    },
    /// The last attempt ended with this status.
    #[error("{:?}: {}", .0.code(), .0.message())]
    Call(Box<Status>),
}

/// The end of the message about an empty list of instances that can be called.
fn except(not_callable: &[String]) -> String {
    match not_callable {
        [] => String::new(),
        _ => format!(" that can be called ({})", not_callable.join("; ")),
    }
}

fn reason(why: Option<&QueryError>) -> String {
    why.map_or(
        "Consul did not answer in time".into(),
        QueryError::to_string,
    )
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Error::Call(Box::new(status))
    }
}

/// The reply to a greeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeted {
    /// `hello NAME`.
    pub message: String,
    /// The id of the instance that answered, if the reply names it.
    pub by: Option<String>,
    /// How many attempts it took.
    pub attempts: u32,
}

/// A client of a service that is known by its name. A clone shares the list and the connections.
#[derive(Clone, Debug)]
pub struct Caller {
    query: Query,
    options: CallOptions,
    snapshots: watch::Receiver<Snapshot>,
    balanced: Balanced,
}

impl Caller {
    /// Starts to watch the service. It returns at once; the first call waits for Consul's first answer. It
    /// spawns tasks, so it needs a tokio runtime.
    pub fn new(registry: Registry, query: Query, options: CallOptions) -> Self {
        let snapshots = watch(registry, query.clone(), options.watch);
        Caller::over(snapshots, query, options)
    }

    /// Makes a caller for a list of instances from another source.
    pub fn over(snapshots: watch::Receiver<Snapshot>, query: Query, options: CallOptions) -> Self {
        let balanced = Balanced::over(snapshots.clone(), options.dial);
        Caller {
            query,
            options,
            snapshots,
            balanced,
        }
    }

    /// Returns a watch of the service's instances.
    pub fn snapshots(&self) -> watch::Receiver<Snapshot> {
        self.snapshots.clone()
    }

    /// The instances, by whether they accept connections.
    pub fn members(&self) -> watch::Receiver<Members> {
        self.balanced.members()
    }

    /// Calls `greeter.v1.Greeter/SayHello` of some healthy instance.
    ///
    /// # Errors
    /// [`Error`], within the deadline.
    pub async fn greet(&self, name: &str) -> Result<Greeted, Error> {
        let mut attempts = 0;
        let reply = self.call(Repeat::Safe, |client| {
            attempts += 1;
            async move { client.greet(name).await }
        });
        let reply = reply.await?;
        Ok(Greeted {
            by: answered_by(&reply).map(str::to_string),
            message: reply.into_inner().message,
            attempts,
        })
    }

    // ANCHOR: call
    /// Makes any call. `send` gets a client for one attempt; that client does not retry.
    ///
    /// # Errors
    /// [`Error`], within the deadline.
    pub async fn call<T, F>(
        &self,
        repeat: Repeat,
        mut send: impl FnMut(Client) -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Status>>,
    {
        let until = Instant::now() + self.options.deadline;
        self.wait_for_list(until).await?;
        let outcome = retry(self.options.retry, repeat, until, || {
            let sent = self.client(until).map(&mut send);
            async move {
                self.wait_for_members(until).await?;
                // A timeout of our own: tonic's starts when a server is chosen, and ends when the reply
                // begins.
                let reply = timeout_at(until, sent?).await;
                reply.unwrap_or_else(|_| Err(late())).map_err(|status| {
                    let status = normalized(status, Some(until));
                    if status.code() == Code::Unavailable {
                        self.balanced.suspect();
                    }
                    status
                })
            }
        });
        match outcome.await {
            Ok(reply) => Ok(reply),
            // The last instance may have left the list during the call.
            Err(status) if status.code() == Code::Unavailable => {
                self.wait_for_list(until).await?;
                Err(status.into())
            }
            Err(status) => Err(status.into()),
        }
    }
    // ANCHOR_END: call

    // ANCHOR: list
    /// Waits for Consul's first answer. An empty list is an answer, and an error at once, because waiting
    /// would not help the caller.
    async fn wait_for_list(&self, until: Instant) -> Result<(), Error> {
        let mut snapshots = self.snapshots.clone();
        let known = |snapshot: &Snapshot| snapshot.freshness != Freshness::Unknown;
        let _ = timeout_at(until, snapshots.wait_for(known)).await;
        let snapshot = self.snapshots.borrow();
        let query = self.query.clone();
        match snapshot.freshness {
            Freshness::Unknown => Err(Error::RegistryUnavailable {
                query,
                why: snapshot.error.clone(),
            }),
            _ if snapshot.callable().next().is_none() => Err(Error::NoHealthyInstance {
                query,
                not_callable: snapshot.not_callable.clone(),
            }),
            _ => Ok(()),
        }
    }
    // ANCHOR_END: list

    /// Waits until the feeder has taken over the list, which takes microseconds.
    async fn wait_for_members(&self, until: Instant) -> Result<(), Status> {
        let (mut members, mut snapshots) = (self.members(), self.snapshots.clone());
        let some = |members: &Members| members.called.len() + members.refusing.len() > 0;
        let ready = async {
            tokio::select! {
                _ = members.wait_for(some) => {}
                _ = snapshots.wait_for(|snapshot| snapshot.callable().next().is_none()) => {}
            }
        };
        let _ = timeout_at(until, ready).await;
        let members = self.balanced.members();
        let members = members.borrow();
        if members.called.is_empty() {
            let listed = members.refusing.len();
            let words = format!("all {listed} listed instances refuse connections");
            return Err(Status::unavailable(words));
        }
        Ok(())
    }

    /// Lesson 06's client, for one attempt.
    fn client(&self, until: Instant) -> Result<Client, Status> {
        let once = Policy {
            attempts: 1,
            ..self.options.retry
        };
        let options = Options {
            deadline: until.saturating_duration_since(Instant::now()),
            token: self.options.token.clone(),
            retry: once,
            ..Options::default()
        };
        Client::over(self.balanced.channel(), options)
            .map_err(|error| Status::invalid_argument(error.to_string()))
    }
}

fn late() -> Status {
    Status::deadline_exceeded("no answer before the deadline; the call may have run")
}
