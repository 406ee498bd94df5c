//! The captcha is taken away before anybody looks at the answer. `take` is one step: of many who answer at the same
//! time one gets the code, and the others find nothing. A wrong answer has used it up like a right one, so a machine
//! has one guess, and then needs a new picture. The session is part of the place, and so a stranger finds
//! nothing there, and takes nothing away from the owner. If the store is away nobody knows the code: that is no verdict.

use std::future::Future;

/// The store has not answered. What was asked of it may have happened all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away;

/// A store that all services share. For the others each of these is one step, and between two of them
/// anything can happen.
pub trait Store: Sync {
    /// What is there.
    fn look(&self, key: &str) -> impl Future<Output = Result<Option<String>, Away>> + Send;

    /// Takes it away; of many callers one at most gets it.
    fn take(&self, key: &str) -> impl Future<Output = Result<Option<String>, Away>> + Send;
}

/// What an answer is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Right.
    Accepted,
    /// Wrong.
    Wrong,
    /// There is no such captcha: never made, too old, answered already, or somebody else's.
    Unknown,
}

/// Where a captcha is kept, as `REQUEST CODE`: the name of the request that it was made for, a space, and
/// what is right.
pub fn place(session: &str, id: &str) -> String {
    format!("captcha:{session}:{id}")
}

/// Judges an answer.
pub async fn verify(
    store: &impl Store,
    session: &str,
    id: &str,
    answer: &str,
) -> Result<Verdict, Away> {
    let Some(record) = store.take(&place(session, id)).await? else {
        return Ok(Verdict::Unknown);
    };
    match record.split_once(' ') {
        // A record without a code would be answered by saying nothing.
        Some((_, code)) if code == answer && !code.is_empty() => Ok(Verdict::Accepted),
        _ => Ok(Verdict::Wrong),
    }
}
