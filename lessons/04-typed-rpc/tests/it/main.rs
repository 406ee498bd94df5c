//! All tests of this lesson, linked as one program.

mod command_line;
mod compile_errors;
mod contract;
mod places;
