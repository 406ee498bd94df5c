//! What we have registered, read by others: py-consul, and Consul's own command line.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use crate::support::{consul, sides, until};
use l09_register::instance::Instance;
use l09_register::registry::Registry;
use serde_json::{Value, json};
use services::Side;
use services::testkit::consul::find;
use services::testkit::{program, python_with_packages};

async fn two_greeters(addr: SocketAddr) {
    let registry = Registry::at(addr).unwrap();
    for port in [18_801, 18_802] {
        let place = SocketAddr::from(([127, 0, 0, 1], port));
        let instance = Instance::new("greeter", place);
        registry.register(&instance).await.unwrap();
    }
}

#[tokio::test]
async fn py_consul_reads_what_we_have_registered() {
    for side in sides() {
        let consul = consul(side, None).await;
        two_greeters(consul.addr()).await;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/python/read.py");
        let mut read = Command::new(python_with_packages());
        read.arg(script)
            .arg(consul.addr().to_string())
            .arg("greeter")
            .env("PYTHONDONTWRITEBYTECODE", "1");
        // The embedded Consul runs on this thread's runtime, which must not stand still meanwhile.
        let said = tokio::task::spawn_blocking(move || program::output(read));
        let mut found: Vec<Value> = (said.await.unwrap().lines())
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        found.sort_by_key(|found| found["Port"].as_u64());
        let expected = |port: u16| {
            let id = format!("greeter-127.0.0.1-{port}");
            json!({
                "ID": id,
                "Service": "greeter",
                "Address": "127.0.0.1",
                "Port": port,
                "Tags": ["grpc", "consul"],
                "Checks": [format!("{id} accepts connections"), format!("{id} is serving")],
            })
        };
        assert_eq!(found, [expected(18_801), expected(18_802)], "{side}");
    }
}

#[tokio::test]
async fn the_command_line_of_the_real_consul_lists_it() {
    let consul = consul(Side::Real, None).await;
    two_greeters(consul.addr()).await;
    let mut list = Command::new(find().unwrap());
    list.args(["catalog", "services", "-tags"])
        .arg(format!("-http-addr=http://{}", consul.addr()));
    // What was registered with the agent reaches the catalog a moment later.
    until("greeter in the catalog", async || {
        let said = program::output(&mut list);
        let line = said.lines().find(|line| line.starts_with("greeter"))?;
        let words: Vec<&str> = line.split([' ', ',']).filter(|w| !w.is_empty()).collect();
        assert_eq!(words, ["greeter", "consul", "grpc"]);
        Some(())
    })
    .await;
}
