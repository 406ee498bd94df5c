//! The check of `selectors`. It lets instances of a cache leave and join, and asks for the owners of all keys.

mod exercise;
mod given;

use exercise::{Instance, owners};
use testkit::{Case, case};

const ALL: [Instance; 4] = [
    instance("cache-a", 1),
    instance("cache-b", 1),
    instance("cache-c", 2),
    instance("cache-d", 1),
];

const fn instance(name: &str, weight: u32) -> Instance<'_> {
    Instance { name, weight }
}

/// Enough keys to compare shares.
const MANY: usize = 500;

/// Enough keys to see which ones move.
const SOME: usize = 150;

fn keys(count: usize) -> impl Iterator<Item = String> {
    (1..=count).map(|number| format!("user-{number}"))
}

/// The owners of all keys, computed once.
struct Table<'a> {
    instances: Vec<Instance<'a>>,
    owners: Vec<Vec<&'a str>>,
}

impl<'a> Table<'a> {
    fn of(instances: &[Instance<'a>], count: usize) -> Self {
        Table {
            instances: instances.to_vec(),
            owners: keys(count).map(|key| owners(&key, instances)).collect(),
        }
    }

    /// The table without this instance.
    fn without(place: usize, count: usize) -> Table<'static> {
        let mut left = ALL.to_vec();
        left.remove(place);
        Table::of(&left, count)
    }

    /// The owner of each key.
    fn owner(&self) -> impl Iterator<Item = &'a str> {
        self.owners
            .iter()
            .map(|both| both.first().copied().unwrap_or("no instance"))
    }

    /// How many keys each instance has.
    fn shares(&self) -> Vec<usize> {
        let share =
            |instance: &Instance| self.owner().filter(|owner| *owner == instance.name).count();
        self.instances.iter().map(share).collect()
    }

    fn words(&self, shares: &[usize]) -> String {
        let row = self.instances.iter().zip(shares);
        let row = row.map(|(instance, share)| {
            format!("{} {}", instance.name, percent(*share, self.owners.len()))
        });
        row.collect::<Vec<_>>().join(", ")
    }
}

/// So many of all keys, in percent.
fn percent(count: usize, all: usize) -> String {
    format!("{} %", (count * 100 + all / 2) / all)
}

#[test]
fn a_the_same_answer_each_time() {
    case("The owners of a key, asked twice", |case| {
        for key in keys(50) {
            let (once, again) = (owners(&key, &ALL), owners(&key, &ALL));
            if once != again {
                let answer = format!("{key}: {once:?}, and then {again:?}");
                let advice = "No program stores where a key is. The caller that looks for it has to find the owner that \
                              the caller who wrote it has found, in another program.";
                case.differ("the same answer each time", answer, advice);
            }
        }
    });
}

// The belief of this exercise. The remainders of 4 and of 3 have little in common.
#[test]
fn b_an_instance_leaves() {
    case(
        &format!("{SOME} keys at four instances; one of them leaves"),
        |case| {
            let before = Table::of(&ALL, SOME);
            for left in (0..ALL.len()).rev() {
                let name = ALL[left].name;
                let after = Table::without(left, SOME);
                let pairs = || before.owner().zip(after.owner());
                let moved = pairs().filter(|(was, is)| was != is).count();
                let needless = pairs()
                    .filter(|(was, is)| was != is && *was != name)
                    .count();
                if needless > 0 {
                    let mut advice = format!(
                        "{name} has left, and {needless} keys have moved between the instances that stay: no caller finds \
                     them there."
                    );
                    advice.push_str(match left {
                    3 => " The number of instances must not enter into where a key is.",
                    // A numbering holds as long as the last one leaves.
                    _ => " When the last one of the list leaves, they stay. Each instance behind the one that left has \
                          another number now: use its name.",
                });
                    let answer = format!("{} of the keys move", percent(moved, SOME));
                    case.differ(format!("only the keys of {name} move"), answer, &advice);
                }
                // An instance without any key is told about shares.
                let had_keys = before.owner().any(|owner| owner == name);
                if moved == 0 && had_keys {
                    let answer = format!("{name} has left, and keeps its keys");
                    let advice = "A key at an instance that has left is lost.";
                    case.differ(format!("the keys of {name} move"), answer, advice);
                }
            }
        },
    );
}

// An instance with half more keys than its share is the next one to fail.
#[test]
fn c_shares_by_weight() {
    case("How many keys each instance has", |case| {
        expect_shares(case, &Table::of(&ALL, MANY), "");
        let two = [instance("cache-b", 1), instance("cache-c", 4)];
        expect_shares(case, &Table::of(&two, MANY), "");
        for (place, Instance { name, .. }) in ALL.iter().enumerate() {
            expect_shares(case, &Table::without(place, MANY), name);
        }
    });
}

/// Whether all instances but this one have about the same share.
fn others_alike(shares: &[usize], heavy: usize) -> bool {
    let others = || {
        (0..shares.len())
            .filter(|place| *place != heavy)
            .map(|place| shares[place])
    };
    let mean = others().sum::<usize>() / (shares.len() - 1);
    others().all(|share| share.abs_diff(mean) * 10 <= mean * 3)
}

