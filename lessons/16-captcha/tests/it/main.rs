//! The tests of lesson 16, one program. What the demo is made of is tested as well: its files are part of this
//! program too.

#[allow(dead_code, reason = "the demo uses the rest of it")]
#[path = "../../demo/attack/mod.rs"]
mod attack;
#[path = "../../demo/browser.rs"]
mod browser;
#[path = "../../demo/sheet.rs"]
mod sheet_of_pictures;
#[allow(dead_code, reason = "the demo uses the rest of it")]
#[path = "../../demo/site/mod.rs"]
mod site;
#[path = "../../demo/soak/mod.rs"]
mod soak;

mod support;

mod attacks;
mod away;
mod code;
mod command_line;
mod mine;
mod once;
mod picture;
mod reads;
mod secret;
mod service;
mod sheet;
mod soaked;
mod store;
mod web;
