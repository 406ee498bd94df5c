//! What this lesson shows: a reverse proxy that knows which instances are ready, and releases that lose no request.
//!
//! # Layout
//!
// ANCHOR: layout
//! For an evening of about 60 minutes, in this order:
//!
//! 1. One instance: `ready.rs` (is it alive, is it ready), `instance.rs` (start, register, leave).
//! 2. The control plane: `resources.rs` (from instances to Envoy's resources), `ads.rs` (the stream, ACK and NACK),
//!    `plane.rs` (from Consul to Envoy).
//! 3. What Envoy is started with: `bootstrap.rs`; `pb.rs` is made from the .proto file.
// ANCHOR_END: layout
//!
// ANCHOR: layout_seeing
//! For a second evening of about 45 minutes, in this order:
//!
//! 1. Spans in a process: `extra/seeing/telemetry.rs` (sampling, batches, the end), `extra/seeing/context.rs` (from
//!    process to process), `extra/seeing/site.rs` (lesson 16's site with spans).
//! 2. Envoy's own spans: `extra/seeing/proxy.rs`.
//! 3. The receiver: `extra/seeing/receiver.rs` (OTLP, bounded), `extra/seeing/trace.rs` (the tree),
//!    `extra/seeing/picture.rs`.
//! 4. Metrics: `extra/seeing/metrics.rs`, `extra/seeing/questions.rs`.
// ANCHOR_END: layout_seeing
//!
// ANCHOR: layout_machines
//! For a second evening of about 45 minutes, in this order:
//!
//! 1. The site: `extra/machines/network.rs`, `extra/machines/units.rs`, `extra/machines/roles.rs`.
//! 2. Failover: `extra/machines/redis.rs` (users and Sentinel), `extra/machines/failover.rs` (the store).
//! 3. The operator: `demo/machines/site.rs`, `demo/machines/orders.rs`, `demo/machines/dies.rs`.
//! 4. The learner's own service on the machines: `demo/machines/own.rs`, `extra/machines/redis_proxy.rs`.
// ANCHOR_END: layout_machines
//!
// ANCHOR: layout_load
//! For half an evening, in this order: `extra/load/site.rs` (lesson 16's site in two ways), `extra/load/naive.rs` (the naive
//! one), `demo/timetable/visit.rs` (one visitor), `demo/timetable/world.rs` (the processes), `demo/timetable/site.rs` (the
//! measurement).
// ANCHOR_END: layout_load
//!
// ANCHOR: layout_tls
//! For a second evening of about 45 minutes, in this order:
//!
//! 1. One side: `extra/machines/authority.rs` (certificates), `extra/machines/tls.rs` (the configurations),
//!    `extra/machines/greeter.rs` (lesson 06's server with TLS).
//! 2. Both sides: `extra/machines/mtls.rs`.
//! 3. Renewal: `demo/machines/renew.rs`.
//! 4. The least rights: `extra/machines/secret.rs`, `extra/machines/consul.rs`, `extra/machines/https.rs`.
// ANCHOR_END: layout_tls
//!
//! `demo/` is the program.

pub mod ads;
pub mod bootstrap;
pub mod instance;
#[path = "../extra/load/mod.rs"]
pub mod load;
#[path = "../extra/machines/mod.rs"]
pub mod machines;
pub mod pb;
pub mod plane;
pub mod ready;
pub mod resources;
#[path = "../extra/seeing/mod.rs"]
pub mod seeing;
