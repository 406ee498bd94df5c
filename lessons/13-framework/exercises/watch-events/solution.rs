//! A list says how things are, a watch says what happens, and nobody can make the second out of the first: a car
//! that came and went between two looks was in neither of them, however close together they are. So one
//! look, for those who were there before us, and then events from exactly that number on: nothing is lost
//! between the two, and nothing comes twice. The number is that of the event, not ours plus one. It survives a
//! broken connection, and so nothing was lost by it. Only a journal that has been cut off loses something, and then the
//! honest answer has two parts: that there is a gap, and what is different now.

use std::collections::BTreeSet;
use std::time::Duration;

// Given in given.rs, beside this file: `Snapshot`, `Event`, `Trouble`, `Barrier`, `Told`.
pub use super::given::*;

pub fn follow(barrier: &mut impl Barrier, mut tell: impl FnMut(Told)) {
    let mut inside = BTreeSet::new();
    // After which number to go on. `None`: a look is needed first.
    let mut last = None;
    let mut opening = true;
    loop {
        let step = match last {
            None => barrier.list().map(|now| {
                if !opening {
                    tell(Told::Gap);
                }
                opening = false;
                for car in inside.difference(&now.cars) {
                    tell(Told::Out(car.clone()));
                }
                for car in now.cars.difference(&inside) {
                    tell(Told::In(car.clone()));
                }
                inside = now.cars;
                last = Some(now.number);
            }),
            Some(number) => barrier.after(number).map(|(number, event)| {
                match event {
                    Event::In(car) => {
                        inside.insert(car.clone());
                        tell(Told::In(car));
                    }
                    Event::Out(car) => {
                        inside.remove(&car);
                        tell(Told::Out(car));
                    }
                }
                last = Some(number);
            }),
        };
        match step {
            Ok(()) => {}
            // What is known is still good, and so is the number: go on from there.
            Err(Trouble::Away) => barrier.pause(Duration::from_millis(500)),
            Err(Trouble::Forgotten) => last = None,
            Err(Trouble::Over) => return,
        }
    }
}
