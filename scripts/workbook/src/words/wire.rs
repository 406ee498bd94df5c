//! The words of the live page that come from the runner. What the page itself says is in
//! `book/theme/wire.js`.

/// A second capture while one runs.
pub const BUSY: &str = "A capture is running already. Stop it first.";
/// A call or a turn of the dial while none runs.
pub const NOT_RUNNING: &str = "No capture is running. Start one first.";
/// A lesson without a server and a client to look at.
pub const NO_SCRIPT: &str = "This lesson has no server and client to look at.";
/// A number that no call has.
pub const NO_SUCH_CALL: &str = "This lesson does not have such a call.";
/// The learner is quicker than the calls.
pub const TOO_MANY_CALLS: &str = "Four calls are under way. Wait until one has ended.";
/// Chaos that is not known or out of bounds.
pub const BAD_CHAOS: &str =
    "The wire knows split, half-close, delay=1ms to 2000ms and cut-after=1 to 1000000.";
/// A port or a view that cannot be.
pub const BAD_OWN: &str =
    "A server of your own needs a port from 1 to 65535 and a view of the wire.";
/// A view that the wire does not have.
pub const BAD_VIEW: &str = "The wire has no such view.";
/// Nobody looks any more.
pub const NOBODY: &str = "No page was open for a while, so the capture was ended.";
/// Cargo could not build it.
pub const NOT_BUILT: &str = "It does not compile. The errors are below.";

sentences! {
    /// While cargo works.
    building(what: &str) = "building {what} ...";
    /// A program that ended before it listened, or did not listen in time.
    not_started(who: &str) = "The {who} did not start. What it said is below.";
    /// A program that ended while it was needed.
    has_ended(who: &str, how: &str) = "The {who} has ended ({how}).";
    /// A client that has ended.
    client_ended(how: &str) = "has ended ({how})";
    /// A call that took too long.
    call_late(seconds: u64) = "not finished after {seconds} s, so it was ended";
}

/// The same call from a second terminal.
pub fn command(package: &str, args: &[String]) -> String {
    let shown: Vec<String> = args
        .iter()
        .map(|arg| {
            let plain = arg
                .chars()
                .all(|c| c.is_alphanumeric() || "-_.,:=/".contains(c));
            if plain && !arg.is_empty() {
                arg.clone()
            } else {
                format!("'{}'", arg.replace('\'', r"'\''"))
            }
        })
        .collect();
    format!("cargo run -p {package} -- {}", shown.join(" "))
}
