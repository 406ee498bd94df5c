//! The command line of `services`, one test program: real processes, real servers and our own.
#![cfg(target_os = "linux")]

mod cluster;
mod consul;
mod etcd;
mod redis;
mod support;
