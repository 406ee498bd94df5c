//! All tests of this lesson, linked as one program.

mod blocking;
mod command_line;
mod fuzz;
mod interop;
mod nonblocking;
mod rust;
mod scenarios;
