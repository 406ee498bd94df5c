use std::sync::atomic::{AtomicUsize, Ordering};

// Given in given.rs, beside this file: `Duty`, `Directory`, `Away`, `Refused`.
pub use super::given::*;

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
