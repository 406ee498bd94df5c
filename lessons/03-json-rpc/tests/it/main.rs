//! All tests of this lesson, linked as one program.

mod command_line;
mod fuzz;
mod hostile;
mod interop;
mod specification;
mod support;
