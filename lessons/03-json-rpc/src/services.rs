//! What can be called. These are plain functions: a service should not know whether JSON, another
//! encoding or nothing at all lies between it and its caller.

// ANCHOR: services
/// `hello.HelloWorld`: the greeting call.
pub fn hello_world(name: &str) -> String {
    format!("{name} hello world")
}

/// `Panda.GetInfo`: twice the number.
///
/// # Errors
///
/// In words for the caller, if the number is negative or its double fits into no `i64`.
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
