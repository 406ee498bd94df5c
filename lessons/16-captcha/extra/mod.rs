//! For a second evening: the naive version of the site, which the second half of the chapter attacks.

pub mod naive;
