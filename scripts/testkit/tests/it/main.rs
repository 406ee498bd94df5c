//! What checks and tests of all lessons rely on, one test program.

mod failures;
mod guarded;
mod planted;
mod program;
