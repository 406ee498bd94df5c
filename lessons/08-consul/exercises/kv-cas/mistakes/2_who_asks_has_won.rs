//! belief: who-asks-has-won
//! words: Whoever has asked in time has won.
//! check: a_two_candidates_one_leader
//! says: believe the answer

/// What stands under the key, and at which index.
pub struct Seen {
    /// The name of the leader.
    pub value: String,
    /// `ModifyIndex`: the number of the change that wrote it.
    pub index: u64,
}

/// No answer came. Whether it was done is not known.
#[derive(Debug, PartialEq)]
pub struct Silence;

/// One key of an agent: the office. Whose name stands there is the leader.
pub trait Office {
    /// `GET`: who is leader.
    fn look(&mut self) -> Result<Option<Seen>, Silence>;
    /// `PUT`, with `?cas=` if it is given.
    fn write(&mut self, name: &str, cas: Option<u64>) -> Result<bool, Silence>;
    /// `DELETE`, with `?cas=` if it is given.
    fn clear(&mut self, cas: Option<u64>) -> Result<bool, Silence>;
}

/// `me` wants to become the leader, if nobody is.
pub fn campaign(office: &mut impl Office, me: &str) -> Result<String, Silence> {
    if let Some(seen) = office.look()? {
        return Ok(seen.value);
    }
    office.write(me, Some(0))?;
    Ok(me.to_string())
}

/// The leader `dead` is known to be dead. `me` wants to follow it.
pub fn follow(office: &mut impl Office, me: &str, dead: &str) -> Result<String, Silence> {
    loop {
        let index = match office.look()? {
            Some(seen) if seen.value != dead => return Ok(seen.value),
            Some(seen) => seen.index,
            // It was cleared in between: the office is free.
            None => 0,
        };
        let _ = office.write(me, Some(index));
    }
}

/// `me` leaves the office.
pub fn resign(office: &mut impl Office, me: &str) -> Result<(), Silence> {
    match office.look()? {
        // If somebody came in between, it is not ours to clear any more, and that is fine.
        Some(seen) if seen.value == me => office.clear(Some(seen.index)).map(drop),
        _ => Ok(()),
    }
}
