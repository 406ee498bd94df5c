//! The check of `registry-trait`. All registries are in memory. One of them is new: nothing in `exercise.rs` knows it.

mod exercise;
mod given;

use std::collections::BTreeMap;

use exercise::{LegacyServer, Line, Registry, StaticFile, Unavailable, find};
use services::testkit::{Case, case};

/// A registry that does exactly what the trait says.
struct NewRegistry(&'static [(&'static str, &'static str)]);

impl Registry for NewRegistry {
    fn name(&self) -> &str {
        "new"
    }

    fn addresses(&self, service: &str) -> Result<Vec<String>, Unavailable> {
        let of_service = (self.0.iter()).filter(|(its, _)| its.eq_ignore_ascii_case(service));
        let mut addresses: Vec<String> =
            of_service.map(|(_, address)| address.to_string()).collect();
        addresses.sort();
        Ok(addresses)
    }
}

/// Another registry, under a name that its operator has given it.
struct Renamed(&'static str, Box<dyn Registry>);

impl Registry for Renamed {
    fn name(&self) -> &str {
        self.0
    }

    fn addresses(&self, service: &str) -> Result<Vec<String>, Unavailable> {
        self.1.addresses(service)
    }
}

type Make = fn() -> Box<dyn Registry>;

fn new_registry() -> Box<dyn Registry> {
    Box::new(NewRegistry(&[("Tea", "n1:80"), ("Stock", "n2:80")]))
}

/// `(service, address, disabled)`, in the order in which they were added.
fn file(lines: &[(&str, &str, bool)]) -> Box<dyn Registry> {
    let lines = lines.iter().map(|(service, address, disabled)| Line {
        service: service.to_string(),
        address: address.to_string(),
        disabled: *disabled,
    });
    let lines = lines.collect();
    Box::new(StaticFile { lines })
}

fn the_file() -> Box<dyn Registry> {
    file(&[
        ("Tea", "f3:80", false),
        ("Tea", "f1:80", true),
        ("Stock", "f9:80", true),
        ("Tea", "f2:80", false),
        ("Tea", "f3:80", false),
        ("TeaShop", "f7:80", false),
    ])
}

fn the_legacy_server(off: bool) -> Box<dyn Registry> {
    let services = [("tea", "l2:80;l1:80;l2:80"), ("login", "l5:80")];
    let services = services.map(|(name, addresses)| (name.to_string(), addresses.to_string()));
    let services = BTreeMap::from(services);
    Box::new(LegacyServer { services, off })
}

fn words(answer: &Result<Vec<String>, Unavailable>) -> String {
    match answer {
        Ok(addresses) if addresses.is_empty() => "an empty list".to_string(),
        Ok(addresses) => addresses.join(", "),
        Err(Unavailable) => "Unavailable".to_string(),
    }
}

/// Fails unless the answer is this one.
#[track_caller]
fn expect(
    case: &Case,
    what: &str,
    answer: &Result<Vec<String>, Unavailable>,
    expected: &Result<Vec<&str>, Unavailable>,
    advice: &str,
) {
    let expected = expected
        .clone()
        .map(|all| all.into_iter().map(str::to_string).collect());
    if *answer != expected {
        let report = case
            .report()
            .detail("asked for", what)
            .detail("expected", words(&expected))
            .detail("your answer", words(answer))
            .advice(advice);
        case.fail(report);
    }
}

#[test]
fn a_a_new_registry() {
    case("A registry that the code does not know: `new`", |case| {
        let answer = find(&[new_registry()], "Tea");
        let advice = match answer.as_deref() {
            Ok([]) if find(&[the_file()], "Tea").is_ok_and(|all| all.is_empty()) => {
                "`find` finds nothing in this registry, and nothing in a file that has the service."
            }
            Ok([]) => {
                "This registry keeps the promises of the trait, and `find` does not use what it answers. Your caller \
                 matched on the backend's name, perhaps."
            }
            _ => "It answers one address, and no error.",
        };
        expect(case, "Tea", &answer, &Ok(vec!["n1:80"]), advice);
    });
    case("The same registry under several names", |case| {
        let kinds: [Make; 3] = [new_registry, the_file, || the_legacy_server(false)];
        for make in kinds {
            let own = make().name().to_string();
            let as_itself = find(&[make()], "Tea");
            for name in ["file", "legacy", "new", "file-2", ""] {
                let answer = find(&[Box::new(Renamed(name, make()))], "Tea");
                if answer == as_itself {
                    continue;
                }
                let report = case
                    .report()
                    .detail(format!("as `{own}`"), words(&as_itself))
                    .detail(format!("renamed to `{name}`"), words(&answer))
                    .advice(
                        "The answer depends on the name of the registry. Whatever is special about a backend belongs \
                         into its `addresses`; then no caller needs to know it.",
                    );
                case.fail(report);
            }
        }
    });
}

#[test]
fn b_the_static_file() {
    case("`StaticFile::addresses`, without `find`", |case| {
        let file = the_file();
        let stock = file.addresses("Stock");
        let tea = file.addresses("Tea").unwrap_or_default();
        let advice = match &stock {
            Ok(_) if tea != ["f1:80", "f2:80", "f3:80"] => {
                "The list has the addresses of one service that are not disabled, and no others."
            }
            Ok(_) => {
                "The only instance of Stock is disabled. Only the file has such lines, so its adapter leaves them out."
            }
            Err(Unavailable) => "The file is always available, and an empty list is an answer.",
        };
        expect(case, "Stock", &stock, &Ok(vec![]), advice);
        let tea = file.addresses("Tea");
        let advice = match tea.as_deref() {
            Ok(tea) if tea.iter().any(|one| one == "f7:80") => {
                "f7:80 belongs to the service TeaShop: another name that begins with the same letters."
            }
            Ok(tea) if tea.iter().any(|one| one.starts_with("f1")) => {
                "f1:80 is disabled, so it is not healthy."
            }
            _ => "The trait promises the addresses sorted, each once.",
        };
        expect(case, "Tea", &tea, &Ok(vec!["f2:80", "f3:80"]), advice);
        let advice = "An unknown service is an empty list.";
        expect(case, "Login", &file.addresses("Login"), &Ok(vec![]), advice);
    });
}

#[test]
fn c_the_legacy_server() {
    case("`LegacyServer::addresses`, without `find`", |case| {
        let server = the_legacy_server(false);
        let advice = match server.addresses("tea").unwrap_or_default().is_empty() {
            true => {
                "The server answers 404 for `stock` alone. It knows `tea`, and there it is not found."
            }
            false => {
                "404 says that there is no such service. The server has answered, so it is available, and the list \
                 is empty."
            }
        };
        expect(
            case,
            "stock",
            &server.addresses("stock"),
            &Ok(vec![]),
            advice,
        );
        let tea = server.addresses("tea");
        let advice = "The server lists addresses in an order of its own. The trait promises: sorted, each once.";
        expect(case, "tea", &tea, &Ok(vec!["l1:80", "l2:80"]), advice);
        let off = the_legacy_server(true).addresses("tea");
        let advice = "503 says nothing about the service: the server cannot answer.";
        expect(
            case,
            "tea, while the server is off",
            &off,
            &Err(Unavailable),
            advice,
        );
    });
}

#[test]
fn d_capital_and_small_letters() {
    case("Names in capital and small letters", |case| {
        let advice = "Capital and small letters are the same for every caller of a registry, and not only for `find`. Each \
                      adapter handles them itself.";
        let legacy = the_legacy_server(false).addresses("TEA");
        let expected = Ok(vec!["l1:80", "l2:80"]);
        expect(
            case,
            "TEA, in the legacy server",
            &legacy,
            &expected,
            advice,
        );
        let file = the_file().addresses("tea");
        let expected = Ok(vec!["f2:80", "f3:80"]);
        expect(case, "tea, in the file", &file, &expected, advice);
        let all = [the_file(), the_legacy_server(false), new_registry()];
        let answer = find(&all, "tEa");
        let expected = Ok(vec!["f2:80", "f3:80", "l1:80", "l2:80", "n1:80"]);
        expect(case, "tEa, in all registries", &answer, &expected, advice);
    });
}

const UNAVAILABLE: &str =
    "`find` also says `Unavailable` if all registries have answered that there is no such service.";

#[test]
fn e_one_is_unavailable() {
    case("The legacy server is off", |case| {
        for all in [
            [the_legacy_server(true), the_file(), new_registry()],
            [the_file(), new_registry(), the_legacy_server(true)],
        ] {
            let answer = find(&all, "Tea");
            let nothing = find(&[the_file()], "Login");
            let advice = match &nothing {
                Ok(_) => {
                    "One registry is unavailable, and the others have answered. The addresses that they list can be \
                     called."
                }
                Err(Unavailable) => UNAVAILABLE,
            };
            let expected = Ok(vec!["f2:80", "f3:80", "n1:80"]);
            expect(case, "Tea", &answer, &expected, advice);
            let answer = find(&all, "Login");
            let advice = match &nothing {
                Ok(_) => {
                    "No registry that answered has this service, and one did not answer: it may have the service. An \
                     empty list would say that there is none."
                }
                Err(Unavailable) => UNAVAILABLE,
            };
            expect(case, "Login", &answer, &Err(Unavailable), advice);
        }
    });
    case("No registry at all", |case| {
        let answer = find(&[], "Tea");
        let advice = "No registry was unavailable, so the empty list is the answer.";
        expect(case, "Tea", &answer, &Ok(vec![]), advice);
    });
}

#[test]
fn f_two_files() {
    case("Two files list the same instances", |case| {
        let new = file(&[("Tea", "f2:80", false), ("Tea", "a1:80", false)]);
        let answer = find(&[the_file(), new], "Tea");
        let advice =
            "Each list is sorted, and their concatenation is not. The result is sorted, each once.";
        let expected = Ok(vec!["a1:80", "f2:80", "f3:80"]);
        expect(case, "Tea", &answer, &expected, advice);
    });
}
