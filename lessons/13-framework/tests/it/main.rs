//! The tests of lesson 13, one program. `suite` is what every registry has to pass; a file for each registry
//! says how to come by one.

#[macro_use]
mod suite;
mod help;
#[allow(dead_code, reason = "the demo runs what the tests start")]
#[path = "../../demo/offer.rs"]
mod offer;

mod broker;
mod calls;
mod command_line;
mod consul;
mod etcd;
mod etcd_client;
mod etcd_cluster;
mod gossip;
mod gossip_trouble;
mod mdns;
mod mdns_strangers;
mod memory;
mod names;
mod options;
mod service;
mod service_view;
mod table;
