//! A registered instance is listed, and a new check is critical until its first attempt. Callers leave out what is
//! critical, so the old instance goes only when *all* checks of the new one pass. A status `passing` at the
//! registration would send callers to a port that is still closed. An instance that is never ready is deregistered,
//! because each entry that stays is one more to explain.

// Given in given.rs, beside this file: `Registry`, `Instance`, `Check`, `Entry`, `NotReady`.
pub use super::given::*;

/// Replaces the instance `old`, which is registered and healthy, by `new`.
pub fn replace(
    registry: &dyn Registry,
    old: &str,
    new: &Instance,
    seconds: u32,
) -> Result<(), NotReady> {
    let ready = || {
        let entries = registry.entries(&new.name);
        let entry = entries.iter().find(|entry| entry.id == new.id);
        entry.is_some_and(|entry| entry.states.iter().all(|state| state == "passing"))
    };
    registry.register(new);
    for _ in 0..seconds {
        if ready() {
            registry.deregister(old);
            return Ok(());
        }
        registry.wait();
    }
    registry.deregister(&new.id);
    Err(NotReady)
}
