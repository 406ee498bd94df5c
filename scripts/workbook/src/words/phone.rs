//! The words of the phone book that come from the runner. What the page itself says is in
//! `book/theme/phone.js`.

use std::io::ErrorKind;

use crate::phone::http::Trouble;

/// An address that is not on this machine, or none at all.
pub const BAD_ADDRESS: &str = "The phone book only looks at this machine: an address from 127.0.0.1 to 127.255.255.254 \
     and a port, such as 127.0.0.1:8500.";

/// A second command while one is under way.
pub const BUSY: &str = "The last command is still under way. Wait until it has ended.";

/// Why a Consul could not be read.
#[must_use]
pub fn trouble(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Io(e) if e.kind() == ErrorKind::ConnectionRefused => {
            "connection refused: nothing listens there".to_owned()
        }
        Trouble::Io(e) => e.to_string(),
        Trouble::Closed => "it ended the connection without an answer".to_owned(),
        Trouble::Late(limit) => {
            format!("it did not finish its answer within {} s", limit.as_secs())
        }
        Trouble::Large => "its answer is longer than 64 MB, too much for this page".to_owned(),
        Trouble::Status(500) => {
            "it answered with status 500, as a Consul without a leader does".to_owned()
        }
        Trouble::Status(code) => format!("it answered with status {code}: is it a Consul?"),
        Trouble::Strange(what) => format!("{what}: is it a Consul?"),
    }
}
