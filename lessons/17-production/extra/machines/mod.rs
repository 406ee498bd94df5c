//! For a second evening: the captcha site on three machines, and who may call whom.
//!
//! * [`network`]: the addresses and ports of the machines; [`units`] what runs on each of them.
//! * [`secret`]: passwords in files; [`authority`] certificates made on the spot; [`tls`] certificates that are renewed while the
//!   program runs; [`mtls`] gRPC in which both sides show one; [`greeter`] the same call without TLS, with TLS and with mutual TLS.
//! * [`consul`]: the three servers with ACL and TLS, and their tokens; [`https`] asks them.
//! * [`redis`]: the three servers with users, and their Sentinels; [`failover`] the store that follows the primary; [`redis_proxy`] the
//!   same for a program without passwords.
//! * [`roles`]: the two programs, the captcha service and the web.

pub mod authority;
pub mod consul;
pub mod failover;
pub mod greeter;
pub mod https;
pub mod mtls;
pub mod network;
pub mod redis;
pub mod redis_proxy;
pub mod roles;
pub mod secret;
pub mod tls;
pub mod units;
