//! The program as a person meets it, one test program: real processes, real servers and our own.
#![cfg(target_os = "linux")]

mod cluster;
mod consul;
mod etcd;
mod redis;
mod support;
