//! The .proto files of the whole course: their style, their messages, and what a mistake
//! in one of them looks like in a build.

#[allow(dead_code, reason = "a build script uses the rest")]
#[path = "../../../../scripts/testkit/build/protos.rs"]
mod protos;

use std::fs;
use std::path::Path;

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FileDescriptorProto, FileDescriptorSet};

use crate::support;

/// All .proto files below a folder, as paths relative to it.
fn files(root: &Path, below: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(root.join(below)).unwrap() {
        let path = below.join(entry.unwrap().file_name());
        if root.join(&path).is_dir() {
            files(root, &path, found);
        } else if path.extension().is_some_and(|ending| ending == "proto") {
            found.push(path.to_str().unwrap().replace('\\', "/"));
        }
    }
}

fn all() -> Vec<String> {
    let mut found = Vec::new();
    files(&support::protos(), Path::new(""), &mut found);
    found.sort();
    for package in [
        "addressbook",
        "greeter",
        "hello",
        "panda",
        "say",
        "school",
        "stream",
    ] {
        let folder = format!("{package}/v1/");
        let there = found.iter().any(|file| file.starts_with(&folder));
        assert!(there, "no .proto file in {folder}");
    }
    found
}

#[test]
fn every_file_keeps_the_rules_of_buf() {
    let output = support::buf().arg("lint").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "buf lint:\n{said}{errors}");
    // Silence is a pass only if something was looked at.
    let listed = testkit::program::output({
        let mut command = support::buf();
        command.arg("ls-files");
        command
    });
    let mut listed: Vec<&str> = listed.lines().collect();
    listed.sort_unstable();
    assert_eq!(listed, all());
}

#[test]
fn every_file_is_written_as_buf_writes_it() {
    let mut command = support::buf();
    command.args(["format", "--diff", "--exit-code"]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n`buf format -w` mends it");
}

/// An exception that nothing needs any more hides the next mistake.
#[test]
fn every_exception_is_needed() {
    let rules = fs::read_to_string(support::protos().join("buf.yaml")).unwrap();
    let (head, exceptions) = rules.split_once("  ignore_only:\n").unwrap();
    let lines: Vec<&str> = exceptions.lines().collect();
    let mut tried = 0;
    for (number, line) in lines.iter().enumerate() {
        let Some(file) = line.trim().strip_prefix("- ") else {
            continue;
        };
        let mut rest = lines.clone();
        rest.remove(number);
        // A rule without a file left is one without an exception.
        let alone = |at: usize| {
            rest.get(at)
                .is_none_or(|line| !line.trim().starts_with("- "))
        };
        if rest[number - 1].trim().ends_with(':') && alone(number) {
            rest.remove(number - 1);
        }
        let config = format!("{head}  ignore_only:\n{}\n", rest.join("\n"));
        let output = support::buf()
            .args(["lint", "--config", &config])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            said.lines().any(|line| line.starts_with(file)),
            "line {number}, {file}: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        tried += 1;
    }
    assert!(tried >= 10, "only {tried} exceptions were found");
}

#[test]
fn every_file_compiles_without_protoc() {
    let all = all();
    let files: Vec<&str> = all.iter().map(String::as_str).collect();
    let set = protos::read(&files, &support::protos()).unwrap();
    assert!(set.file.len() >= all.len());
}

fn compiled(file: &str) -> FileDescriptorProto {
    let set = protos::read(&[file], &support::protos()).unwrap();
    // protox brings its own name for the same type.
    let bytes = prost::Message::encode_to_vec(&set);
    let set: FileDescriptorSet = prost::Message::decode(&*bytes).unwrap();
    let mut files = set.file.into_iter();
    files.find(|found| found.name() == file).unwrap()
}

/// `NUMBER NAME TYPE` of each field.
fn fields(message: &DescriptorProto) -> Vec<String> {
    let field = |field: &prost_types::FieldDescriptorProto| {
        let kind = match field.r#type() {
            Type::Message | Type::Enum => field.type_name().rsplit('.').next().unwrap().to_string(),
            other => other.as_str_name()["TYPE_".len()..].to_lowercase(),
        };
        let many = if field.label() == Label::Repeated {
            "s"
        } else {
            ""
        };
        format!("{} {} {kind}{many}", field.number(), field.name())
    };
    message.field.iter().map(field).collect()
}

