//! belief: any-refusal-will-do
//! words: A refusal is a refusal, whatever its number.
//! check: a_busy_is_a_warning
//! says: the only code that is

/// A kitchen that takes orders, and answers on `/health` how it is.
pub struct Kitchen {
    /// Orders that are waiting.
    pub waiting: usize,
    /// So many orders may wait.
    pub room: usize,
    /// Without an oven nothing is cooked.
    pub oven_works: bool,
}

/// What the kitchen answers on `/health`: a status code for the agent, and words for people.
pub fn health(kitchen: &Kitchen) -> (u16, String) {
    // What is worse comes first: a broken kitchen may be full as well.
    if !kitchen.oven_works {
        return (503, "the oven is broken".to_string());
    }
    let Kitchen { waiting, room, .. } = kitchen;
    if 4 * waiting >= 3 * room {
        return (423, format!("{waiting} of {room} orders are waiting"));
    }
    (200, format!("{waiting} orders are waiting"))
}

/// One kitchen, as the phone book lists it when it is asked without `passing`.
pub struct Instance {
    /// Where it is.
    pub address: String,
    /// What each of its checks says.
    pub checks: Vec<String>,
}

/// Where an order may be sent: the addresses, in the order of the list.
pub fn choose(instances: &[Instance]) -> Vec<String> {
    let worst = |instance: &Instance| {
        let rank = |check: &String| match check.as_str() {
            "passing" => 0,
            "warning" => 1,
            // Also for a word that we do not know.
            _ => 2,
        };
        instance.checks.iter().map(rank).max().unwrap_or(0)
    };
    let at = |rank| {
        let there = instances.iter().filter(|it| worst(it) == rank);
        there.map(|it| it.address.clone()).collect::<Vec<_>>()
    };
    let well = at(0);
    if well.is_empty() { at(1) } else { well }
}
