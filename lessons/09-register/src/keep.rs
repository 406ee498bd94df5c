//! Keeps an instance registered. Consul may start after the service, may be restarted with an empty list, and may be away
//! for a while. The service goes on in each case, and registers again by itself.

use std::time::Duration;

use l06_grpc::retry::Policy;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tracing::{info, warn};

use crate::instance::Instance;
use crate::registry::{Error, Registry};

/// The pauses between two attempts.
#[derive(Clone, Copy, Debug)]
pub struct Rhythm {
    /// After the first failure; it doubles with each further one.
    pub first: Duration,
    /// It never grows beyond this.
    pub longest: Duration,
    /// Between two looks whether Consul still knows the instance.
    pub look: Duration,
}

impl Default for Rhythm {
    fn default() -> Self {
        Rhythm {
            first: Duration::from_millis(100),
            longest: Duration::from_secs(5),
            look: Duration::from_secs(5),
        }
    }
}

impl Rhythm {
    /// The pause after so many failures: anything from half of the step to all of it, so that a
    /// hundred services do not come back in the moment in which Consul does.
    fn pause(&self, failed: u32) -> Duration {
        let (first, longest) = (self.first, self.longest);
        let policy = Policy {
            attempts: u32::MAX,
            first,
            longest,
        };
        policy.pause(failed)
    }
}

/// An instance that is being kept registered. Dropped, it is no longer kept; but it is not taken off
/// the list either, as with a service that crashes. [`Kept::leave`] does that.
#[derive(Debug)]
pub struct Kept {
    registered: watch::Receiver<bool>,
    leave: oneshot::Sender<()>,
    task: JoinHandle<Result<(), Error>>,
}

/// Registers until Consul has taken it, and then looks again and again whether it is still known. What
/// happens is logged. Has to be called within a tokio runtime.
#[must_use = "dropped, it is no longer kept"]
pub fn keep(registry: Registry, instance: Instance, rhythm: Rhythm) -> Kept {
    let (known, registered) = watch::channel(false);
    let (leave, asked) = oneshot::channel();
    let keeper = Keeper {
        registry,
        instance,
        rhythm,
        known,
    };
    Kept {
        registered,
        leave,
        task: tokio::spawn(keeper.run(asked)),
    }
}

impl Kept {
    /// Returns a watch of whether Consul has the instance, as far as is known: `false` before the
    /// first time, while Consul is away, and after the end.
    pub fn registered(&self) -> watch::Receiver<bool> {
        self.registered.clone()
    }

    /// No longer keeps it, and takes it off the list.
    ///
    /// # Errors
    /// If Consul did not answer or refused. Then the entry is still there, and its checks fail.
    pub async fn leave(self) -> Result<(), Error> {
        let Kept { leave, task, .. } = self;
        // The task ends only after this or with the whole runtime.
        let _ = leave.send(());
        task.await
            .unwrap_or_else(|error| Err(Error::Away(error.to_string())))
    }
}

struct Keeper {
    registry: Registry,
    instance: Instance,
    rhythm: Rhythm,
    known: watch::Sender<bool>,
}

impl Keeper {
    // ANCHOR: run
    async fn run(self, mut asked: oneshot::Receiver<()>) -> Result<(), Error> {
        let mut failed = 0;
        loop {
            let pause = self.round(&mut failed).await;
            // The request to deregister waits for the end of a call: a registration that is cancelled may
            // still arrive, after the deregistration.
            tokio::select! {
                asked = &mut asked => {
                    self.known.send_replace(false);
                    return match asked {
                        Ok(()) => self.registry.deregister(&self.instance.id).await,
                        // Dropped without a request to deregister.
                        Err(_) => Ok(()),
                    };
                }
                () = sleep(pause) => (),
            }
        }
    }

    /// One look, or one attempt; and how long to wait for the next.
    async fn round(&self, failed: &mut u32) -> Duration {
        match self.look_or_register(*failed).await {
            Ok(()) => {
                *failed = 0;
                self.rhythm.look
            }
            Err(error) => {
                *failed = failed.saturating_add(1);
                self.known.send_replace(false);
                if !error.may_pass() {
                    warn!("{error}. This will not get better by itself");
                    return Duration::MAX;
                }
                let pause = self.rhythm.pause(*failed);
                warn!("{error}; again in {} ms", pause.as_millis());
                pause
            }
        }
    }

    async fn look_or_register(&self, failed: u32) -> Result<(), Error> {
        let Instance {
            id, address, port, ..
        } = &self.instance;
        if *self.known.borrow() {
            if self.registry.knows(id).await? {
                return Ok(());
            }
            // Consul was restarted, or the entry was removed.
            self.known.send_replace(false);
            warn!("Consul does not know {id} any more");
        }
        self.registry.register(&self.instance).await?;
        self.known.send_replace(true);
        match failed {
            0 => info!("registered: {id} at {address}:{port}"),
            _ => info!(
                "registered: {id} at {address}:{port}, attempt {}",
                failed + 1
            ),
        }
        Ok(())
    }
    // ANCHOR_END: run
}
