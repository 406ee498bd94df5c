//! The demo of lesson 00: a map of the whole course, printed in the terminal. There is nothing to
//! connect to yet; what is drawn here is what the lessons build, one box at a time.

use std::io::{self, Write};

/// The site of lesson 16, and beside each part the lessons that open it.
const MAP: &str = "
  The site you will have built at the end, and the lesson that opens each box:

     a person's browser
            │  HTTP
            ▼
     ┌──────────────┐  who can draw    ┌──────────────────┐
     │   gateway    │  a picture?      │     registry     │
     │   one door   ├─────────────────►│   a phone book   │
     │          14  │                  │      08 .. 11    │
     └──────┬───────┘                  └─────────▲────────┘
            │  gRPC   05 06 07                   │ \"I am here, and well\"
            │  one healthy one   10 12           │  09 11
            ▼                                    │
     ┌──────────────┐                  ┌─────────┴────────┐
     │   captcha    │                  │  more of them:   │
     │   service    │                  │  start, crash,   │
     │          16  │                  │  leave, return   │
     └──────┬───────┘                  └──────────────────┘
            │  RESP   15
            ▼
     ┌──────────────┐
     │    Redis     │  the right answer, kept for 300 seconds
     └──────────────┘

  All of it is bytes on a wire, and that is where you begin:

     01  two programs, one wire        05  fewer bytes: protobuf
     02  call what lives elsewhere     06  the contract on the network: gRPC
     03  a language both sides read    07  many messages, one call
     04  let the compiler check it     08  ... and then a phone book
";

const NEXT: &str = "
  Next: leave `cargo run` open in one terminal, open this file in your editor,

     lessons/00-start/exercises/hello/exercise.rs

  and save it. The verdict appears by itself. When it has passed:

     cargo run -p l01-tcp

";

fn main() -> io::Result<()> {
    // `print!` panics when a pager or `head` closes the pipe early; a write only reports it.
    match io::stdout().write_all(format!("{MAP}{NEXT}").as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
