//! A timeout says that no reply came. It does not say whether the payment was made. So the bank must recognise a second
//! try as the same payment: the key is made once, before the first try. The next payment gets another key, even for the
//! same amount, and the name makes the keys of two customers differ. With the key a retry is safe, and it is the
//! only way to learn the result. `refused` is a result as well, so it is not tried again.

use std::io::{self, ErrorKind};

// Given in given.rs, beside this file: `Customer` and `TRIES`.
pub use super::given::*;

/// Makes one payment, and returns the bank's reply: `ok BALANCE` or `refused REASON`.
pub fn pay(customer: &mut Customer, amount: u32) -> io::Result<String> {
    // Before the loop: all tries are the same payment.
    customer.last += 1;
    let key = format!("{}-{}", customer.name, customer.last);
    let mut outcome = Err(ErrorKind::TimedOut.into());
    for _ in 0..TRIES {
        outcome = customer.ask(&format!("pay {key} {amount}"));
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}
