//! How each selector distributes the calls, from a seed, so that it is the same in each run.

use std::collections::BTreeMap;

use l12_resilience::member::Member;
use l12_resilience::select::{Select, Selector, Weighted};

/// Members `a`, `b`, ... with these weights.
fn members(weights: &[u32]) -> Vec<Member> {
    let member = |(place, weight): (usize, &u32)| {
        let id = char::from(b'a' + u8::try_from(place).unwrap());
        Member::new(id, "127.0.0.1:9".parse().unwrap()).weighing(*weight)
    };
    weights.iter().enumerate().map(member).collect()
}

/// Who is chosen in so many calls without a key.
fn chosen(selector: &dyn Selector, among: &[Member], calls: usize) -> String {
    let choose = |_| &*among[selector.select(None, among).unwrap()].id;
    (0..calls).map(choose).collect()
}

fn counts(chosen: &str) -> BTreeMap<char, usize> {
    let mut counts = BTreeMap::new();
    for id in chosen.chars() {
        *counts.entry(id).or_default() += 1;
    }
    counts
}

/// Each count is near its share: five standard deviations, and one for rounding.
fn near(counts: &BTreeMap<char, usize>, calls: usize, share: f64) {
    let calls = calls as f64;
    let far = 5.0 * (calls * share * (1.0 - share)).sqrt() + 1.0;
    for (id, count) in counts {
        let off = (*count as f64 - calls * share).abs();
        assert!(off <= far, "{id}: {count} of {calls}, share {share}");
    }
}

#[test]
fn random_gives_everybody_the_same_share_on_average() {
    for seed in 0..20 {
        let random = Select::Random.build(seed);
        let counts = counts(&chosen(&*random, &members(&[1, 9, 0]), 9000));
        assert_eq!(counts.len(), 3, "weights do not matter");
        near(&counts, 9000, 1.0 / 3.0);
    }
}

#[test]
fn the_same_seed_chooses_the_same() {
    let among = members(&[3, 2, 1]);
    for select in Select::ALL {
        let of = |seed| chosen(&*select.build(seed), &among, 50);
        assert_eq!(of(7), of(7), "{select}");
        let others = (0..20).filter(|seed| of(*seed) != of(7)).count();
        assert!(others > 0, "{select}: all callers choose the same");
    }
}

#[test]
fn round_robin_asks_everybody_once_a_round() {
    let among = members(&[1, 9, 0, 1]);
    for seed in 0..20 {
        let chosen = chosen(&*Select::RoundRobin.build(seed), &among, 12);
        let begins = "abcdabcdabcdabcd".find(&chosen);
        assert!(begins.is_some(), "{chosen}");
    }
    let begins = |seed| chosen(&*Select::RoundRobin.build(seed), &among, 1);
    let first: std::collections::BTreeSet<String> = (0..50).map(begins).collect();
    assert_eq!(first.len(), 4, "a member is never the first");
}

#[test]
fn round_robin_skips_nobody_when_the_list_changes() {
    let all = members(&[1, 1, 1, 1]);
    let turn = Select::RoundRobin.build(1);
    let next = |among: &[Member]| among[turn.select(None, among).unwrap()].id.clone();
    while next(&all) != "a" {}
    assert_eq!(next(&all), "b");
    // b leaves. The one after b is c, as it would have been.
    let without_b = [all[0].clone(), all[2].clone(), all[3].clone()];
    assert_eq!(next(&without_b), "c");
    // a is left out for one call, and the list comes in another order.
    assert_eq!(next(&[all[3].clone(), all[2].clone()]), "d");
    assert_eq!(next(&all), "a");
    assert_eq!(next(&all), "b");
}

#[test]
fn weighted_is_smooth_and_exact() {
    let among = members(&[5, 1, 1]);
    assert_eq!(chosen(&Weighted::default(), &among, 14), "aabacaaaabacaa");
    for seed in 0..20 {
        let chosen = chosen(&*Select::Weighted.build(seed), &among, 700);
        let counts = counts(&chosen);
        // Where it begins is a matter of lots; after that it is exact.
        for (id, share) in [('a', 500), ('b', 100), ('c', 100)] {
            assert!(counts[&id].abs_diff(share) <= 2, "{id}: {counts:?}");
        }
        assert!(!chosen.contains("aaaaaa"), "not smooth: {chosen}");
    }
}

