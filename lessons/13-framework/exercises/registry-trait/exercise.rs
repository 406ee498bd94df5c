// Given in given.rs, beside this file: `Away`, `Catalogue`, `Cards`, `Card`, `Computer`.
pub use super::given::*;

impl Catalogue for Cards {
    fn name(&self) -> &str {
        "cards"
    }

    fn shelves(&self, title: &str) -> Result<Vec<String>, Away> {
        let cards = self.cards.iter().filter(|card| card.title == title);
        let shelf = |card: &Card| match card.lent {
            true => format!("{} (lent)", card.shelf),
            false => card.shelf.clone(),
        };
        Ok(cards.map(shelf).collect())
    }
}

impl Catalogue for Computer {
    fn name(&self) -> &str {
        "computer"
    }

    fn shelves(&self, title: &str) -> Result<Vec<String>, Away> {
        let answer = self.query(title).map_err(|_| Away)?;
        Ok(answer.split(';').map(str::to_string).collect())
    }
}

/// From which shelves a copy of `title` can be taken: those of all catalogues, sorted, each once. A catalogue that
/// is away hides nothing of what the others have. If nothing is found and one of them was away, then
/// nobody knows: `Away`.
pub fn search(catalogues: &[Box<dyn Catalogue>], title: &str) -> Result<Vec<String>, Away> {
    let mut found = Vec::new();
    for catalogue in catalogues {
        match catalogue.name() {
            "cards" => {
                let mut shelves = catalogue.shelves(title)?;
                shelves.retain(|shelf| !shelf.ends_with("(lent)"));
                found.extend(shelves);
            }
            "computer" => {
                // It has small letters only, and to it an unknown title is an error.
                let title = title.to_lowercase();
                found.extend(catalogue.shelves(&title).unwrap_or_default());
            }
            _ => {}
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}
