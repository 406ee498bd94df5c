//! .proto files, right and wrong.

use super::*;

fn proto(path: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../proto", path]
        .iter()
        .collect()
}

/// The types of the lessons about gRPC.
pub fn greeter() -> DescriptorPool {
    read(&[proto("greeter/v1/greeter.proto")], &[]).unwrap()
}

/// A file with this text, in a folder of its own that is removed at the end.
fn written(name: &str, text: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("wire-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("a.proto");
    std::fs::write(&file, text).unwrap();
    file
}

#[test]
fn the_files_of_the_course_are_read() {
    let files = [
        proto("greeter/v1/greeter.proto"),
        proto("hello/v1/hello.proto"),
    ];
    let schema = Schema::of(read(&files, &[]).unwrap());
    let method = schema.method("/greeter.v1.Greeter/SayHello").unwrap();
    assert_eq!(method.input().full_name(), "greeter.v1.HelloRequest");
    assert!(schema.method("/greeter.v1.Greeter/Nope").is_none());
    assert!(schema.method("nonsense").is_none());
    let found = read(&files[..1], &[proto("")]).unwrap();
    assert!(message_named(&found, "HelloReply").is_ok());
}

#[test]
fn a_mistake_has_file_line_and_reason() {
    for (name, text, part) in [
        (
            "syntax",
            "syntax = \"proto3\";\nmessage A { string name = ; }\n",
            "a.proto:2:27: expected",
        ),
        (
            "type",
            "syntax = \"proto3\";\n\nmessage A { strin s = 1; }\n",
            "a.proto:3:13: name 'strin'",
        ),
        (
            "import",
            "syntax = \"proto3\";\nimport \"b.proto\";\n",
            "import 'b.proto' not found",
        ),
    ] {
        let file = written(name, text);
        let error = read(std::slice::from_ref(&file), &[]).unwrap_err();
        assert!(error.contains(part), "{error}");
        assert!(error.starts_with(&file.display().to_string()), "{error}");
        assert!(!error.contains('\n'), "{error:?}");
        std::fs::remove_dir_all(file.parent().unwrap()).unwrap();
    }
    let error = read(&[PathBuf::from("nowhere.proto")], &[]).unwrap_err();
    assert_eq!(error, "nowhere.proto: there is no such file");
}

#[test]
fn a_name_that_is_wrong_or_means_two_is_said() {
    let text = "syntax = \"proto3\";\nmessage A { message X {} }\nmessage B { message X {} }\n";
    let file = written("names", text);
    let pool = read(std::slice::from_ref(&file), &[]).unwrap();
    let error = message_named(&pool, "X").unwrap_err();
    assert!(error.contains("A.X") && error.contains("B.X"), "{error}");
    let error = message_named(&pool, "Y").unwrap_err();
    assert!(error.ends_with("Known: A, A.X, B, B.X"), "{error}");
    std::fs::remove_dir_all(file.parent().unwrap()).unwrap();
}

/// The screen waits for an answer that is under way, and not for one that will not come.
#[test]
fn a_question_is_waited_for_only_while_it_is_open() {
    let (schema, mut asked) = Schema::by_reflection();
    assert!(schema.method("/a.B/C").is_none());
    schema.want_method("/greeter.v1.Greeter/SayHello");
    assert_eq!(asked.try_recv(), Ok(Asked::ByTraffic));
    let answering = Arc::clone(&schema);
    let thread = std::thread::spawn(move || {
        answering.answered(Some(greeter()));
    });
    // Whether it comes before or after the answer, this finds the method; unless compiling a file
    // takes longer than the screen waits.
    let found = schema.method("/greeter.v1.Greeter/SayHello");
    thread.join().unwrap();
    assert!(found.is_some() || schema.method("/greeter.v1.Greeter/SayHello").is_some());
    schema.want(Asked::ByTraffic);
    assert!(asked.try_recv().is_err(), "not again so soon");
}