#[test]
fn weight_zero_gets_nothing_unless_all_have_it() {
    for seed in 0..20 {
        let weighted = Select::Weighted.build(seed);
        let chosen_ones = chosen(&*weighted, &members(&[0, 2, 1]), 300);
        assert!(!chosen_ones.contains('a'), "{chosen_ones}");
        let counts = counts(&chosen(&*weighted, &members(&[0, 0, 0]), 300));
        for count in counts.values() {
            assert!(count.abs_diff(100) <= 2, "{counts:?}");
        }
        assert_eq!(counts.len(), 3);
    }
}

#[test]
fn weighted_gives_the_share_of_the_one_who_is_left_out_to_the_others() {
    let weighted = Weighted::default();
    let all = members(&[2, 1, 1]);
    let _ = chosen(&weighted, &all, 5);
    let counts_without = counts(&chosen(&weighted, &all[1..], 100));
    for count in counts_without.values() {
        assert!(count.abs_diff(50) <= 2, "{counts_without:?}");
    }
    // And back: no member has saved credit meanwhile.
    let after = counts(&chosen(&weighted, &all, 8));
    assert!(after[&'a'].abs_diff(4) <= 1, "{after:?}");
}

const KEYS: usize = 2000;

/// Who has each key.
fn owners(among: &[Member]) -> Vec<String> {
    let selector = Select::ConsistentHash.build(1);
    let owner = |key: usize| {
        let place = selector.select(Some(&format!("user-{key}")), among);
        among[place.unwrap()].id.clone()
    };
    (0..KEYS).map(owner).collect()
}

#[test]
fn consistent_hash_spreads_the_keys() {
    for nodes in [1, 3, 8] {
        let owners = owners(&members(&vec![1; nodes]));
        let counts = counts(&owners.concat());
        assert_eq!(counts.len(), nodes);
        near(&counts, KEYS, 1.0 / nodes as f64);
    }
}

#[test]
fn when_one_leaves_only_its_keys_move() {
    for nodes in [2, 4, 7] {
        let all = members(&vec![1; nodes]);
        let before = owners(&all);
        for gone in &all {
            let left: Vec<Member> = all.iter().filter(|one| *one != gone).cloned().collect();
            let after = owners(&left);
            let mut moved = BTreeMap::new();
            for (was, is) in before.iter().zip(&after) {
                match *was == gone.id {
                    true => *moved.entry(is.chars().next().unwrap()).or_default() += 1,
                    false => assert_eq!(was, is, "a key of a member that stayed has moved"),
                }
            }
            // Its keys go to all of the others, and not to one neighbour.
            let its = before.iter().filter(|owner| **owner == gone.id).count();
            assert_eq!(moved.len(), nodes - 1);
            near(&moved, its, 1.0 / (nodes - 1) as f64);
        }
    }
}

#[test]
fn when_one_comes_it_takes_its_share_and_no_key_moves_between_the_others() {
    for nodes in [1, 3, 7] {
        let all = members(&vec![1; nodes + 1]);
        let (before, after) = (owners(&all[..nodes]), owners(&all));
        let newcomer = &all[nodes].id;
        let mut moved = 0;
        for (was, is) in before.iter().zip(&after) {
            if was != is {
                assert_eq!(
                    is, newcomer,
                    "a key moved between two who were there before"
                );
                moved += 1;
            }
        }
        near(
            &BTreeMap::from([('n', moved)]),
            KEYS,
            1.0 / (nodes + 1) as f64,
        );
    }
}

#[test]
fn the_order_of_the_list_and_the_address_do_not_matter_for_a_key() {
    let all = members(&[1, 1, 1, 1]);
    let mut other = all.clone();
    other.reverse();
    for member in &mut other {
        member.addr.set_port(10);
    }
    assert_eq!(owners(&all), owners(&other));
}

/// Every caller has to agree, those of the next version as well: these owners must never change. They
/// are what Python's hashlib says.
#[test]
fn owners_are_the_same_on_every_machine_and_for_ever() {
    let owners = owners(&members(&[1, 1, 1]));
    assert_eq!(owners[..20].concat(), "ccbcaabcaccacbbccbac");
}

#[test]
fn nobody_is_chosen_where_nobody_is() {
    for select in Select::ALL {
        let selector = select.build(3);
        assert_eq!(selector.select(None, &[]), None, "{select}");
        assert_eq!(selector.select(Some("key"), &[]), None, "{select}");
        assert_eq!(select.to_string().parse(), Ok(select));
    }
    assert!("weight".parse::<Select>().is_err());
}
