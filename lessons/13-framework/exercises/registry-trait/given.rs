//! What is given in this exercise: the answer uses it and does not change it.

use std::collections::BTreeMap;

/// A catalogue was not reached, so it has not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away;

/// A catalogue of books. Who asks one need not know which one it is.
pub trait Catalogue {
    /// What it is called. For people; nothing may depend on it.
    fn name(&self) -> &str;

    /// From which shelves a copy of `title` can be taken now: sorted, each once. Large and small letters
    /// are the same. A title that it does not have is an empty list, and no error.
    fn shelves(&self, title: &str) -> Result<Vec<String>, Away>;
}

/// A box of cards, as the library has used it for eighty years: one card for each copy, in the order in which
/// they were bought. It is always there.
pub struct Cards {
    pub cards: Vec<Card>,
}

pub struct Card {
    pub title: String,
    pub shelf: String,
    /// Somebody has it at home.
    pub lent: bool,
}

/// The computer of the library next door.
pub struct Computer {
    pub titles: BTreeMap<String, String>,
    pub off: bool,
}

impl Computer {
    /// What it answers, as it always did: the shelf of each copy that is in, such as `N2;N1;N2`. It was bought
    /// without large letters. 404: no such title. Any other number: it is not well.
    pub fn query(&self, title: &str) -> Result<&str, u16> {
        if self.off {
            return Err(503);
        }
        self.titles.get(title).map(String::as_str).ok_or(404)
    }
}
