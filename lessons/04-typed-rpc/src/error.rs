//! The error of a contract's method. It has two kinds, because a caller reacts differently to each: the
//! method's own refusal is an answer, local and remote alike. An error on the way means that there is no
//! answer, and a local method never has one.

use std::fmt;

use l02_rpc::client::CallError;
use l02_rpc::message::Failure;

// ANCHOR: error
/// Why a method returned no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The method ran and refused, in these words. Local and remote methods alike.
    Method(String),
    /// No answer of the method: the connection, the timeout, a name, a type. Remote methods only.
    Wire(CallError),
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Server(Failure::Failed(words)) => Error::Method(words),
            other => Error::Wire(other),
        }
    }
}
// ANCHOR_END: error

impl Error {
    /// The method's own error, with these words.
    pub fn method(words: impl Into<String>) -> Self {
        Error::Method(words.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Method(words) => f.write_str(words),
            Error::Wire(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_methods_own_words_are_the_methods() {
        let failed = CallError::Server(Failure::Failed("sold out".into()));
        assert_eq!(Error::from(failed), Error::method("sold out"));
        for wire in [
            CallError::Server(Failure::Panicked),
            CallError::Server(Failure::NoMethod("hello.Nope".into())),
            CallError::Timeout,
            CallError::Value,
        ] {
            assert_eq!(Error::from(wire.clone()), Error::Wire(wire));
        }
    }
}
