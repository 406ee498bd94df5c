//! The site without Redis and without services: what it calls is here, and every reply of every test is
//! looked at for what all replies have to have, and for what none may have.

mod api;
mod by_name;
mod edge;
mod fake;
mod pages;
