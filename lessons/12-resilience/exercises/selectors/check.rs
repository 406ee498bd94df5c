//! The check of `selectors`. It closes and opens rooms of an archive, and looks for all its letters.

mod exercise;
mod given;

use exercise::{Room, keepers};
use testkit::{Case, case};

const ROOMS: [Room; 4] = [
    room("attic", 1),
    room("cellar", 1),
    room("hall", 2),
    room("tower", 1),
];

const fn room(name: &str, shelves: u32) -> Room<'_> {
    Room { name, shelves }
}

/// The names of all letters: to whom they were sent.
fn letters() -> impl Iterator<Item = String> {
    (1..=1000).map(|number| format!("Letter {number}"))
}

const COUNT: usize = 1000;

/// Where a letter lies, in words if it lies nowhere.
fn place<'a>(letter: &str, rooms: &[Room<'a>]) -> &'a str {
    keepers(letter, rooms).first().copied().unwrap_or("nowhere")
}

/// So many of the letters, in percent.
fn percent(count: usize) -> String {
    format!("{} %", (count * 100 + COUNT / 2) / COUNT)
}

/// How many letters each room has, as a row of the table that a learner sees.
fn shares(rooms: &[Room]) -> Vec<usize> {
    let mut shares = vec![0; rooms.len()];
    for letter in letters() {
        let at = place(&letter, rooms);
        if let Some(room) = rooms.iter().position(|room| room.name == at) {
            shares[room] += 1;
        }
    }
    shares
}

fn table(rooms: &[Room], shares: &[usize]) -> String {
    let row = rooms.iter().zip(shares);
    let row = row.map(|(room, share)| format!("{} {}", room.name, percent(*share)));
    row.collect::<Vec<_>>().join(", ")
}

// The belief of this exercise. What is divided by 4 and by 3 leaves other remainders.
#[test]
fn a_a_room_closes() {
    case(
        "A thousand letters in four rooms; one of them closes",
        |case| {
            for letter in letters().take(50) {
                let (once, again) = (keepers(&letter, &ROOMS), keepers(&letter, &ROOMS));
                if once != again {
                    let answer = format!("{letter}, asked twice: {once:?} and {again:?}");
                    let advice = "Nobody writes down where a letter is: whoever looks for it has to come to the \
                              same place as the one who put it there, years ago and in another program.";
                    case.differ("the same answer each time", answer, advice);
                }
            }
            for closed in (0..ROOMS.len()).rev() {
                one_closes(case, closed);
            }
        },
    );
}

#[track_caller]
fn one_closes(case: &Case, closed: usize) {
    let mut open = ROOMS.to_vec();
    let Room { name, .. } = open.remove(closed);
    let (mut moved, mut needless) = (0, 0);
    for letter in letters() {
        let before = place(&letter, &ROOMS);
        if place(&letter, &open) != before {
            moved += 1;
            needless += usize::from(before != name);
        }
    }
    if needless > 0 {
        let mut advice = format!(
            "One of 4 rooms closed ({name}), and {needless} letters moved out of rooms that are open: nobody \
             finds them where they lie. How many rooms there are must not enter into where a letter is."
        );
        // Whoever has numbered them is right for as long as the last one closes.
        if closed + 1 < ROOMS.len() {
            advice.push_str(
                " Each room behind the closed one had a number, and has another one now: a room has a name.",
            );
        }
        let answer = format!(
            "one of 4 rooms closed, {} of the letters moved",
            percent(moved)
        );
        case.differ("the letters of the closed room move", answer, &advice);
    }
    if moved == 0 {
        let advice = "Nobody may look for a letter in a room that is closed.";
        case.differ("its letters move", format!("{name} keeps them"), advice);
    }
}

#[test]
fn b_a_room_opens() {
    case("A fifth room opens", |case| {
        let mut five = ROOMS.to_vec();
        five.insert(2, room("chapel", 1));
        grows(case, &five, "chapel");
    });
    case("The hall gets a third shelf", |case| {
        let mut more = ROOMS;
        more[2].shelves = 3;
        grows(case, &more, "hall");
    });
}

