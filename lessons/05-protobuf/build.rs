//! Turns the .proto files that this lesson uses into Rust.

#[path = "../../scripts/testkit/build/protos.rs"]
mod protos;

use std::io;

fn main() -> io::Result<()> {
    let files = protos::compile(&[
        "addressbook/v1/addressbook.proto",
        "greeter/v1/greeter.proto",
        "panda/v1/panda.proto",
        "panda/v1/kinds.proto",
        "school/v1/school.proto",
    ])?;
    let mut prost = prost_build::Config::new();
    // A map without an order of its own would take other bytes in every run, and the demo shows bytes.
    prost.btree_map(["."]);
    // JSON of the same messages, to compare with. (Not of the address book: its timestamp is not ours.)
    for package in [".greeter.v1", ".panda.v1.PandaRequest", ".school.v1"] {
        prost.type_attribute(package, "#[derive(serde::Serialize, serde::Deserialize)]");
    }
    // Without a dot in front: the oneof itself, and not also what is in it.
    prost.type_attribute("Student.group", "#[serde(rename_all = \"lowercase\")]");
    prost.field_attribute("Student.group", "#[serde(flatten)]");
    prost.compile_fds(files)
}
