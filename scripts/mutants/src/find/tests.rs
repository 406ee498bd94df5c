use super::mutations;

/// The changes of a text, as `function: change`.
fn changes(text: &str) -> Vec<String> {
    let found = mutations(text).unwrap();
    (found.iter())
        .map(|mutation| format!("{}: {}", mutation.function, mutation.change))
        .collect()
}

/// The text with the one mutation of this name.
fn with(text: &str, change: &str) -> String {
    let found = mutations(text).unwrap();
    let mutation = (found
        .iter()
        .find(|mutation| mutation.change.starts_with(change)))
    .unwrap_or_else(|| panic!("no `{change}` in {:#?}", changes(text)));
    let (start, end) = (mutation.start, mutation.end);
    let whole = format!("{}{}{}", &text[..start], mutation.text, &text[end..]);
    syn::parse_file(&whole).unwrap_or_else(|e| panic!("{change}: {e}\n{whole}"));
    whole
}

#[test]
fn an_expression_gets_other_operators_and_numbers() {
    let found = changes("pub fn double(n: u32) -> u32 {\n    n * 2\n}\n");
    assert_eq!(
        found,
        [
            "double: the body -> Default::default()",
            "double: n * 2 -> n - 2",
            "double: 2 -> 3 in n * 2",
            "double: 2 -> 1 in n * 2",
        ]
        .map(str::to_owned)
    );
}

#[test]
fn each_place_is_replaced_in_the_text_as_it_stands() {
    let text = "/// Grüße.\nfn f(ü: u8, b: bool) {\n    if ü <= 10 && !b { g(ü, 1)?; } // so\n}\n";
    assert!(with(text, "ü <= 10 -> ü < 10").contains("if ü < 10 && !b {"));
    assert!(with(text, "!b -> b").contains("if ü <= 10 && b {"));
    assert!(with(text, "10 -> 5").contains("if ü <= 5 &&"));
    assert!(with(text, "ü, 1 -> 1, ü").contains("g(1, ü)?; } // so"));
    assert!(with(text, "g(ü, 1)?; -> let _ = g(ü, 1);").contains("{ let _ = g(ü, 1); } // so"));
    assert!(with(text, "delete g(ü, 1)?;").contains("{  } // so"));
    assert!(with(text, "the body -> ").contains("fn f(ü: u8, b: bool) {  }"));
    assert_eq!(mutations(text).unwrap().last().unwrap().line, 3);
}

#[test]
fn a_lock_is_held_longer_and_a_timer_is_taken_away() {
    let text = "async fn f() {\n    let n = m.lock().unwrap().n;\n    { m.lock().unwrap().n = 2; }\n    \
                let t = timeout(d, call()).await;\n    sleep(d).await;\n}\n";
    assert!(
        with(text, "hold the lock longer: let n = m.lock().unwrap().n;")
            .contains("let mut held_longer = m.lock().unwrap(); let n = held_longer.n;")
    );
    assert!(
        with(text, "hold the lock longer: { m.lock().unwrap().n = 2; }")
            .contains("    m.lock().unwrap().n = 2; \n")
    );
    assert!(
        with(text, "timeout(d, call()).await -> no time limit")
            .contains("Ok::<_, tokio::time::error::Elapsed>((call()).await);")
    );
    with(text, "delete sleep(d).await;");
}

#[test]
fn macros_are_looked_into_and_tests_are_not() {
    let text = "fn f() {\n    tokio::select! {\n        biased;\n        _ = a(), if x > 1 => { n += 1; }\n        \
                b = c() => return,\n        else => {}\n    }\n    let v = vec![0; 8];\n    println!(\"{}\", 1 + 1);\n}\n\
                #[cfg(test)]\nmod tests { fn g() { 1 + 1; } }\n#[test]\nfn t() { 1 + 1; }\n";
    with(text, "x > 1 -> x >= 1");
    with(text, "n += 1 -> n -= 1");
    with(text, "8 -> 16");
    let found = changes(text).join("\n");
    assert!(!found.contains("1 + 1"), "{found}");
}

#[test]
fn the_same_change_twice_has_two_names() {
    let found = changes("fn f() -> u8 { a(7) + b(7) }");
    assert!(
        found.contains(&"f: 7 -> 8 in fn f() -> u8 { a(7) + b(7) }".to_owned()),
        "{found:#?}"
    );
    assert!(
        found.contains(&"f: 7 -> 8 in fn f() -> u8 { a(7) + b(7) } (2)".to_owned()),
        "{found:#?}"
    );
}

#[test]
fn each_change_says_which_item_it_is_in() {
    let text = "/// A.\npub const A: u8 = 7;\n\n/// F.\npub fn f() {\n    g(1);\n}\n";
    let found = mutations(text).unwrap();
    let item = |function: &str| {
        let mutation = found.iter().find(|m| m.function == function).unwrap();
        &text[mutation.item.0..mutation.item.1]
    };
    assert_eq!(item("A"), "const A: u8 = 7;");
    assert_eq!(item("f"), "fn f() {\n    g(1);\n}");
}
