//! What this lesson shows: everything before it, at work in one site.
//!
//! # Layout
//!
//! * [`picture`] and [`question`]: what a person is asked. [`code`]: the answer.
//! * [`parts`]: what the rules of a captcha are made of; the exercises of lessons 15 and 16 are these parts.
//!   [`store`]: what they ask of Redis.
//! * [`service`]: `go.micro.srv.getCaptcha`. [`pb`]: what the build made of its .proto file.
//! * [`web`]: the site that the browser sees.
//! * [`site`]: all of it together, as processes. [`load`] is a browser for programs, [`soak`] people at it while its
//!   parts are killed.
//! * [`notes`]: the site as the notes draw it, with all its faults. The chapter takes it apart.

pub mod code;
pub mod load;
pub mod notes;
pub mod parts;
pub mod pb;
pub mod picture;
pub mod question;
pub mod service;
pub mod sheet;
pub mod site;
pub mod soak;
pub mod store;
pub mod web;

pub use l15_redis::server::Decode;
