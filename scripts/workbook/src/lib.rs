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
pub mod browser;
pub mod classroom;
pub mod commands;
pub mod course;
pub mod digest;
pub mod doctor;
pub mod judge;
pub mod needs;
pub mod new;
pub mod own;
pub mod paths;
pub mod peer;
pub mod phone;
pub mod render;
pub mod scratch;
pub mod server;
pub mod session;
pub mod status;
pub mod store;
pub mod style;
pub mod text;
pub mod verdict;
pub mod verify;
pub mod watch;
pub mod wire;
pub mod words;
