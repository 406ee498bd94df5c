use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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

/// The switchboard: whoever calls the hospital says the name of a ward, and is put through.
///
/// * The directory is asked as seldom as possible.
/// * A ward that has been found is served at once, whatever else the switchboard waits for.
/// * Names come from strangers, and there is no end of them.
pub struct Switchboard<D> {
    directory: D,
    turn: AtomicUsize,
}

impl<D: Directory> Switchboard<D> {
    pub fn new(directory: D) -> Self {
        let turn = AtomicUsize::new(0);
        Switchboard { directory, turn }
    }

    /// The telephone for a call to this ward: those who are on duty take turns.
    pub async fn connect(&self, ward: &str) -> Result<u16, Refused> {
        let duty = self.directory.look_up(ward).await;
        let duty = duty.map_err(|Away| Refused::Away)?;
        let duty = duty.ok_or(Refused::NoSuchWard)?;
        self.next(&duty.borrow())
    }

    /// How many wards the switchboard keeps something about.
    pub fn kept(&self) -> usize {
        0
    }

    /// Whose turn it is.
    fn next(&self, phones: &[u16]) -> Result<u16, Refused> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let place = turn.checked_rem(phones.len());
        place.map_or(Err(Refused::NobodyOnDuty), |place| Ok(phones[place]))
    }
}
