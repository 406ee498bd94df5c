//! belief: what-was-found-stays
//! words: Who was found once is there for good.
//! check: c_others_are_on_duty
//! says: A copy of the list knows nothing of that

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

/// The switchboard: whoever calls the hospital says the name of a ward, and is put through.
pub struct Switchboard<D> {
    directory: D,
    turn: AtomicUsize,
    known: Mutex<HashMap<String, Arc<[u16]>>>,
    /// Held while somebody asks the directory.
    asking: tokio::sync::Mutex<()>,
}

impl<D: Directory> Switchboard<D> {
    pub fn new(directory: D) -> Self {
        Switchboard {
            directory,
            turn: AtomicUsize::new(0),
            known: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        }
    }

    /// The telephone for a call to this ward: those who are on duty take turns.
    pub async fn connect(&self, ward: &str) -> Result<u16, Refused> {
        if let Some(duty) = self.alive(ward) {
            return self.next(&duty);
        }
        let _asking = self.asking.lock().await;
        // Somebody may have asked while we waited.
        let duty = match self.alive(ward) {
            Some(duty) => duty,
            None => self.ask(ward).await?,
        };
        self.next(&duty)
    }

    /// How many wards the switchboard keeps something about.
    pub fn kept(&self) -> usize {
        self.known().len()
    }

    /// What the directory says, kept if there is something to keep.
    async fn ask(&self, ward: &str) -> Result<Arc<[u16]>, Refused> {
        let duty = self.directory.look_up(ward).await;
        let duty = duty.map_err(|Away| Refused::Away)?;
        let duty = duty.ok_or(Refused::NoSuchWard)?;
        let phones = Arc::clone(&duty.borrow());
        self.known().insert(ward.to_string(), Arc::clone(&phones));
        Ok(phones)
    }

    fn alive(&self, ward: &str) -> Option<Arc<[u16]>> {
        self.known().get(ward).cloned()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Arc<[u16]>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whose turn it is.
    fn next(&self, phones: &[u16]) -> Result<u16, Refused> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let place = turn.checked_rem(phones.len());
        place.map_or(Err(Refused::NobodyOnDuty), |place| Ok(phones[place]))
    }
}
