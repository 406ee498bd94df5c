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
    /// `GET`: who is leader. None: there is no such key, so nobody is.
    fn look(&mut self) -> Result<Option<Seen>, Silence>;
    /// `PUT`, with `?cas=` if it is given: done only if the key is still at this index; 0 means that it
    /// must not exist. Says whether it was done.
    fn write(&mut self, name: &str, cas: Option<u64>) -> Result<bool, Silence>;
    /// `DELETE`, with `?cas=` if it is given: done only if the key is still at this index. Says whether
    /// it was done.
    fn clear(&mut self, cas: Option<u64>) -> Result<bool, Silence>;
}

/// `me` wants to become the leader, if nobody is. Says who is leader in the end: `me` or another.
///
/// * If a look gets no answer, the result is `Silence`, here and in the other two functions.
/// * A write that gets no answer may have been done or not. The next look tells.
pub fn campaign(office: &mut impl Office, me: &str) -> Result<String, Silence> {
    if let Some(seen) = office.look()? {
        return Ok(seen.value);
    }
    office.write(me, None)?;
    Ok(me.to_string())
}

/// The leader `dead` is known to be dead. `me` wants to follow it, if it is still the leader. Says who
/// is leader in the end. If the key is gone, nobody is leader, and `me` wants to become it.
pub fn follow(_office: &mut impl Office, _me: &str, _dead: &str) -> Result<String, Silence> {
    todo!("follow")
}

/// `me` leaves the office. If somebody else is leader by now, that stays so.
/// If no answer comes to the delete, it is not a success: the result is `Silence`, or another look.
pub fn resign(office: &mut impl Office, me: &str) -> Result<(), Silence> {
    if office.look()?.is_some_and(|seen| seen.value == me) {
        office.clear(None)?;
    }
    Ok(())
}
