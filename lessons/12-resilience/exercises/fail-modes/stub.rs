// Given in given.rs, beside this file: `Method`, `Mode`, `ATTEMPTS`, `Reply`, `Failure`, `Instances`.
pub use super::given::*;

/// Calls the account service, first at instance `first`, and retries as the mode says.
///
/// * A reply ends the call. `Refused` is a reply.
/// * An attempt that failed while connecting has not run, so it may be repeated.
/// * An attempt that failed while waiting may have run. It may be repeated only if the method can run twice
///   with the same effect as once.
/// * How many attempts there are, and where, says the documentation of `Mode`. If no further attempt is made,
///   the last failure is the result.
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
        if outcome.is_ok() {
            break;
        }
        if mode == Mode::Over {
            instance = (instance + 1) % instances.count();
        }
        outcome = instances.call(instance, method);
    }
    outcome
}
