//! belief: a-list-is-a-watch
//! words: A list is a watch.
//! check: a_between_two_looks
//! says: B came and went between two looks

use std::collections::BTreeSet;
use std::time::Duration;

/// Who is in the car park, and the number of the last thing that has happened before that.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub number: u64,
    pub cars: BTreeSet<String>,
}

/// Something that has happened at the barrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    In(String),
    Out(String),
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The barrier is not reached, or has broken off. It will come back.
    Away,
    /// What came after that number is not in its journal any more: the paper is cut off from time to time.
    Forgotten,
    /// The car park is closed.
    Over,
}

/// The computer in the barrier. Whatever happens there has a number, larger than those before; it counts for
/// other barriers as well, so numbers leap.
pub trait Barrier {
    /// Looks.
    fn list(&mut self) -> Result<Snapshot, Trouble>;

    /// The first thing that has happened after this number, with its own number. If there is none yet, the answer
    /// comes when there is.
    fn after(&mut self, number: u64) -> Result<(u64, Event), Trouble>;

    /// Waits.
    fn pause(&mut self, time: Duration);
}

/// What the cash desk has to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    In(String),
    Out(String),
    /// Something may have happened here that nobody can tell any more. Somebody will have to look at the film.
    Gap,
}

pub fn follow(barrier: &mut impl Barrier, mut tell: impl FnMut(Told)) {
    let mut inside = BTreeSet::new();
    loop {
        match barrier.list() {
            Ok(now) => {
                for car in inside.difference(&now.cars) {
                    tell(Told::Out(car.clone()));
                }
                for car in now.cars.difference(&inside) {
                    tell(Told::In(car.clone()));
                }
                inside = now.cars;
            }
            Err(Trouble::Over) => return,
            Err(Trouble::Away | Trouble::Forgotten) => {}
        }
        barrier.pause(Duration::from_secs(1));
    }
}
