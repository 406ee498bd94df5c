// Given in given.rs, beside this file: `Code`, `Failure`, `Answer`.
pub use super::given::*;

/// What the desk tells a browser when the catalogue has failed: the status that lets a program do the right thing
/// without reading the message, and the headers that belong to this status.
pub fn answer(failure: &Failure) -> Answer {
    // It is for you to find out what they are for.
    let _ = (failure.code, failure.back_in);
    Answer {
        status: 500,
        headers: Vec::new(),
        message: failure.message.clone(),
    }
}
