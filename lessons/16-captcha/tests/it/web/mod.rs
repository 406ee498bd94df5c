//! The site without Redis and without services. Every response of every test is searched for the headers that
//! all must have, and for what none may have.

mod api;
mod by_name;
mod edge;
mod fake;
mod pages;
