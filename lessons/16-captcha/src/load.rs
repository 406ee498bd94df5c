//! What programs are at the page with: a browser that shows every byte.

pub mod ask;
