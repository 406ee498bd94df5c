//! Two questions decide, and neither of them is "what kind of error was it". Can it have run? Only if it had been
//! sent: a time that runs out while dialling has moved no money, and one that runs out while waiting may have. And
//! what if it runs twice? Then a balance is a balance, and a limit that is set twice to 500 is 500, but a transfer is
//! two. So the mode says *how* a call is made again, and the call says *whether*. When that is not allowed, the error
//! goes to somebody who can look: an honest "I do not know". An `Answer::Refused` is no error of this
//! kind. The bank has decided, and the next counter has the same account.

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
        match outcome {
            Err(lost) if may_be_made_again(order, lost) => {}
            _ => break,
        }
        if mode == Mode::Over {
            counter = (counter + 1) % bank.count();
        }
        outcome = bank.ask(counter, order);
    }
    outcome
}

/// Whether another try does no more than one would have done.
fn may_be_made_again(order: Order, lost: Lost) -> bool {
    match (lost, order) {
        // Nothing was sent, so nothing has run, whatever the order is and whatever went wrong.
        (Lost::Dialling(_), _) => true,
        // It may have run. To say the balance, or to set the same limit, twice is as good as once.
        (Lost::Waiting(_), Order::Balance | Order::Limit(_)) => true,
        (Lost::Waiting(_), Order::Transfer(_)) => false,
    }
}
