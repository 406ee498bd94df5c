//! What may go wrong with a method of a contract. Two kinds, because they ask for different
//! things: the method's own "no" is an answer, and the same near and far; trouble on the way is no
//! answer at all, and a method in this program never has it.

use std::fmt;

use l02_rpc::client::CallError;
use l02_rpc::message::Failure;

// ANCHOR: error
/// Why a method gave no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The method ran, and this is what it says. Near and far alike.
    Method(String),
    /// No answer of the method: the connection, the time, a name, a type. Only far.
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
    /// The method's own error, from anything that reads as words.
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
