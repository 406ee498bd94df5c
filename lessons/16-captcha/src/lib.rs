//! What this lesson shows: a site that runs on the framework, the registry and the store of the lessons before.
//!
//! # Layout
//!
// ANCHOR: layout
//! For an evening of about 90 minutes, in this order:
//!
//! 1. The rules: `rules.rs` (their types, the store and the clock that they lean on), then one rule a file:
//!    `rules/issue.rs`, `rules/verify.rs`, `rules/attempts.rs`, `rules/outgoing.rs`, `rules/decide.rs`.
//! 2. The store: `store.rs` (Redis behind the trait), `store/commands.rs` (two commands of one step each),
//!    `store/scoped.rs` (one store for two counts).
//! 3. The captcha: `code.rs` (the answer), `picture.rs` and `question.rs` (what a visitor sees).
//! 4. The service: `pb.rs` (made from the .proto file), `service.rs`, `service/check.rs` (what a caller may send).
//! 5. The site: `web.rs` (the router), `web/captchas.rs` (the service by its name), `web/work.rs`, `web/api.rs`,
//!    `web/site.rs`, `web/template.rs`, `web/files.rs`, `web/session.rs`, `web/errors.rs`.
//! 6. Your own answers in place of the rules: `mine.rs`.
// ANCHOR_END: layout
//!
//! In `extra/`, for a second evening: the naive version of the site, which the chapter attacks. `demo/` is the program.

// The learner's own answers name this lesson as the exercises do.
#[cfg(feature = "mine")]
extern crate self as l16_captcha;

pub mod code;
#[path = "../extra/mod.rs"]
pub mod extra;
#[cfg(feature = "mine")]
pub mod mine;
pub mod pb;
pub mod picture;
pub mod question;
pub mod rules;
pub mod service;
pub mod store;
pub mod web;
