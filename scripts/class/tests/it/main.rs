//! The class from outside: its server as a process, learners as connections and as processes.

mod certificate;
mod delivery;
mod other;
mod pages;
mod refusals;
mod review;
mod support;
