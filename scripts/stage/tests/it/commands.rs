//! A table of commands and options.

use std::time::Duration;

use stage::commands::{Given, Program, command, flag, heading, hidden, option};

const PROGRAM: Program = Program {
    name: "l99-test",
    title: "A test.",
    commands: &[
        command("", "the demo"),
        command("server", "a server"),
        command("client Ada Grace", "a client"),
        command("--features mine -- mine", "yours"),
    ],
    options: &[
        heading("Options of all"),
        option("addr ADDR", "where to listen", "127.0.0.1:8080"),
        option("time-ms MS", "the time for each line,\nand more", "30000"),
        flag("tokio", "the tokio version"),
        hidden("until-stdin-ends"),
        heading("Options of client"),
        option("times N", "how often", "1"),
    ],
    end: "Ctrl-C ends it.\n",
};

const HELP: &str = "\
A test.

  cargo run -p l99-test                          the demo
  cargo run -p l99-test -- server                a server
  cargo run -p l99-test -- client Ada Grace      a client
  cargo run -p l99-test --features mine -- mine  yours

Options of all:
  --addr ADDR   where to listen  [127.0.0.1:8080]
  --time-ms MS  the time for each line,
                and more         [30000]
  --tokio       the tokio version
Options of client:
  --times N  how often  [1]

Ctrl-C ends it.
";

fn parse(args: &str) -> anyhow::Result<Option<Given>> {
    PROGRAM.parse(args.split_whitespace().map(Into::into))
}

fn given(args: &str) -> Given {
    parse(args).unwrap().expect("not the help")
}

#[test]
fn the_help_is_made_of_the_table() {
    assert_eq!(PROGRAM.help(), HELP);
    assert!(parse("--help").unwrap().is_none() && parse("server -h").unwrap().is_none());
}

#[test]
fn values_and_defaults() {
    let none = given("");
    assert_eq!(
        (none.command(), none.words().len(), none.has("tokio")),
        ("", 0, false)
    );
    assert_eq!(none.address("addr").unwrap().port(), 8080);
    assert_eq!(none.value::<u32>("time-ms").unwrap(), 30_000);
    assert_eq!(none.millis("time-ms").unwrap(), None);
    let some =
        given("client Ada -12 --times 3 --tokio --times=4 --addr [::1]:1 --time-ms 7 -- --x");
    assert_eq!(
        (some.command(), some.words()),
        ("client", &["Ada", "-12", "--x"].map(String::from)[..])
    );
    assert_eq!(
        (some.all("times").len(), some.text("times")),
        (2, Some("4"))
    );
    assert!(some.has("tokio") && !some.has("until-stdin-ends"));
    assert_eq!(some.address("addr").unwrap().port(), 1);
    let (mut times, mut time) = (9_u8, Duration::ZERO);
    some.set("times", &mut times).unwrap();
    some.set_millis("time-ms", &mut time).unwrap();
    assert_eq!((times, time), (4, Duration::from_millis(7)));
    assert!(some.at_most(3).is_ok());
    assert_eq!(given("mine").command(), "mine");
}

#[test]
fn what_is_wrong_is_said() {
    for (args, words) in [
        ("sever", "there is no `sever`; `--help` shows what there is"),
        (
            "server --nonsense",
            "there is no option `--nonsense`; `--help` shows what there is",
        ),
        ("server --addr", "missing argument for option '--addr'"),
        (
            "server --tokio=yes",
            "unexpected argument for option '--tokio': \"yes\"",
        ),
        ("server -x", "invalid option '-x'"),
    ] {
        assert_eq!(parse(args).unwrap_err().to_string(), words, "{args}");
    }
    let wrong = given("server now --addr 8080 --times many");
    let words = |error: anyhow::Error| format!("{error:#}");
    let said = words(wrong.at_most(0).unwrap_err());
    assert_eq!(
        said,
        "`now` is one word too many; `--help` shows what there is"
    );
    let said = words(wrong.address("addr").unwrap_err());
    assert!(
        said.starts_with("--addr 8080: an address looks like 127.0.0.1:8080"),
        "{said}"
    );
    let said = words(wrong.parsed::<u8>("times").unwrap_err());
    assert_eq!(said, "--times many: invalid digit found in string");
}
