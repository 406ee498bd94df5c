//! Greets by name. Who answers is decided anew for each call, and for each attempt of a call.

use std::time::Duration;

use l06_grpc::client::{Client, Options};
use l06_grpc::retry::{Policy, Repeat, retry};
use l06_grpc::status::normalized;
use l09_register::registry::Registry;
use l09_register::service::answered_by;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tonic::{Code, Status};

use crate::balance::{self, Balanced, Members};
use crate::cache::Freshness;
use crate::health::{Error as Unknown, Query};
use crate::watch::{Rhythm, Snapshot, watch};

/// How calls are made.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The time for a call, all its attempts together.
    pub deadline: Duration,
    /// How calls that may run twice are tried again. The first pause is short: there are others.
    pub retry: Policy,
    /// How the list is kept up to date.
    pub rhythm: Rhythm,
    /// How instances are dialled.
    pub balance: balance::Settings,
    /// Goes with every call.
    pub token: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            deadline: Duration::from_secs(5),
            retry: Policy {
                attempts: 8,
                first: Duration::from_millis(20),
                longest: Duration::from_secs(1),
            },
            rhythm: Rhythm::default(),
            balance: balance::Settings::default(),
            token: None,
        }
    }
}

/// Why a call by name has failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// Consul has answered, and nobody of this name is well.
    #[error("nobody home: Consul knows no healthy instance of {query}{}", except(.left_out))]
    NobodyHome {
        /// What was asked for.
        query: Query,
        /// Instances that are well, and that nobody can call: in words.
        left_out: Vec<String>,
    },
    /// Consul has not answered yet, so nobody knows who is home.
    #[error("nobody knows who is home for {query}: {}", reason(.why.as_ref()))]
    Unknown {
        /// What was asked for.
        query: Query,
        /// What the last question met; `None` if there is no answer to the first one.
        why: Option<Unknown>,
    },
    /// Somebody was called, or would have been; this came of it in the end.
    #[error("{:?}: {}", .0.code(), .0.message())]
    Call(Box<Status>),
}

/// The end of the sentence about a list that is empty although Consul has given instances.
fn except(left_out: &[String]) -> String {
    match left_out {
        [] => String::new(),
        _ => format!(" that can be called ({})", left_out.join("; ")),
    }
}

fn reason(why: Option<&Unknown>) -> String {
    why.map_or("Consul has not answered in time".into(), Unknown::to_string)
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Error::Call(Box::new(status))
    }
}

/// A greeting that has come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeted {
    /// `hello NAME`.
    pub message: String,
    /// Who has answered, if it says so.
    pub by: Option<String>,
    /// How many attempts it took.
    pub attempts: u32,
}

/// Calls a service by its name. A clone shares the list and the connections.
#[derive(Clone, Debug)]
pub struct Caller {
    query: Query,
    settings: Settings,
    snapshots: watch::Receiver<Snapshot>,
    balanced: Balanced,
}

impl Caller {
    /// Begins to watch. It does not wait for Consul; the first call does. Has to be called within a
    /// tokio runtime.
    #[must_use]
    pub fn new(registry: Registry, query: Query, settings: Settings) -> Self {
        let snapshots = watch(registry, query.clone(), settings.rhythm);
        Caller::over(snapshots, query, settings)
    }

    /// The same with a list from elsewhere.
    #[must_use]
    pub fn over(snapshots: watch::Receiver<Snapshot>, query: Query, settings: Settings) -> Self {
        let balanced = Balanced::over(snapshots.clone(), settings.balance);
        Caller {
            query,
            settings,
            snapshots,
            balanced,
        }
    }

    /// What is known about the service.
    #[must_use]
    pub fn snapshots(&self) -> watch::Receiver<Snapshot> {
        self.snapshots.clone()
    }

    /// Who is called at present.
    #[must_use]
    pub fn members(&self) -> watch::Receiver<Members> {
        self.balanced.members()
    }

    /// `greeter.v1.Greeter/SayHello`, by whoever is home.
    ///
    /// # Errors
    /// [`Error`]; within the deadline, whatever happens.
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
    /// Any call. `send` gets a client for one attempt; it makes no others by itself.
    ///
    /// # Errors
    /// [`Error`]; within the deadline, whatever happens.
    pub async fn call<T, F>(
        &self,
        repeat: Repeat,
        mut send: impl FnMut(Client) -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Status>>,
    {
        let until = Instant::now() + self.settings.deadline;
        self.somebody_home(until).await?;
        let outcome = retry(self.settings.retry, repeat, until, || {
            let sent = self.client(until).map(&mut send);
            async move {
                self.somebody_called(until).await?;
                // A clock of our own: tonic's begins when somebody is chosen, and ends when the reply
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
            // The last one may have left while we called.
            Err(status) if status.code() == Code::Unavailable => {
                self.somebody_home(until).await?;
                Err(status.into())
            }
            Err(status) => Err(status.into()),
        }
    }
    // ANCHOR_END: call

    // ANCHOR: home
    /// Waits for the first answer of Consul; only that is worth waiting for. An empty list is an
    /// answer, and the caller hears it at once.
    async fn somebody_home(&self, until: Instant) -> Result<(), Error> {
        let mut snapshots = self.snapshots.clone();
        let known = |snapshot: &Snapshot| snapshot.freshness != Freshness::Unknown;
        // When the time is over, or the watch, what is there has to do.
        let _ = timeout_at(until, snapshots.wait_for(known)).await;
        let snapshot = self.snapshots.borrow();
        let query = self.query.clone();
        match snapshot.freshness {
            Freshness::Unknown => Err(Error::Unknown {
                query,
                why: snapshot.error.clone(),
            }),
            _ if snapshot.callable().next().is_none() => Err(Error::NobodyHome {
                query,
                left_out: snapshot.left_out.clone(),
            }),
            _ => Ok(()),
        }
    }
    // ANCHOR_END: home

    /// Waits until the channel has been told about the list, which takes no time.
    async fn somebody_called(&self, until: Instant) -> Result<(), Status> {
        let (mut members, mut snapshots) = (self.members(), self.snapshots.clone());
        let some = |members: &Members| members.called.len() + members.refusing.len() > 0;
        let told = async {
            tokio::select! {
                _ = members.wait_for(some) => {}
                _ = snapshots.wait_for(|snapshot| snapshot.callable().next().is_none()) => {}
            }
        };
        let _ = timeout_at(until, told).await;
        let members = self.balanced.members();
        let members = members.borrow();
        if members.called.is_empty() {
            let listed = members.refusing.len();
            let words = format!("of {listed} on the list nobody accepts a connection");
            return Err(Status::unavailable(words));
        }
        Ok(())
    }

    /// Lesson 06's client, for one attempt.
    fn client(&self, until: Instant) -> Result<Client, Status> {
        let once = Policy {
            attempts: 1,
            ..self.settings.retry
        };
        let options = Options {
            deadline: until.saturating_duration_since(Instant::now()),
            token: self.settings.token.clone(),
            retry: once,
            ..Options::default()
        };
        Client::over(self.balanced.channel(), options)
            .map_err(|error| Status::invalid_argument(error.to_string()))
    }
}

fn late() -> Status {
    Status::deadline_exceeded("no answer in time; the call may have run all the same")
}
