//! What is given in this exercise: the answer uses it and does not change it.
#![allow(dead_code, reason = "the stub does not use all of it")]

use std::future::Future;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

/// A call that was sent to one instance.
#[derive(Debug)]
pub struct Call {
    /// Its number: 1 for the first one.
    pub id: u32,
    /// It gets the reply. If the call fails, its sender is dropped.
    pub reply: oneshot::Receiver<String>,
}

/// The instances of a service.
pub trait Instances {
    /// Sends the call to one more instance. It runs there until it ends or is cancelled, whether a caller waits for
    /// it or not.
    fn send(&self) -> Call;

    /// Cancels a call that is pending.
    fn cancel(&self, id: u32);

    /// Waits so long.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()>;
}

/// All calls that were sent have failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// A call, and the instances that it was sent to.
pub struct Sent<'a, I: Instances> {
    pub instances: &'a I,
    pub call: Call,
}

impl<'a, I: Instances> Sent<'a, I> {
    /// Sends a call.
    pub fn new(instances: &'a I) -> Self {
        let call = instances.send();
        Sent { instances, call }
    }

    /// Waits for the reply. This future can be dropped and made again; after it has ended, it must not.
    pub async fn reply(&mut self) -> Result<String, Unavailable> {
        (&mut self.call.reply).await.map_err(|_| Unavailable)
    }

    /// Whether the call has neither a reply nor failed.
    pub fn is_pending(&mut self) -> bool {
        self.call.reply.try_recv() == Err(TryRecvError::Empty)
    }
}
