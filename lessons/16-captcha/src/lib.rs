//! What this lesson shows: a site that runs on the framework, the registry and the store of the lessons before.
//!
//! # Layout
//!
// ANCHOR: layout
//! For an evening of about 90 minutes, in this order:
//!
//! 1. The rules: `rules.rs` (their types, the store and the clock that they lean on), then one rule a file:
//!    `rules/issue.rs`, `rules/verify.rs`, `rules/limit.rs`, `rules/outgoing.rs`, `rules/decide.rs`.
//! 2. The store: `store.rs` (Redis behind the trait), `store/commands.rs` (two commands of one step each),
//!    `store/scoped.rs` (one store for two counts).
//! 3. The captcha: `code.rs` (the answer), `picture.rs` and `extra/question.rs` (what a visitor sees).
//! 4. The service: `pb.rs` (made from the .proto file), `service.rs`, `service/check.rs` (what a caller may send).
//! 5. The site: `web.rs` (the router), `web/captchas.rs` (the service by its name), `web/work.rs`, `web/api.rs`,
//!    `web/site.rs`, `web/session.rs`, `web/errors.rs`.
//! 6. Your own answers in place of the rules: `mine.rs`.
// ANCHOR_END: layout
//!
// ANCHOR: layout_attacks
//! For a second evening of about 40 minutes, in this order:
//!
//! 1. The naive site in `extra/`: `extra/naive/web.rs`, `extra/naive/service.rs`, `extra/naive/model.rs`,
//!    `extra/naive/luck.rs`, `extra/naive/pixels.rs`.
//! 2. The attacks in `demo/attack/`: `demo/attack/answers.rs`, `demo/attack/pictures.rs`, `demo/attack/cost.rs`;
//!    `demo/attack/site.rs` starts the two sites, and `demo/attack/tap.rs` holds a wire.
//! 3. Two parts of the web that every site has: `extra/web/template.rs` and `extra/web/files.rs`.
// ANCHOR_END: layout_attacks
//!
//! `demo/` is the program, and `checks` is the store of the exercises' checks.

// The learner's own answers name this lesson as the exercises do.
#[cfg(feature = "mine")]
extern crate self as l16_captcha;

#[path = "../demo/checks.rs"]
pub mod checks;
pub mod code;
#[path = "../extra/mod.rs"]
pub mod extra;
#[cfg(feature = "mine")]
pub mod mine;
pub mod pb;
pub mod picture;
#[path = "../extra/question.rs"]
pub mod question;
pub mod rules;
pub mod service;
pub mod store;
pub mod web;
