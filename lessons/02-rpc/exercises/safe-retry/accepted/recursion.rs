//! Accepted: no loop, and a key whose number comes first.

use std::io;

pub use super::given::*;

/// Makes one payment, and returns the bank's reply.
pub fn pay(customer: &mut Customer, amount: u32) -> io::Result<String> {
    let request = format!("pay {}/{} {amount}", customer.last, customer.name);
    customer.last += 1;
    attempt(customer, &request, 1)
}

fn attempt(customer: &Customer, request: &str, number: usize) -> io::Result<String> {
    match customer.ask(request) {
        Err(_) if number < TRIES => attempt(customer, request, number + 1),
        outcome => outcome,
    }
}
