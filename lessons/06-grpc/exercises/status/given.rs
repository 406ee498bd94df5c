//! What is given in this exercise: the answer uses it and does not change it.

use std::time::Duration;

/// The user directory that the service asks.
pub trait Directory: Send + Sync + 'static {
    /// The id of a user.
    fn id_of(&self, name: &str) -> Result<u32, DirectoryError>;
}

/// Why the directory returned no id.
#[allow(dead_code, reason = "an answer decides what it reads")]
#[derive(Debug)]
pub enum DirectoryError {
    /// The directory has no user of this name.
    NoSuchUser,
    /// The caller has used up its requests of this day.
    QuotaUsedUp,
    /// The account is locked until an administrator unlocks it.
    Locked,
    /// The directory is being copied, and answers no request before this time is over.
    Copying(Duration),
    /// The directory is broken. The text is for the operators: it may hold paths, passwords, and names of
    /// other users.
    Broken(String),
}

/// The service: `SayHello` replies `hello NAME, your id is N`.
pub struct Users<D>(pub D);
