use std::io::{self, ErrorKind};

// Given in given.rs, beside this file: `Customer` and `TRIES`.
pub use super::given::*;

/// Makes one payment, and returns the bank's reply: `ok BALANCE` or `refused REASON`.
///
/// * The request is `pay KEY AMOUNT`. The key is a word that you choose. The bank makes one payment for each key: if a
///   key comes again, it repeats its reply and pays nothing.
/// * The keys of two payments differ, also if the reply to the first one was never received. The keys of two customers
///   differ; their names do.
/// * `ask` returns an error if no reply was received. The payment was made, or was not. Then try again, `TRIES` times
///   in all, and in the end return the error of the last try.
/// * `ok` and `refused` are replies: return them without another try.
///
/// So far each try has a key of its own.
pub fn pay(customer: &mut Customer, amount: u32) -> io::Result<String> {
    let mut outcome = Err(ErrorKind::TimedOut.into());
    for _ in 0..TRIES {
        customer.last += 1;
        let key = format!("{}-{}", customer.name, customer.last);
        outcome = customer.ask(&format!("pay {key} {amount}"));
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}
