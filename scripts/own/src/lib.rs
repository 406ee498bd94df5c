//! The judge of the learner's own service. It knows the service from outside only: how it is started
//! (`order`), what it answers (`stages`), and how it ends (`service`). What is wrong is told by `told`.

pub mod client;
pub mod consul;
pub mod etcd;
pub mod grpc;
pub mod http;
pub mod order;
pub mod redis;
pub mod service;
pub mod stages;
pub mod told;
pub mod verify;
