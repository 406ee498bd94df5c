//! Statuses with details. The code is for the program that called: does asking again help, and who
//! has to change something? The message is for people. The details say exactly what is wrong, in
//! messages that every language knows: `google.rpc.BadRequest` and its relatives.

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// A longer name is refused. It is a limit of what the name means, not of what fits into a message.
pub const LONGEST_NAME: usize = 200;

// ANCHOR: violations
/// The faults of a request, field by field. A caller should hear all of it at once.
#[derive(Debug, Default)]
pub struct Violations(ErrorDetails);

impl Violations {
    /// Checks a name.
    pub fn name(mut self, name: &str) -> Self {
        let length = name.chars().count();
        if length == 0 {
            self.0
                .add_bad_request_violation("name", "at least one character");
        } else if length > LONGEST_NAME {
            let words = format!("at most {LONGEST_NAME} characters; this one has {length}");
            self.0.add_bad_request_violation("name", words);
        }
        self
    }

    /// Checks an age.
    pub fn age(mut self, age: i32) -> Self {
        if !(0..=150).contains(&age) {
            let words = format!("0 to 150 years, not {age}");
            self.0.add_bad_request_violation("age", words);
        }
        self
    }

    /// # Errors
    /// INVALID_ARGUMENT, if anything was wrong.
    pub fn none(self) -> Result<(), Status> {
        if !self.0.has_bad_request_violations() {
            return Ok(());
        }
        let fields = self.0.bad_request().map(|bad| &bad.field_violations);
        let words: Vec<String> = (fields.into_iter().flatten())
            .map(|field| format!("{}: {}", field.field, field.description))
            .collect();
        let message = words.join("; ");
        Err(Status::with_error_details(
            Code::InvalidArgument,
            message,
            self.0,
        ))
    }
}
// ANCHOR_END: violations

/// The name, or the status that says what is wrong with it.
///
/// # Errors
/// INVALID_ARGUMENT with details.
pub fn given(name: String) -> Result<String, Status> {
    Violations::default().name(&name).none()?;
    Ok(name)
}
