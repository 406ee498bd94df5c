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
///
/// * The oven is broken: nobody shall be sent here.
/// * Three quarters of `room` or more are taken: busy. It goes on cooking what it is given, but whoever
///   has a choice shall go elsewhere. The words say how many are waiting.
/// * Otherwise all is well.
pub fn health(kitchen: &Kitchen) -> (u16, String) {
    if kitchen.oven_works && 4 * kitchen.waiting < 3 * kitchen.room {
        (200, "all is well".to_string())
    } else {
        (503, "not now".to_string())
    }
}

/// One kitchen, as the phone book lists it when it is asked without `passing`.
pub struct Instance {
    /// Where it is.
    pub address: String,
    /// What each of its checks says, those of its node included: `passing`, `warning` or `critical`. A
    /// kitchen that nobody checks has none, and counts as passing.
    pub checks: Vec<String>,
}

/// Where an order may be sent: the addresses, in the order of the list.
///
/// * A kitchen is as well as the worst of its checks says.
/// * Those that are passing. Only if there is none: those that are in warning.
/// * Never one that is critical. If there is nobody else, there is nobody.
pub fn choose(_instances: &[Instance]) -> Vec<String> {
    todo!("choose")
}
