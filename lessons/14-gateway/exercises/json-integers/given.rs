//! What is given in this exercise: the answer uses it and does not change it.

/// Why a value is no integer of this type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Neither a number nor a string with a number, or it has a part behind the point.
    NoInteger,
    /// It is too large for the type, or too small.
    DoesNotFit,
}
