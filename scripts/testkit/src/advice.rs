//! Network trouble as a sentence. An error number says what the system saw; a learner needs to
//! know what that means for the code they have just written.

use std::io::{self, ErrorKind};

/// A fault of the connection between a check and the code it checks.
#[derive(Debug)]
pub enum Trouble {
    /// No program accepts connections at the address.
    Refused,
    /// Nothing, or not enough, came in time; the connection is still open.
    Silence,
    /// The other side ended the connection before all bytes were there.
    Closed,
    /// The other side threw the connection away.
    Reset,
    /// Bytes came, and they are other bytes.
    Wrong,
    /// More bytes came than there should be.
    Extra,
    /// The other side takes no more bytes.
    Unsent,
    /// Anything else the system reports.
    Other(io::Error),
}

/// A better sentence for one kind of trouble, from a check that knows what it is about.
#[derive(Clone, Copy, Debug)]
pub enum On {
    /// Instead of the advice for [`Trouble::Silence`].
    Silence(&'static str),
    /// Instead of the advice for [`Trouble::Closed`] and [`Trouble::Reset`].
    Closed(&'static str),
    /// Instead of the advice for [`Trouble::Wrong`].
    Wrong(&'static str),
    /// Instead of the advice for [`Trouble::Extra`].
    Extra(&'static str),
    /// Instead of the advice for [`Trouble::Refused`].
    Refused(&'static str),
    /// Whatever the trouble is.
    Any(&'static str),
}

impl Trouble {
    /// Sorts an error of the system into what it means here.
    pub fn from_io(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::ConnectionRefused => Trouble::Refused,
            // Unix reports a read that took too long as `WouldBlock`, Windows as `TimedOut`.
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Trouble::Silence,
            ErrorKind::UnexpectedEof => Trouble::Closed,
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => Trouble::Reset,
            ErrorKind::BrokenPipe => Trouble::Unsent,
            _ => Trouble::Other(error),
        }
    }

    /// Returns what happened, as the end of a detail line.
    pub(crate) fn happened(&self, patience: &str) -> String {
        match self {
            Trouble::Refused => "connection refused".to_string(),
            Trouble::Silence => format!("nothing for {patience}"),
            Trouble::Closed => "the connection was closed".to_string(),
            Trouble::Reset => "the connection was reset".to_string(),
            Trouble::Wrong | Trouble::Extra => String::new(),
            Trouble::Unsent => "the connection takes no more bytes (broken pipe)".to_string(),
            Trouble::Other(error) => error.to_string(),
        }
    }

    /// The check's own sentence for this trouble, or the general one.
    pub(crate) fn advice(&self, better: &[On]) -> String {
        let found = better.iter().find_map(|on| match (on, self) {
            (On::Silence(words), Trouble::Silence)
            | (On::Closed(words), Trouble::Closed | Trouble::Reset | Trouble::Unsent)
            | (On::Wrong(words), Trouble::Wrong)
            | (On::Extra(words), Trouble::Extra)
            | (On::Refused(words), Trouble::Refused)
            | (On::Any(words), _) => Some((*words).to_string()),
            _ => None,
        });
        found.unwrap_or_else(|| match self {
            Trouble::Refused => for_kind(ErrorKind::ConnectionRefused).to_string(),
            Trouble::Silence => for_kind(ErrorKind::TimedOut).to_string(),
            Trouble::Closed => for_kind(ErrorKind::UnexpectedEof).to_string(),
            Trouble::Reset => for_kind(ErrorKind::ConnectionReset).to_string(),
            Trouble::Wrong => "These are not the bytes the protocol asks for. Compare them one by \
                               one: a space, a newline or a left-over byte counts."
                .to_string(),
            Trouble::Extra => "More bytes came than the answer has. Send only what was read \
                               (`&buf[..n]`, not `&buf`), and answer each request once."
                .to_string(),
            Trouble::Unsent => for_kind(ErrorKind::BrokenPipe).to_string(),
            Trouble::Other(error) => for_error(error),
        })
    }
}

/// A sentence for an error that code returned.
pub fn for_error(error: &io::Error) -> String {
    // "Too many open files" has no `ErrorKind`; 24 is its number on Linux, macOS and the BSDs.
    if cfg!(unix) && error.raw_os_error() == Some(24) {
        return "The process has no file handles left: a connection that is finished must be \
                dropped."
            .to_string();
    }
    for_kind(error.kind()).to_string()
}

/// A sentence for each kind of network error.
pub fn for_kind(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::ConnectionRefused => {
            "Nobody listens at this address (any more). Has the server been started, and does its \
             `accept` loop go on after the first client?"
        }
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => {
            "The connection was thrown away while bytes were still on their way: the stream (or \
             the listener) was dropped before everything was read and answered."
        }
        ErrorKind::UnexpectedEof => {
            "The server closed before it had answered: is the whole reply written, and flushed if \
             it goes through a `BufWriter`?"
        }
        ErrorKind::TimedOut | ErrorKind::WouldBlock => {
            "No answer came in time, and the connection is still open: somebody waits for bytes \
             that never come. Which `read` (or `accept`) does your code stand in?"
        }
        ErrorKind::BrokenPipe => {
            "The other side has closed: it will read nothing more. Stop writing, and treat it as \
             the end of this one connection, not of the program."
        }
        ErrorKind::AddrInUse => {
            "Another program already listens at this port. Stop it, or listen on another one; \
             port 0 asks the system for a free port."
        }
        ErrorKind::AddrNotAvailable => {
            "This machine has no such address. To listen for local clients use 127.0.0.1."
        }
        ErrorKind::PermissionDenied => {
            "The system does not allow this port: on Unix those below 1024 belong to the \
             administrator. Use a higher one."
        }
        ErrorKind::NotConnected => {
            "The connection has already ended, so there is nothing to shut down: often a sign that \
             the other side left first."
        }
        ErrorKind::InvalidData => {
            "The bytes were read, and they do not mean what the protocol says they should."
        }
        ErrorKind::InvalidInput => {
            "An argument makes no sense to the system; a timeout of zero is such a case."
        }
        ErrorKind::WriteZero => {
            "A write took no bytes at all: the buffer it should go to is full or gone."
        }
        ErrorKind::Interrupted => {
            "A signal interrupted the call before it did anything: call it again."
        }
        _ => "The system refused a network call. The words in brackets are its own.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_network_error_has_a_sentence_of_its_own() {
        let kinds = [
            ErrorKind::ConnectionRefused,
            ErrorKind::ConnectionReset,
            ErrorKind::UnexpectedEof,
            ErrorKind::TimedOut,
            ErrorKind::BrokenPipe,
            ErrorKind::AddrInUse,
            ErrorKind::AddrNotAvailable,
            ErrorKind::PermissionDenied,
            ErrorKind::NotConnected,
            ErrorKind::InvalidData,
            ErrorKind::InvalidInput,
            ErrorKind::WriteZero,
            ErrorKind::Interrupted,
        ];
        let mut sentences: Vec<&str> = kinds.into_iter().map(for_kind).collect();
        sentences.push(for_kind(ErrorKind::Other));
        sentences.sort_unstable();
        let all = sentences.len();
        sentences.dedup();
        assert_eq!(sentences.len(), all);
    }

    #[test]
    fn a_check_may_know_better() {
        let words = Trouble::Silence.advice(&[On::Closed("closed"), On::Silence("silent")]);
        assert_eq!(words, "silent");
        assert_eq!(Trouble::Reset.advice(&[On::Closed("closed")]), "closed");
        assert!(
            Trouble::Extra
                .advice(&[On::Closed("closed")])
                .contains("More bytes")
        );
    }

    #[test]
    #[cfg(unix)]
    fn too_many_open_files_are_recognised() {
        let error = io::Error::from_raw_os_error(24);
        assert!(for_error(&error).contains("file handles"));
    }
}
