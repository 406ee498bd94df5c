//! What is given in this exercise: the answer uses it and does not change it.

use std::future::Future;
use std::sync::Arc;
use tokio::sync::watch;

/// The telephones of those who are on duty in a ward. It stays true: whenever the list changes, the new one is
/// in here, without a question. Only when the directory is started again it ends: then its sender is gone,
/// and the list in it is the last one that was known.
pub type Duty = watch::Receiver<Arc<[u16]>>;

/// The directory of the hospital.
pub trait Directory: Send + Sync + 'static {
    /// Looks a ward up, which takes a while. `None`: there is no such ward now.
    fn look_up(&self, ward: &str) -> impl Future<Output = Result<Option<Duty>, Away>> + Send;
}

/// The directory was not reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away;

/// Why a call was not put through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The directory knows no ward of this name.
    NoSuchWard,
    /// The ward is there, and nobody is on duty.
    NobodyOnDuty,
    /// The directory was not reached.
    Away,
}
