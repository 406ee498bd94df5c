//! The runner's tests, one program: each module drives the runner's own binary over a fixture
//! course, or reads the whole repository ([`workspace`]).

mod accepted;
mod beliefs;
mod book;
mod commands;
mod editing;
mod first_edition;
mod mistake;
mod mutants;
mod needs;
mod new;
mod own;
#[cfg(target_os = "linux")]
mod pack;
mod pages;
mod peer;
mod phone;
mod prose;
mod server;
mod services;
mod start;
mod support;
mod texts;
mod untracked;
mod verdicts;
mod verify;
mod watching;
mod wire;
mod workspace;
