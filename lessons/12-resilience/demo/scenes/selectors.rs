//! Scene 4: which member gets the calls.

use std::collections::BTreeMap;

use l12_resilience::fail::FailMode;
use l12_resilience::member::Member;
use l12_resilience::select::Select;
use stage::signal::tell;

use super::plain;
use crate::fleet::Instance;
use crate::load::load;
use crate::options;

const CALLS: usize = 700;
const KEYS: usize = 1000;

pub async fn show(a: &Instance, b: &Instance) -> anyhow::Result<()> {
    let c = Instance::start("c", &[])?;
    let members = vec![a.member().weighing(5), b.member(), c.member()];
    tell("                       a     b     c   and which one gets the next fourteen");
    for select in Select::ALL {
        let settings = l12_resilience::caller::Settings {
            select,
            deadline: std::time::Duration::from_secs(30),
            ..plain(FailMode::Fast)
        };
        let client = options::client(members.clone(), settings);
        let outcome = load(&client, CALLS, 8).await;
        let [a, b, c] = ["a", "b", "c"].map(|name| outcome.count.of(name));
        // A selector of its own, of the same seed: it shows the order without calls on top of each other.
        let selector = select.build(12);
        let next: Vec<&str> = (0..14)
            .filter_map(|call| selector.select(Some(&format!("user-{call}")), &members))
            .map(|place| &*members[place].id)
            .collect();
        tell(&format!(
            "   {select:16}{a:6}{b:6}{c:6}   {}",
            next.join(" ")
        ));
    }
    tell("   With consistent-hash each call has a key, here user-0, user-1 and so on.");
    let (before, after) = (owners(&members), owners(&members[..2]));
    let its = before.values().filter(|owner| **owner == "c").count();
    let moved = |from_c: bool| {
        let changed = before.iter().filter(|(key, owner)| after[*key] != **owner);
        changed
            .filter(|(_, owner)| (**owner == "c") == from_c)
            .count()
    };
    let (of_c, of_others) = (moved(true), moved(false));
    tell(&format!(
        "   c leaves. Of {KEYS} keys, {its} were its own; {of_c} of them have moved, and {of_others} of \
         the others."
    ));
    Ok(())
}

/// Which member has each key.
fn owners(among: &[Member]) -> BTreeMap<String, &str> {
    let selector = Select::ConsistentHash.build(12);
    let owner = |key: usize| {
        let key = format!("user-{key}");
        let place = selector.select(Some(&key), among)?;
        Some((key, &*among[place].id))
    };
    (0..KEYS).filter_map(owner).collect()
}
