//! The tests of lesson 17, one program.

mod ads;
mod command_line;
mod deploy;
mod greeter;
mod load;
mod machines;
mod own;
mod proxy;
mod renew;
mod seeing;
mod settings;
mod trust;
