//! The feature `mine`: the site runs on the learner's own answers of lessons 15 and 16.
//!
//! `build.rs` writes `$OUT_DIR/mine.rs`: for each function either the learner's passed answer, compiled where it is
//! kept (`.workbook/passed/ID.rs`), or the function of this lesson; and `WHOSE`, which says which it was.

include!(concat!(env!("OUT_DIR"), "/mine.rs"));
