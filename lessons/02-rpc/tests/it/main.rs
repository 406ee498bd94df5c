//! All tests of this lesson, linked as one program.

mod calls;
mod command_line;
mod crowd;
mod hostile;
mod http;
mod interop;
mod running;
