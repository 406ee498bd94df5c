//! Registers instances and renews the registration. The registry may start later, be unavailable, or lose its
//! state: the service runs on.

use std::sync::Arc;
use std::time::Duration;

use l06_grpc::retry::Policy;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::registry::{Error, Instance, Registry};

/// The state of the registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Registration {
    /// Not registered, as far as we know.
    Trying,
    /// The registry has it.
    Registered,
    /// The registry will never take it. Nothing more is tried.
    Never(Error),
}

/// Instances that are being kept registered. Dropped, they are no longer kept, and stay in the registry
/// until their time is over: as with a crash.
#[derive(Debug)]
pub(super) struct Kept {
    registration: watch::Receiver<Registration>,
    leave: Option<oneshot::Sender<Instant>>,
    goodbye: Option<oneshot::Receiver<Result<(), Error>>>,
    /// Dropping it ends the task.
    _task: JoinSet<()>,
}

/// The instances to keep registered, and the times for it.
pub(super) struct Keeper {
    pub registry: Arc<dyn Registry>,
    /// All at one place: the service, and its subscriptions.
    pub instances: Vec<Instance>,
    pub ttl: Duration,
    pub interval: Duration,
}

impl Kept {
    /// Ready when the registry will never take it, and only then.
    pub async fn never(&mut self) -> Error {
        loop {
            if let Registration::Never(error) = &*self.registration.borrow_and_update() {
                return error.clone();
            }
            if self.registration.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// No longer keeps them, and takes them off the list; tried again for `limit` while the registry is
    /// away.
    pub async fn leave(mut self, limit: Duration) -> Result<(), Error> {
        let late = || Error::Away(format!("no answer within {} ms", limit.as_millis()));
        let (Some(leave), Some(goodbye)) = (self.leave.take(), self.goodbye.take()) else {
            return Ok(());
        };
        // An error means that it has given up; then there is nothing to take off.
        if leave.send(Instant::now() + limit).is_err() {
            return Ok(());
        }
        match timeout(limit, goodbye).await {
            Ok(said) => said.unwrap_or(Ok(())),
            Err(_) => Err(late()),
        }
    }
}

impl Keeper {
    /// Begins. Has to be called within a tokio runtime.
    pub fn keep(self) -> Kept {
        let (known, registration) = watch::channel(Registration::Trying);
        let (leave, asked) = oneshot::channel();
        let (said, goodbye) = oneshot::channel();
        let mut task = JoinSet::new();
        task.spawn(async move {
            if let Some(outcome) = self.run(&known, asked).await {
                let _ = said.send(outcome);
            }
        });
        Kept {
            registration,
            leave: Some(leave),
            goodbye: Some(goodbye),
            _task: task,
        }
    }

    // ANCHOR: keep
    async fn run(
        &self,
        known: &watch::Sender<Registration>,
        mut asked: oneshot::Receiver<Instant>,
    ) -> Option<Result<(), Error>> {
        let mut failed = 0;
        loop {
            let pause = match self.register().await {
                Ok(()) => {
                    if known.send_replace(Registration::Registered) != Registration::Registered {
                        self.log_registered(failed);
                    }
                    failed = 0;
                    self.interval
                }
                // A repetition does not help: this registry cannot hold the name.
                Err(error @ Error::Invalid(_)) => {
                    known.send_replace(Registration::Never(error));
                    return None;
                }
                Err(error) => {
                    failed += 1;
                    known.send_replace(Registration::Trying);
                    let pause = self.pause(failed);
                    tracing::warn!("{error}; again in {} ms", pause.as_millis());
                    pause
                }
            };
            // Deregister only between two calls: a registration that is cancelled may still arrive, after the
            // deregistration.
            tokio::select! {
                until = &mut asked => return Some(self.goodbye(until.ok()?).await),
                () = sleep(pause) => (),
            }
        }
    }

    async fn register(&self) -> Result<(), Error> {
        for instance in &self.instances {
            self.registry.register(instance, self.ttl).await?;
        }
        Ok(())
    }
    // ANCHOR_END: keep

    async fn goodbye(&self, until: Instant) -> Result<(), Error> {
        let mut failed = 0;
        'again: loop {
            for instance in &self.instances {
                let Err(error) = self.registry.deregister(instance).await else {
                    continue;
                };
                failed += 1;
                let pause = self.pause(failed);
                let may_pass = matches!(error, Error::Away(_));
                if !may_pass || Instant::now() + pause >= until {
                    return Err(error);
                }
                sleep(pause).await;
                continue 'again;
            }
            return Ok(());
        }
    }

    /// The pause after so many failures; never longer than between two signs of life.
    fn pause(&self, failed: u32) -> Duration {
        let policy = Policy {
            attempts: u32::MAX,
            first: Duration::from_millis(100),
            longest: Duration::from_secs(5).min(self.interval),
        };
        policy.pause(failed)
    }

    fn log_registered(&self, failed: u32) {
        let attempt = match failed {
            0 => String::new(),
            failed => format!(", attempt {}", failed + 1),
        };
        for Instance { id, addr, name, .. } in &self.instances {
            let registry = self.registry.name();
            tracing::info!("registered: {id} as {name} at {addr} in {registry}{attempt}");
        }
    }
}
