//! What the demos of all lessons rely on.

#[cfg(unix)]
mod child;
mod commands;
mod http;
mod timetable;
mod wire;
