//! What is given in this exercise: the answer uses it and does not change it.

/// A star, as an observatory keeps it:
///
/// ```proto
/// message Star {
///   int64 catalogue_id = 1;
///   uint64 photons = 2;
///   double magnitude = 3;
///   Class class = 4;
///   string name = 5;
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Star {
    pub catalogue_id: i64,
    pub photons: u64,
    pub magnitude: f64,
    /// A [`Class`], or a number that this program does not know yet.
    pub class: i32,
    pub name: String,
}

/// `enum Class { UNKNOWN = 0; DWARF = 1; GIANT = 2; }`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Unknown,
    Dwarf,
    Giant,
}

impl Class {
    pub const ALL: [(Class, &'static str); 3] = [
        (Class::Unknown, "UNKNOWN"),
        (Class::Dwarf, "DWARF"),
        (Class::Giant, "GIANT"),
    ];
}

/// What is wrong with some JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The name of the member as it was sent. Empty if it is no object at all.
    pub field: String,
    /// In words.
    pub why: String,
}
