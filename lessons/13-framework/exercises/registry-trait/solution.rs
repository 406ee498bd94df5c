//! Where two backends differ, somebody has to know it, and the question is only who. Here it is the one
//! place that can: the adapter, which is written by somebody who looks at that backend and at nothing else.
//! After that the trait says what is true of all of them, and `search` is short, and right for a catalogue that is
//! built next year. The name stays, for people who read a log. What a trait has to say is more than types: that
//! an unknown title is an empty list, and that a list is sorted, stands in no signature, so it stands in its
//! comment, and one suite of checks holds every backend to it. `Away` is the one difference that callers
//! do need: "nothing" and "nobody knows" are two answers.

// Given in given.rs, beside this file: `Away`, `Catalogue`, `Cards`, `Card`, `Computer`.
pub use super::given::*;

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
