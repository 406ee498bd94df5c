//! A second evening: the same service over TLS.

pub mod tls;
