//! Registered means listed. A new check begins as critical, because nobody has looked yet, and callers
//! leave out what is critical; so the old entry goes only when *all* checks of the new one pass. All,
//! and of its own entry: the entry also carries the check of the machine, which passed before. Beginning
//! with `passing` would close the gap in the list, and send callers to a port that is still closed. And
//! what never becomes ready must not be waited for for ever, nor stay behind in the list.

// Given in given.rs, beside this file: `Book`, `Instance`, `Check`, `Entry`, `NotReady`.
pub use super::given::*;

/// Puts `new` in the place of the instance `old`, which is registered and well.
pub fn replace(book: &dyn Book, old: &str, new: &Instance, patience: u32) -> Result<(), NotReady> {
    let findable = || {
        let entries = book.entries(&new.name);
        let entry = entries.iter().find(|entry| entry.id == new.id);
        entry.is_some_and(|entry| entry.states.iter().all(|state| state == "passing"))
    };
    book.register(new);
    for _ in 0..patience {
        if findable() {
            book.deregister(old);
            return Ok(());
        }
        book.wait();
    }
    book.deregister(&new.id);
    Err(NotReady)
}
