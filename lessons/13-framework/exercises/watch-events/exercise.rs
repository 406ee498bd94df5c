use std::collections::BTreeSet;
use std::time::Duration;

// Given in given.rs, beside this file: `Snapshot`, `Event`, `Trouble`, `Barrier`, `Told`.
pub use super::given::*;

/// Tells the cash desk who comes and who goes, until the car park is closed. Each car pays, also one that only
/// turns round.
///
/// * First those who are in already, as `In`; after that everything that happens, each thing once, in order.
/// * When the barrier was away its journal still has what happened meanwhile. Between two attempts there is a
///   pause of 100 ms to 1 s.
/// * When the journal has forgotten, tell `Gap`, and then what is different from what you have told: first those
///   who have gone, then those who have come, each sorted.
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
