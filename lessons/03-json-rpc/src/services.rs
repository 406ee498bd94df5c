//! The services: plain functions. They do not depend on JSON, so each protocol of this lesson can call
//! them.

// ANCHOR: services
/// `hello.HelloWorld`: the greeting call.
pub fn hello_world(name: &str) -> String {
    format!("{name} hello world")
}

/// `Panda.GetInfo`: twice the number.
///
/// # Errors
/// A text for the caller, if the number is negative or twice the number does not fit into an `i64`.
pub fn get_info(number: i64) -> Result<i64, String> {
    if number < 0 {
        return Err(format!("GetInfo wants a number from 0 on, not {number}"));
    }
    number
        .checked_mul(2)
        .ok_or_else(|| format!("twice {number} is more than GetInfo can say"))
}
// ANCHOR_END: services

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_services_answer() {
        assert_eq!(hello_world("wire"), "wire hello world");
        assert_eq!(get_info(100), Ok(200));
        assert!(get_info(-1).is_err());
        assert!(get_info(i64::MAX).is_err());
    }
}
