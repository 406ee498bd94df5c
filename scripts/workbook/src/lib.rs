//! The runner of the workbook: it shows the book, judges answers and keeps what a learner did.
//!
//! Layout: `course` knows the lessons on disk, `judge` compiles and runs a check and gives a
//! `verdict`, `scratch` is the copy in which other answers than the learner's are judged, `needs` looks for
//! what some lessons need to be built, `digest` names
//! texts by their hash, `paths` says where builds go, `store`
//! keeps the learner's record and texts, `beliefs` folds the record by belief, `session` is what terminal and browser share, `book` builds
//! the pages and `server` serves them, `wire` is the live capture that one of the pages shows, `phone`
//! the list of services that another shows, `classroom` the membership of a class that a third shows, `peer` lets foreign programs call the learner's answers, `new` makes a
//! service of the learner's own in `lessons/`, `own` has one judged from outside, `commands` holds one file for each command, `words` all that a learner reads.

pub mod beliefs;
pub mod book;
mod browser;
mod classroom;
pub mod commands;
pub mod course;
pub mod digest;
mod doctor;
pub mod judge;
pub mod needs;
mod new;
mod own;
mod paths;
mod peer;
mod phone;
mod render;
pub mod scratch;
mod server;
mod session;
mod status;
pub mod store;
mod style;
mod text;
pub mod verdict;
pub mod verify;
mod watch;
mod wire;
mod words;
