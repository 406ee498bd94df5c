//! Turns the .proto files that this lesson uses into Rust, and brings the learner's own answers into `-- mine`.

#[path = "../../scripts/testkit/build/mine.rs"]
mod mine;
#[path = "../../scripts/testkit/build/protos.rs"]
mod protos;

use std::io;

fn main() -> io::Result<()> {
    mine::main()?;
    // Only the client: the server is etcd.
    if std::env::var_os("CARGO_FEATURE_ETCD").is_some() {
        let etcd = protos::compile(&["etcdserverpb/rpc.proto"])?;
        tonic_prost_build::configure()
            .build_server(false)
            .compile_fds(etcd)?;
    }
    // The last one, so it is the set that reflection tells. No server and no client: the framework's own
    // handlers and calls are both.
    let broker = protos::compile(&["broker/v1/broker.proto"])?;
    tonic_prost_build::configure()
        .build_server(false)
        .build_client(false)
        .compile_fds(broker)
}
