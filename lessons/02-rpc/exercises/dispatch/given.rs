//! What is given in this exercise: the answer uses it and does not change it.

use std::collections::HashMap;

/// A method: a function from its argument to its value.
pub type Method = fn(&str) -> String;

/// Services by name, and the methods of each service by name.
pub type Services = HashMap<&'static str, HashMap<&'static str, Method>>;

/// The id, name and argument of a call, or `None` if the line is not a call.
pub fn split(line: &str) -> Option<(u32, &str, &str)> {
    let mut parts = line.splitn(3, ' ');
    let id = parts.next()?.parse().ok()?;
    Some((id, parts.next()?, parts.next()?))
}
