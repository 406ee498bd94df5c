//! A look-up is a subscription here: what it returns stays true, so it is kept, and a call only reads it. The
//! lock for asking is tokio's because it is held across an `.await`, and whoever gets it looks once more: the one
//! before may have brought the answer. What is known needs no turn at that lock, so one slow look-up delays no other
//! ward that was found before. A no is not kept, for two reasons: nobody tells us when such a ward is opened, and
//! whoever makes names up could fill the memory. And a subscription can end: then it is as good as none.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

// Given in given.rs, beside this file: `Duty`, `Directory`, `Away`, `Refused`.
pub use super::given::*;

/// The switchboard: whoever calls the hospital says the name of a ward, and is put through.
pub struct Switchboard<D> {
    directory: D,
    turn: AtomicUsize,
    known: Mutex<HashMap<String, Duty>>,
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
            return self.next(&duty.borrow());
        }
        let _asking = self.asking.lock().await;
        // Somebody may have asked while we waited.
        let duty = match self.alive(ward) {
            Some(duty) => duty,
            None => self.ask(ward).await?,
        };
        self.next(&duty.borrow())
    }

    /// How many wards the switchboard keeps something about.
    pub fn kept(&self) -> usize {
        self.known().len()
    }

    /// What we know about the ward, as long as somebody keeps it true.
    fn alive(&self, ward: &str) -> Option<Duty> {
        let duty = self.known().get(ward).cloned()?;
        duty.has_changed().is_ok().then_some(duty)
    }

    /// What the directory says, kept if there is something to keep.
    async fn ask(&self, ward: &str) -> Result<Duty, Refused> {
        let duty = self.directory.look_up(ward).await;
        let duty = duty.map_err(|Away| Refused::Away)?;
        let duty = duty.ok_or(Refused::NoSuchWard)?;
        self.known().insert(ward.to_string(), duty.clone());
        Ok(duty)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Duty>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whose turn it is.
    fn next(&self, phones: &[u16]) -> Result<u16, Refused> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let place = turn.checked_rem(phones.len());
        place.map_or(Err(Refused::NobodyOnDuty), |place| Ok(phones[place]))
    }
}
