//! Two questions decide, and the kind of the error is neither of them. Can the call have run? Only if it had been sent:
//! a timeout while connecting has moved no money, and a timeout while waiting may have. What if it runs twice? A
//! balance is read twice, and a limit that is set to 500 twice is 500. A transfer that runs twice moves the money
//! twice. So the mode says how a call is repeated, and the method says whether. Where a repetition is not allowed,
//! the caller gets the failure, because only the caller can look what has happened. `Refused` is a reply: the next
//! instance has the same database.

// Given in given.rs, beside this file: `Method`, `Mode`, `ATTEMPTS`, `Reply`, `Failure`, `Instances`.
pub use super::given::*;

/// Calls the account service, first at instance `first`, and retries as the mode says.
pub fn call(
    instances: &impl Instances,
    first: usize,
    method: Method,
    mode: Mode,
) -> Result<Reply, Failure> {
    let attempts = match mode {
        Mode::Fast => 1,
        Mode::Try => ATTEMPTS,
        Mode::Over => instances.count(),
    };
    let mut instance = first;
    let mut outcome = instances.call(instance, method);
    for _ in 1..attempts {
        match outcome {
            Err(failure) if may_repeat(method, failure) => {}
            _ => break,
        }
        if mode == Mode::Over {
            instance = (instance + 1) % instances.count();
        }
        outcome = instances.call(instance, method);
    }
    outcome
}

/// Whether another attempt has the same effect as one.
fn may_repeat(method: Method, failure: Failure) -> bool {
    match (failure, method) {
        // The call was not sent, so it has not run.
        (Failure::Connecting(_), _) => true,
        // It may have run. To read the balance, or to set the same limit, twice is the same as once.
        (Failure::Waiting(_), Method::Balance | Method::SetLimit(_)) => true,
        (Failure::Waiting(_), Method::Transfer(_)) => false,
    }
}
