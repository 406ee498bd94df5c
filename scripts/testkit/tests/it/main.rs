//! What checks and tests of all lessons rely on, one test program.

mod exercise;
mod failures;
mod guarded;
mod program;
mod schedules;
