//! belief: the-end-fits
//! words: It is right if the end of it fits.
//! check: d_the_whole_answer
//! says: all of it, and nothing besides

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
    if record.ends_with(answer) {
        return Ok(Verdict::Accepted);
    }
    Ok(Verdict::Wrong)
}