#[track_caller]
fn grows(case: &Case, after: &[Room], name: &str) {
    let (mut into, mut elsewhere) = (0, 0);
    for letter in letters() {
        let (was, is) = (place(&letter, &ROOMS), place(&letter, after));
        into += usize::from(was != is && is == name);
        elsewhere += usize::from(was != is && is != name);
    }
    if elsewhere > 0 {
        let answer = format!("{} moved between other rooms", percent(elsewhere));
        let advice = "Between two rooms that were open before and still are, nothing has changed.";
        case.differ(format!("letters move into the {name} only"), answer, advice);
    }
    // To do nothing about shelves is a matter of shares.
    if into == 0 && after.len() > ROOMS.len() {
        let advice = "A new room takes its share of the letters.";
        case.differ(format!("some letters are in the {name}"), "none", advice);
    }
}

// A share of a half is a quarter of the work for somebody else.
#[test]
fn c_everybody_has_a_share() {
    case("How many letters each room has", |case| {
        expect_shares(case, &ROOMS, "");
        for closed in 0..ROOMS.len() {
            let mut open = ROOMS.to_vec();
            let Room { name, .. } = open.remove(closed);
            expect_shares(case, &open, name);
        }
    });
}

#[track_caller]
fn expect_shares(case: &Case, rooms: &[Room], closed: &str) {
    let shares = shares(rooms);
    let shelves: u32 = rooms.iter().map(|room| room.shelves).sum();
    let fair = |room: &Room| COUNT * room.shelves as usize / shelves as usize;
    let fairs: Vec<usize> = rooms.iter().map(fair).collect();
    let off = |(share, fair): (&usize, &usize)| share.abs_diff(*fair) * 4 > *fair;
    if shares.iter().zip(&fairs).any(off) {
        let advice = match closed {
            "" => {
                "With two shelves a room has twice as many letters as with one. On a ring, one point for each \
                 shelf is not enough: its part is as long as chance wanted it, and a thousand points are too \
                 many to be placed anew for each letter. And whoever multiplies a number by two is the largest \
                 more often than twice as often."
            }
            _ => {
                "Its letters went to few of the others. A room that suddenly has twice the readers is the \
                 next one to close."
            }
        };
        let situation = match closed {
            "" => table(rooms, &shares),
            name => format!("{} (the {name} has closed)", table(rooms, &shares)),
        };
        case.differ(table(rooms, &fairs), situation, advice);
    }
}

// One who must be found by computing has to be where the computation ends.
#[test]
fn d_the_copy() {
    case(
        "The room of a letter closes, and its copy is needed",
        |case| {
            for letter in letters() {
                let both = keepers(&letter, &ROOMS);
                if both.len() != 2 || both[0] == both[1] {
                    let advice = "The letter and its copy are in the same room, and close together with it. Two \
                              draws may give the same; two places in one order do not.";
                    case.differ("two rooms", format!("{letter}: {both:?}"), advice);
                }
            }
            for letter in letters() {
                let both = keepers(&letter, &ROOMS);
                let [first, copy] = both.as_slice() else {
                    continue;
                };
                let mut open = ROOMS.to_vec();
                open.retain(|room| room.name != *first);
                let now = place(&letter, &open);
                if now != *copy {
                    let answer = format!("{letter}: copy in {copy}, looked for in {now}");
                    let advice = "The copy lies where nobody looks for it. With the room of the letter closed, \
                              whoever computes its place has to come to the copy.";
                    case.differ("the copy is where one looks", answer, advice);
                }
            }
        },
    );
}

// Consul does not promise an order, and two agents may have two.
#[test]
fn e_the_order_of_the_list() {
    case("The same rooms in another order", |case| {
        let mut other = ROOMS;
        for _ in 0..ROOMS.len() {
            other.rotate_left(1);
            for list in [other, [other[3], other[1], other[2], other[0]]] {
                for letter in letters().take(100) {
                    let (mine, yours) = (keepers(&letter, &ROOMS), keepers(&letter, &list));
                    if mine != yours {
                        let answer = format!("{letter}: {mine:?}, and in another order {yours:?}");
                        let advice = "Two readers with the same rooms look in different ones. If two rooms \
                                      are equally good the order of the list decides: see that they never \
                                      are, or let their names decide.";
                        case.differ("the same rooms", answer, advice);
                    }
                }
            }
        }
    });
}

#[test]
fn f_few_rooms() {
    case("One room is open, and then none", |case| {
        let advice = "There is no second room that could have a copy.";
        let one = keepers("Letter 1", &ROOMS[2..3]);
        if one != ["hall"] {
            case.differ("[\"hall\"]", format!("{one:?}"), advice);
        }
        let none = keepers("Letter 1", &[]);
        if !none.is_empty() {
            case.differ("[]", format!("{none:?}"), "Nobody is home: say so.");
        }
    });
}
