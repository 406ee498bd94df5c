//! People at the page, many at a time.

pub mod ask;