#[test]
fn the_messages_are_those_of_the_chapter() {
    let school = compiled("school/v1/school.proto");
    assert_eq!(
        fields(&school.message_type[0]),
        [
            "1 id int32",
            "2 name string",
            "3 measures Measures",
            "4 scores int32s",
            "5 weekday Weekday",
            "6 teacher string",
            "7 class int32"
        ]
    );
    assert_eq!(school.message_type[0].oneof_decl[0].name(), "group");
    assert_eq!(fields(&school.message_type[1]), ["1 weight_kg int32"]);
    assert_eq!(school.enum_type[0].value[0].name(), "WEEKDAY_UNSPECIFIED");

    let panda = compiled("panda/v1/panda.proto");
    assert_eq!(
        fields(&panda.message_type[0]),
        ["1 name string", "2 height int32", "3 weight int32s"]
    );

    let book = compiled("addressbook/v1/addressbook.proto");
    let person = &book.message_type[0];
    assert_eq!(
        fields(person)[..5],
        [
            "1 name string",
            "2 id int32",
            "3 email string",
            "4 phones PhoneNumbers",
            "5 last_updated Timestamp"
        ]
    );
    assert!(fields(person)[5].ends_with("bytes"));
    assert!(fields(person)[6].ends_with("LinksEntrys"), "a map");
    let phone = person
        .nested_type
        .iter()
        .find(|m| m.name() == "PhoneNumber");
    assert_eq!(
        fields(phone.unwrap()),
        ["1 number string", "2 type PhoneType"]
    );
    let kinds: Vec<&str> = person.enum_type[0].value.iter().map(|v| v.name()).collect();
    assert_eq!(kinds[..2], ["PHONE_TYPE_UNSPECIFIED", "PHONE_TYPE_MOBILE"]);
    assert_eq!(person.reserved_range[0].start(), 6);
    assert_eq!(person.reserved_name, ["fax"]);
    assert_eq!(fields(&book.message_type[1]), ["1 people Persons"]);
}

/// The message for a broken .proto file: cargo prints these lines behind `error: `.
#[test]
fn a_mistake_is_a_file_a_line_and_a_reason() {
    let message = |inside: &str| format!("syntax = \"proto3\";\n\nmessage A {{\n{inside}\n}}\n");
    for (text, expected) in [
        (
            message("  int32 a = 1"),
            "proto/a/a.proto:5:1: expected ';' or '[', but found '}'",
        ),
        (
            message("  Nope a = 1;"),
            "proto/a/a.proto:4:3: name 'Nope' is not defined",
        ),
        (
            message("  int32 a = 1;\n  int32 b = 1;"),
            "proto/a/a.proto:5:13: field number '1' is already used",
        ),
        (
            message("  int32 a = 19000;"),
            "proto/a/a.proto:4:13: invalid field number '19000'",
        ),
        (
            message("  reserved 3;\n  int32 a = 3;"),
            "proto/a/a.proto:5:13: field number '3' conflicts with reserved range '3 to 3'",
        ),
        (
            "syntax = \"proto3\";\n\nenum E {\n  A = 1;\n}\n".to_string(),
            "proto/a/a.proto:4:7: the first value for proto3 enums must be 0",
        ),
        (
            "syntax = \"proto3\";\n\nimport \"a/nope.proto\";\n".to_string(),
            "proto/a/a.proto:3:1: import 'a/nope.proto' not found",
        ),
        (
            "syntax = \"proto3\";\n\nimport \"a/a.proto\";\n".to_string(),
            "proto/a/a.proto:3:1: import cycle detected: a/a.proto -> a/a.proto",
        ),
        (
            "syntax = \"proto3\";\n\nmessage A {\n  int32 a = 1;\n".to_string(),
            "proto/a/a.proto:4:15: expected a message field",
        ),
    ] {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("a")).unwrap();
        fs::write(root.path().join("a/a.proto"), &text).unwrap();
        let reason = protos::read(&["a/a.proto"], root.path()).unwrap_err();
        assert!(reason.starts_with(expected), "{text}\n{reason}");
        assert!(!reason.contains('\n'), "cargo shows one line: {reason}");
    }
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("b.proto"), b"// A\n// \xff\n").unwrap();
    let reason = protos::read(&["b.proto"], root.path()).unwrap_err();
    assert_eq!(
        reason,
        "proto/b.proto:2:4: file 'b.proto' is not valid utf-8"
    );
    let reason = protos::read(&["c.proto"], root.path()).unwrap_err();
    assert_eq!(reason, "proto/: file 'c.proto' is not in any include path");
}

/// A mistake in a file that another one imports is told with the name of the former.
#[test]
fn a_mistake_in_an_import_names_the_imported_file() {
    let root = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(root.path().join(name), text).unwrap();
    write("a.proto", "syntax = \"proto3\";\nimport \"b.proto\";\n");
    write(
        "b.proto",
        "syntax = \"proto3\";\nmessage B {\n  int32 b = 0;\n}\n",
    );
    let reason = protos::read(&["a.proto"], root.path()).unwrap_err();
    assert!(reason.starts_with("proto/b.proto:3:13: "), "{reason}");
}

/// Only what a lesson uses makes cargo build it again: its files and their imports, and no folder.
#[test]
fn a_lesson_depends_on_the_files_that_it_uses() {
    let root = support::protos();
    let set = protos::read(&["addressbook/v1/addressbook.proto"], &root).unwrap();
    assert_eq!(set.file.len(), 2, "it imports Timestamp");
    // That one is inside the compiler, and not on disk.
    let used = protos::used(&set, &root);
    assert_eq!(used, [root.join("addressbook/v1/addressbook.proto")]);
}
