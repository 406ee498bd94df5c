// Given in given.rs, beside this file: `Book`, `Instance`, `Check`, `Entry`, `NotReady`.
pub use super::given::*;

/// Puts `new` in the place of the instance `old`, which is registered and well.
///
/// * Callers ask for healthy instances of the name. At no moment may they get an empty list, and at no
///   moment an instance that does not answer.
/// * `new` has been started. It may take a while until it opens its port.
/// * When callers can find `new`, `old` is taken off the list.
/// * If they cannot after `patience` seconds, everything is as before, and it is `NotReady`.
pub fn replace(book: &dyn Book, old: &str, new: &Instance, patience: u32) -> Result<(), NotReady> {
    book.register(new);
    for _ in 0..patience {
        let entries = book.entries(&new.name);
        if entries.iter().any(|entry| entry.id == new.id) {
            book.deregister(old);
            return Ok(());
        }
        book.wait();
    }
    Err(NotReady)
}
