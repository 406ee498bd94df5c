//! The words of the phone book that come from the runner. What the page itself says is in
//! `book/theme/phone.js`.

use std::io::ErrorKind;
use std::time::Duration;

/// An address that is not on this machine, or none at all.
pub const BAD_ADDRESS: &str = "The phone book only looks at this machine: an address from 127.0.0.1 to 127.255.255.254 \
     and a port, such as 127.0.0.1:8500.";
/// A second command while one is under way.
pub const BUSY: &str = "The last command is still under way. Wait until it has ended.";
/// Why a Consul could not be read: an answer beyond the limit.
pub const LARGE: &str = "its answer is longer than 16 MB, too much for this page";

sentences! {
    /// Why a Consul could not be read: the time is over.
    late(limit: Duration) = "it did not finish its answer within {} s", limit.as_secs();
    /// Why a Consul could not be read: `what` is not how a Consul answers.
    strange(what: &str) = "{what}: is it a Consul?";
}

/// Why a Consul could not be read: no connection.
pub fn io(e: &std::io::Error) -> String {
    match e.kind() {
        ErrorKind::ConnectionRefused => "connection refused: nothing listens there".to_owned(),
        _ => e.to_string(),
    }
}

/// Why a Consul could not be read: what came back is no HTTP, or the connection broke.
pub fn http(e: &hyper::Error) -> String {
    if e.is_parse() {
        strange("the answer is not HTTP")
    } else if e.is_incomplete_message() {
        "it ended the connection without an answer".to_owned()
    } else {
        e.to_string()
    }
}

/// Why a Consul could not be read: its status is not 200.
pub fn status(code: u16) -> String {
    match code {
        500 => "it answered with status 500, as a Consul without a leader does".to_owned(),
        code => strange(&format!("it answered with status {code}")),
    }
}
