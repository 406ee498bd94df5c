//! The content security policies: what the browser may load and run.
//!
//! Scripts and styles come from files of our own. No inline one runs, so neither does a script that slips into a chapter
//! or a program's output; the book's own test proves that no page needs one.

/// For answers that are no pages.
pub const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

/// For pages.
pub const PAGE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// For the page that is shown at unknown addresses, of any depth: it says where its links start.
pub const NOT_FOUND: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
     connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'";
