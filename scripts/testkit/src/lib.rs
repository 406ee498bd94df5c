//! What checks and lesson tests share.
