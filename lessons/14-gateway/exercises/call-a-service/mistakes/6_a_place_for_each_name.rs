//! belief: a-place-for-each-name
//! words: Nobody asks for names that do not exist.
//! check: e_names_that_nobody_has
//! says: could fill all your memory

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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

/// Where what was found about a ward is kept.
type Slot = Arc<tokio::sync::Mutex<Option<Duty>>>;

/// The switchboard: whoever calls the hospital says the name of a ward, and is put through.
pub struct Switchboard<D> {
    directory: D,
    turn: AtomicUsize,
    known: Mutex<HashMap<String, Slot>>,
}

impl<D: Directory> Switchboard<D> {
    pub fn new(directory: D) -> Self {
        Switchboard {
            directory,
            turn: AtomicUsize::new(0),
            known: Mutex::default(),
        }
    }

    /// The telephone for a call to this ward: those who are on duty take turns.
    pub async fn connect(&self, ward: &str) -> Result<u16, Refused> {
        let slot = self.slot(ward);
        let mut slot = slot.lock().await;
        let alive = slot.clone().filter(|duty| duty.has_changed().is_ok());
        let duty = match alive {
            Some(duty) => duty,
            None => {
                let duty = self.directory.look_up(ward).await;
                let duty = duty.map_err(|Away| Refused::Away)?;
                slot.insert(duty.ok_or(Refused::NoSuchWard)?).clone()
            }
        };
        self.next(&duty.borrow())
    }

    /// How many wards the switchboard keeps something about.
    pub fn kept(&self) -> usize {
        self.known().len()
    }

    /// The place of this ward, where one at a time may ask.
    fn slot(&self, ward: &str) -> Slot {
        let mut known = self.known();
        Arc::clone(known.entry(ward.to_string()).or_default())
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Slot>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whose turn it is.
    fn next(&self, phones: &[u16]) -> Result<u16, Refused> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let place = turn.checked_rem(phones.len());
        place.map_or(Err(Refused::NobodyOnDuty), |place| Ok(phones[place]))
    }
}
