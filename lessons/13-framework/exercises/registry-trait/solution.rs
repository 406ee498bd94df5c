//! Where two backends differ, somebody has to know it, and the question is only who. Here it is the one
//! place that can: the adapter, which is written by somebody who looks at that backend and at nothing else.
//! After that the trait says what is true of all of them, and `search` is short, and right for a catalogue that is
//! built next year. The name stays, for people who read a log. What a trait has to say is more than types: that
//! an unknown title is an empty list, and that a list is sorted, stands in no signature, so it stands in its
//! comment, and one suite of checks holds every backend to it. `Away` is the one difference that callers
//! do need: "nothing" and "nobody knows" are two answers.

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

impl Catalogue for Cards {
    fn name(&self) -> &str {
        "cards"
    }

    fn shelves(&self, title: &str) -> Result<Vec<String>, Away> {
        let title = title.to_lowercase();
        let cards = self.cards.iter();
        let there = cards.filter(|card| !card.lent && card.title.to_lowercase() == title);
        Ok(in_order(there.map(|card| card.shelf.clone())))
    }
}

impl Catalogue for Computer {
    fn name(&self) -> &str {
        "computer"
    }

    fn shelves(&self, title: &str) -> Result<Vec<String>, Away> {
        match self.query(&title.to_lowercase()) {
            Ok(answer) => Ok(in_order(answer.split(';').map(str::to_string))),
            Err(404) => Ok(Vec::new()),
            Err(_) => Err(Away),
        }
    }
}

/// Sorted, each once.
fn in_order(shelves: impl Iterator<Item = String>) -> Vec<String> {
    let mut shelves: Vec<String> = shelves.collect();
    shelves.sort();
    shelves.dedup();
    shelves
}

pub fn search(catalogues: &[Box<dyn Catalogue>], title: &str) -> Result<Vec<String>, Away> {
    let mut found = Vec::new();
    let mut away = false;
    for catalogue in catalogues {
        match catalogue.shelves(title) {
            Ok(shelves) => found.extend(shelves),
            Err(Away) => away = true,
        }
    }
    if found.is_empty() && away {
        return Err(Away);
    }
    Ok(in_order(found.into_iter()))
}
