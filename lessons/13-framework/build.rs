//! Turns the .proto files that this lesson uses into Rust.

#[path = "../../scripts/testkit/protos.rs"]
mod protos;

use std::io;

fn main() -> io::Result<()> {
    // Only the client's side: nobody here is an etcd.
    let etcd = protos::compile(&["etcdserverpb/rpc.proto"])?;
    tonic_prost_build::configure()
        .build_server(false)
        .compile_fds(etcd)
}
