// Given in given.rs, beside this file: `Registry`, `Instance`, `Check`, `Entry`, `NotReady`.
pub use super::given::*;

/// Replaces the instance `old`, which is registered and healthy, by `new`.
///
/// * Callers ask for healthy instances of the name. At each moment they get at least one, and each that they get
///   accepts connections.
/// * `new` has been started. It may take a while until it opens its port.
/// * When callers get `new`, `old` is deregistered.
/// * `wait` waits for one second. If callers do not get `new` after `seconds` of them, the list is as before, and the
///   result is `NotReady`.
pub fn replace(
    registry: &dyn Registry,
    old: &str,
    new: &Instance,
    seconds: u32,
) -> Result<(), NotReady> {
    registry.register(new);
    for _ in 0..seconds {
        let entries = registry.entries(&new.name);
        if entries.iter().any(|entry| entry.id == new.id) {
            registry.deregister(old);
            return Ok(());
        }
        registry.wait();
    }
    Err(NotReady)
}
