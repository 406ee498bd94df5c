//! A second evening: the same service through TLS.

pub mod tls;
