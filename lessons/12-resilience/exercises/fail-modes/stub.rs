// Given in given.rs, beside this file: `Order`, `Mode`, `TRIES`, `Answer`, `Lost`, `Counters`.
pub use super::given::*;

/// Has the order carried out, first at the counter `first`. What must not run twice does not; what may be
/// tried again, or certainly has not run, is tried again as the mode says. If it is given up, the last
/// error is returned.
pub fn carry_out(
    bank: &impl Counters,
    first: usize,
    order: Order,
    mode: Mode,
) -> Result<Answer, Lost> {
    let tries = match mode {
        Mode::Fast => 1,
        Mode::Try => TRIES,
        Mode::Over => bank.count(),
    };
    let mut counter = first;
    let mut outcome = bank.ask(counter, order);
    for _ in 1..tries {
        if outcome.is_ok() {
            break;
        }
        if mode == Mode::Over {
            counter = (counter + 1) % bank.count();
        }
        outcome = bank.ask(counter, order);
    }
    outcome
}
