//! Calls one of several members: chooses one, keeps connections to all of them, notes which ones fail, and does what the
//! fail mode says. The method to call is a function that the user of this file hands in.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tonic::{Request, Status};

use crate::budget::Budget;
use crate::call::Call;
use crate::connector::{Connections, Connector};
use crate::deadline;
use crate::eject::{self, Ejector};
use crate::fail::FailMode;
use crate::member::Member;
use crate::select::{Select, Selector};
use l06_grpc::retry::Repeat;

/// The settings of a caller.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which member is called.
    pub select: Select,
    /// For the random choices of the selector.
    pub seed: u64,
    /// What to do when a call fails.
    pub mode: FailMode,
    /// How many calls may be retried. Callers with clones of the same settings share it.
    pub budget: Budget,
    /// When a member is ejected for a while; `None`: never.
    pub eject: Option<eject::Settings>,
    /// All attempts of a call, the first one included. `fast` makes one and `backup` two at most.
    pub attempts: u32,
    /// The time for a call, all its attempts together.
    pub deadline: Duration,
    /// The time for one attempt, if another one may follow it; `None`: all that remains. Without it one silent
    /// member takes the whole time of a call.
    pub per_attempt: Option<Duration>,
    /// The time for connecting.
    pub connect: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            select: Select::default(),
            seed: rand::random(),
            mode: FailMode::default(),
            budget: Budget::default(),
            eject: Some(eject::Settings::default()),
            attempts: 3,
            deadline: Duration::from_secs(5),
            per_attempt: None,
            connect: Duration::from_secs(1),
        }
    }
}

/// The options of one call.
#[derive(Clone, Debug)]
pub struct How {
    /// Calls with the same key go to the same member, if the selector cares.
    pub key: Option<String>,
    /// Whether it may run twice. The contract has to say it.
    pub repeat: Repeat,
    /// Its timeout, if not that of the settings. It never gets more than what remains of the call that this
    /// program is answering.
    pub deadline: Option<Duration>,
}

impl How {
    /// Options of an idempotent call: it may run twice.
    pub fn safe() -> Self {
        How {
            key: None,
            repeat: Repeat::Safe,
            deadline: None,
        }
    }

    /// Options of a call that must not run twice.
    pub fn once() -> Self {
        How {
            repeat: Repeat::Never,
            ..How::safe()
        }
    }

    /// Sets the key.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Sets a deadline for this call.
    pub fn within(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }
}

/// One attempt of a call.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// When its time is over. It is dropped then.
    pub until: Instant,
    /// The member that is called.
    pub member: Member,
    /// 1 for the first one.
    pub number: u32,
}

impl Attempt {
    /// A gRPC request that says how much time there is.
    pub fn request<M>(&self, message: M) -> Request<M> {
        deadline::request(message, self.until)
    }
}

/// Why a call has failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failed {
    /// The list has no member.
    #[error("no member: the list is empty")]
    NoMember,
    /// A member was called, or would have been.
    #[error("{:?}: {}{}", .status.code(), .status.message(), after(*.attempts))]
    Call {
        /// What came of it in the end.
        status: Status,
        /// How many attempts were made.
        attempts: u32,
    },
}

impl Failed {
    /// Returns the failure as a status.
    pub fn status(&self) -> Status {
        match self {
            Failed::NoMember => Status::unavailable(self.to_string()),
            Failed::Call { status, .. } => status.clone(),
        }
    }
}

fn after(attempts: u32) -> String {
    match attempts {
        0 | 1 => String::new(),
        _ => format!(" (after {attempts} attempts)"),
    }
}

/// Calls one of several. A clone shares everything.
pub struct Caller<D: Connector> {
    inner: Arc<Inner<D>>,
}

/// The state that the attempts of all calls share.
pub(crate) struct Inner<D: Connector> {
    pub(crate) members: watch::Receiver<Vec<Member>>,
    pub(crate) connections: Connections<D>,
    pub(crate) selector: Box<dyn Selector>,
    pub(crate) ejector: Ejector,
    pub(crate) settings: Settings,
}

impl<D: Connector> Caller<D> {
    /// Calls the members of the list, which may change at any time. When it has no writer any more, the last list
    /// stays.
    pub fn new(connector: D, members: watch::Receiver<Vec<Member>>, settings: Settings) -> Self {
        let inner = Inner {
            connections: Connections::new(connector, settings.connect, members.clone()),
            selector: settings.select.build(settings.seed),
            ejector: Ejector::new(settings.eject),
            members,
            settings,
        };
        Caller {
            inner: Arc::new(inner),
        }
    }

    // ANCHOR: call
    /// Makes a call. `send` makes one attempt on the connection to one member, and no further one.
    ///
    /// # Errors
    /// [`Failed`]; within the deadline, whatever happens.
    pub async fn call<T, F>(
        &self,
        how: How,
        send: impl Fn(D::Connection, Attempt) -> F,
    ) -> Result<T, Failed>
    where
        F: Future<Output = Result<T, Status>>,
    {
        let settings = &self.inner.settings;
        let mine = Instant::now() + how.deadline.unwrap_or(settings.deadline);
        // The caller that waits for this program may have less time.
        let until = deadline::until().map_or(mine, |theirs| theirs.min(mine));
        settings.budget.called();
        let call = Call {
            inner: &self.inner,
            how: &how,
            until,
            send,
        };
        match settings.mode {
            FailMode::Backup { after } if how.repeat == Repeat::Safe => call.hedged(after).await,
            mode => call.in_turn(mode).await,
        }
    }
    // ANCHOR_END: call

    /// The ids of the members that are ejected.
    pub fn ejected(&self) -> Vec<String> {
        self.inner.ejector.out()
    }

    /// Returns the number of open connections.
    pub fn connections(&self) -> usize {
        self.inner.connections.count()
    }
}

impl<D: Connector> Clone for Caller<D> {
    fn clone(&self) -> Self {
        Caller {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<D: Connector> fmt::Debug for Caller<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("members", &*self.inner.members.borrow())
            .field("settings", &self.inner.settings)
            .finish_non_exhaustive()
    }
}