#[track_caller]
fn expect_shares(case: &Case, table: &Table, left: &str) {
    let shares = table.shares();
    let weights: u32 = table.instances.iter().map(|instance| instance.weight).sum();
    let fair = |instance: &Instance| MANY * instance.weight as usize / weights as usize;
    let fairs: Vec<usize> = table.instances.iter().map(fair).collect();
    let off = |share: usize, fair: usize| share.abs_diff(fair) * 10 > fair * 3;
    if !shares
        .iter()
        .zip(&fairs)
        .any(|(share, fair)| off(*share, *fair))
    {
        return;
    }
    let equal = MANY / table.instances.len();
    let heavy = table
        .instances
        .iter()
        .position(|instance| instance.weight > 1);
    let advice = match heavy {
        _ if !left.is_empty() => {
            "Its keys have gone to few of the others. An instance that suddenly has half more is the next one to fail."
        }
        _ if shares.iter().all(|share| !off(*share, equal)) => {
            "All instances have the same share. cache-c has a higher weight: it should have more keys, in proportion to it."
        }
        _ if shares.contains(&0) => {
            "An instance has no key at all: each of them has a chance for each key, of the size of its weight."
        }
        Some(heavy) if shares[heavy] > fairs[heavy] * 13 / 10 && others_alike(&shares, heavy) => {
            "cache-c has more keys than its weight says. If its hash is multiplied by the weight, it is the largest too \
             often. With weight 2 it has to take part twice."
        }
        _ => {
            "Chance alone makes shares so different. On a ring, one node for each unit of weight is too few: the gaps \
             between a few random nodes differ."
        }
    };
    let mut answer = table.words(&shares);
    if !left.is_empty() {
        answer = format!("{answer} ({left} has left)");
    }
    case.differ(format!("about {}", table.words(&fairs)), answer, advice);
}

#[test]
fn d_an_instance_joins() {
    case("A fifth instance joins", |case| {
        let mut five = ALL.to_vec();
        five.insert(2, instance("cache-e", 1));
        grows(case, &five, "cache-e");
    });
    case("cache-c gets weight 3 in place of 2", |case| {
        let mut more = ALL;
        more[2].weight = 3;
        grows(case, &more, "cache-c");
    });
}

#[track_caller]
fn grows(case: &Case, after: &[Instance], name: &str) {
    let (before, after) = (Table::of(&ALL, SOME), Table::of(after, SOME));
    let moved = || {
        before
            .owner()
            .zip(after.owner())
            .filter(|(was, is)| was != is)
    };
    let elsewhere = moved().filter(|(_, is)| *is != name).count();
    if elsewhere > 0 {
        let answer = format!(
            "{} of the keys move between other instances",
            percent(elsewhere, SOME)
        );
        let advice = "Between two instances that were there before and are still there, nothing has changed.";
        case.differ(format!("keys move to {name} only"), answer, advice);
    }
    // An answer that ignores weights is told about shares.
    if moved().count() == 0 && after.instances.len() > ALL.len() {
        let advice = "A new instance takes its share of the keys.";
        case.differ(format!("some keys move to {name}"), "no key moves", advice);
    }
}

#[test]
fn e_the_copy() {
    case(
        "The owner of a key leaves, and the copy is needed",
        |case| {
            let all = Table::of(&ALL, SOME);
            for (key, both) in keys(SOME).zip(&all.owners) {
                if both.len() != 2 || both[0] == both[1] {
                    let advice = match both.len() {
                        2 => {
                            "The copy is for the case that the owner leaves, so it is at another instance. Two separate \
                             choices can come out the same; the first two of one order cannot."
                        }
                        _ => "A key has two instances here: its owner and one copy.",
                    };
                    case.differ("two instances", format!("{key}: {both:?}"), advice);
                }
            }
            for (place, Instance { name, .. }) in ALL.iter().enumerate() {
                let after = Table::without(place, SOME);
                for ((key, both), now) in keys(SOME).zip(&all.owners).zip(after.owner()) {
                    if both[0] == *name && both[1] != now {
                        let answer = format!(
                            "{key}: the copy is at {}, and its owner is now {now}",
                            both[1]
                        );
                        let advice = "A caller that computes the owner without the instance that left finds no copy there.";
                        case.differ("the copy is at the new owner", answer, advice);
                    }
                }
            }
        },
    );
}

// A registry promises no order, and two agents may have two.
#[test]
fn f_the_order_of_the_list() {
    case("The same instances in another order", |case| {
        let mut other = ALL;
        for _ in 0..ALL.len() {
            other.rotate_left(1);
            for list in [other, [other[3], other[1], other[2], other[0]]] {
                for key in keys(30) {
                    let (one, two) = (owners(&key, &ALL), owners(&key, &list));
                    if one != two {
                        let answer = format!("{key}: {one:?}, and in another order {two:?}");
                        let advice = "Two callers with the same instances look at different ones. If two scores are \
                                      equal, the order of the list decides: make them so large that they never are, or \
                                      let the names decide.";
                        case.differ("the same instances", answer, advice);
                    }
                }
            }
        }
    });
}

#[test]
fn g_few_instances() {
    case("One instance, and then none", |case| {
        let one = owners("user-1", &ALL[2..3]);
        if one != ["cache-c"] {
            let advice = "There is no second instance that could have a copy.";
            case.differ("[\"cache-c\"]", format!("{one:?}"), advice);
        }
        let none = owners("user-1", &[]);
        if !none.is_empty() {
            case.differ(
                "[]",
                format!("{none:?}"),
                "No instance is there, so none has the key.",
            );
        }
    });
}
