//! The check of `registry-trait`. All catalogues are here in memory. The one on wheels is new: nothing in
//! `exercise.rs` has ever heard of it.

mod exercise;
mod given;

use std::collections::BTreeMap;

use exercise::{Away, Card, Cards, Catalogue, Computer, search};
use services::testkit::{Case, case};

/// A catalogue that does exactly what the trait says.
struct Bookmobile(&'static [(&'static str, &'static str)]);

impl Catalogue for Bookmobile {
    fn name(&self) -> &str {
        "bookmobile"
    }

    fn shelves(&self, title: &str) -> Result<Vec<String>, Away> {
        let of_title = self
            .0
            .iter()
            .filter(|(its, _)| its.to_lowercase() == title.to_lowercase());
        let mut shelves: Vec<String> = of_title.map(|(_, shelf)| shelf.to_string()).collect();
        shelves.sort();
        Ok(shelves)
    }
}

/// Another catalogue, under a name that somebody else has given it.
struct Called(&'static str, Box<dyn Catalogue>);

impl Catalogue for Called {
    fn name(&self) -> &str {
        self.0
    }

    fn shelves(&self, title: &str) -> Result<Vec<String>, Away> {
        self.1.shelves(title)
    }
}

type Make = fn() -> Box<dyn Catalogue>;

fn bookmobile() -> Box<dyn Catalogue> {
    Box::new(Bookmobile(&[("Momo", "wheels 1"), ("Heidi", "wheels 2")]))
}

/// `(title, shelf, lent)`, in the order in which they were bought.
fn cards(cards: &[(&str, &str, bool)]) -> Box<dyn Catalogue> {
    let cards = cards.iter().map(|(title, shelf, lent)| Card {
        title: title.to_string(),
        shelf: shelf.to_string(),
        lent: *lent,
    });
    let cards = cards.collect();
    Box::new(Cards { cards })
}

fn the_cards() -> Box<dyn Catalogue> {
    cards(&[
        ("Momo", "C3", false),
        ("Momo", "C1", true),
        ("Heidi", "C9", true),
        ("Momo", "C2", false),
        ("Momo", "C3", false),
        ("Emil und die Detektive", "C7", false),
    ])
}

fn the_computer(off: bool) -> Box<dyn Catalogue> {
    let titles = [("momo", "N2;N1;N2"), ("krabat", "N5")];
    let titles = titles.map(|(title, shelves)| (title.to_string(), shelves.to_string()));
    let titles = BTreeMap::from(titles);
    Box::new(Computer { titles, off })
}

fn words(answer: &Result<Vec<String>, Away>) -> String {
    match answer {
        Ok(shelves) if shelves.is_empty() => "no shelf".to_string(),
        Ok(shelves) => shelves.join(", "),
        Err(Away) => "Away".to_string(),
    }
}

/// Fails unless the answer is this one.
#[track_caller]
fn expect(
    case: &Case,
    what: &str,
    answer: &Result<Vec<String>, Away>,
    expected: &[&str],
    advice: &str,
) {
    let expected: Result<Vec<String>, Away> =
        Ok(expected.iter().map(ToString::to_string).collect());
    if *answer != expected {
        let report = case
            .report()
            .detail("asked", what)
            .detail("expected", words(&expected))
            .detail("your answer", words(answer))
            .advice(advice);
        case.fail(report);
    }
}

// The belief of this exercise. A catalogue is what it does, and not what it is called.
#[test]
fn a_any_name_will_do() {
    case("The same catalogue under several names", |case| {
        let kinds: [Make; 3] = [bookmobile, the_cards, || the_computer(false)];
        for make in kinds {
            let own = make().name().to_string();
            let as_itself = search(&[make()], "Momo");
            for name in ["cards", "computer", "bookmobile", "cards-2", ""] {
                let called = Called(name, make());
                let label = format!("as `{}`", called.name());
                let answer = search(&[Box::new(called)], "Momo");
                if answer == as_itself {
                    continue;
                }
                let report = case
                    .report()
                    .detail(format!("as `{own}`"), words(&as_itself))
                    .detail(label, words(&answer))
                    .advice(
                        "Your caller matched on the backend's name, so it is right for those that it \
                         has heard of, as long as nobody calls them otherwise. Put what is peculiar to a \
                         catalogue into its `shelves`; then nobody else has to know.",
                    );
                case.fail(report);
            }
        }
        let answer = search(&[bookmobile()], "Momo");
        let advice = "This catalogue does what the trait says, and you do not ask it. Your caller matched on \
                      the backend's name, perhaps.";
        expect(
            case,
            "a new catalogue, by its own name",
            &answer,
            &["wheels 1"],
            advice,
        );
    });
}

#[test]
fn b_the_cards_keep_to_the_trait() {
    case("The box of cards, asked without `search`", |case| {
        let cards = the_cards();
        let advice = "A copy that somebody has at home cannot be taken. Only the box of cards has such \
                      entries, so the box of cards leaves them out.";
        expect(
            case,
            "Heidi, which is lent",
            &cards.shelves("Heidi"),
            &[],
            advice,
        );
        let advice = "The shelves from which a copy can be taken, sorted, each once: so the trait says, of all \
                      catalogues.";
        expect(case, "Momo", &cards.shelves("Momo"), &["C2", "C3"], advice);
        let advice = "A title that it does not have is an empty list.";
        expect(case, "Krabat", &cards.shelves("Krabat"), &[], advice);
    });
}

#[test]
fn c_the_computer_keeps_to_the_trait() {
    case("The computer, asked without `search`", |case| {
        let computer = the_computer(false);
        let advice = "404 is its way of saying that it has no such title. It has answered, so it is not away: the \
                      list is empty.";
        expect(case, "heidi", &computer.shelves("heidi"), &[], advice);
        let advice = "Its answer is in the order in which copies came back. The trait says: sorted, each once.";
        expect(
            case,
            "momo",
            &computer.shelves("momo"),
            &["N1", "N2"],
            advice,
        );
        let answer = the_computer(true).shelves("momo");
        if answer != Err(Away) {
            let advice = "503 says nothing about the book: the computer is off. \"No such title\" and \"nobody \
                          knows\" are two answers.";
            case.differ("Away", words(&answer), advice);
        }
    });
}

// What one of them needs is no business of the others, nor of their callers.
#[test]
fn d_large_and_small_letters() {
    case("Titles in large and small letters", |case| {
        let advice = "Large and small letters are the same, says the trait. The computer has small ones only, and \
                      the cards have been written by people: each of them sees to it by itself, whoever asks.";
        let computer = the_computer(false);
        expect(
            case,
            "the computer for MOMO",
            &computer.shelves("MOMO"),
            &["N1", "N2"],
            advice,
        );
        let cards = the_cards();
        expect(
            case,
            "the cards for momo",
            &cards.shelves("momo"),
            &["C2", "C3"],
            advice,
        );
        let all = [the_cards(), the_computer(false), bookmobile()];
        let answer = search(&all, "mOmO");
        let shelves = ["C2", "C3", "N1", "N2", "wheels 1"];
        expect(case, "all of them for mOmO", &answer, &shelves, advice);
    });
}

#[test]
fn e_one_is_away() {
    case("The computer is off", |case| {
        let all = || [the_computer(true), the_cards(), bookmobile()];
        let advice =
            "One is away, and the others have answered. What they have found can be taken.";
        let answer = search(&all(), "Momo");
        expect(case, "Momo", &answer, &["C2", "C3", "wheels 1"], advice);
        let answer = search(&all(), "Krabat");
        if answer != Err(Away) {
            let advice = "Nobody has found it, and one was not asked: the computer may have it. \"There is none\" \
                          would be a lie.";
            case.differ("Away", words(&answer), advice);
        }
    });
}

#[test]
fn f_the_same_shelf_twice() {
    case("Two catalogues for the same room", |case| {
        let new = cards(&[("Momo", "C2", false), ("Momo", "A1", false)]);
        let answer = search(&[the_cards(), new], "Momo");
        let advice = "Each catalogue is in order, and two lists after each other are not. Sorted, each once: of \
                      the whole.";
        expect(case, "Momo", &answer, &["A1", "C2", "C3"], advice);
    });
}
