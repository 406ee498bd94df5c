//! The check of `json-fields`: stars are written and read, and some of the JSON is wrong.

mod exercise;
mod given;

use exercise::{CLASSES, Star, Wrong, from_json, to_json};
use serde_json::{Value, json};
use testkit::{Case, case};

fn star() -> Star {
    Star {
        catalogue_id: 9_007_199_254_740_993,
        photons: 12,
        magnitude: 9.5,
        class: 2,
        name: "Barnard".to_string(),
    }
}

fn words(read: &Result<Star, Wrong>) -> String {
    match read {
        Ok(star) => format!("{star:?}"),
        Err(wrong) => format!("an error about `{}`: {}", wrong.field, wrong.why),
    }
}

/// Reads this JSON, which must give a star with this in it.
#[track_caller]
fn reads<T: PartialEq + std::fmt::Debug>(
    case: &Case,
    json: &Value,
    part: impl Fn(&Star) -> T,
    right: &T,
    advice: &str,
) {
    let read = from_json(json);
    if read.as_ref().ok().map(&part).as_ref() != Some(right) {
        case.differ(format!("{right:?}, from {json}"), words(&read), advice);
    }
}

/// Reads this JSON, which must be refused, with the name of this field.
#[track_caller]
fn refuses(case: &Case, json: &Value, field: &str, advice: &str) {
    match from_json(json) {
        Err(wrong) if wrong.field == field => {}
        read => case.differ(
            format!("an error about `{field}`, for {json}"),
            words(&read),
            advice,
        ),
    }
}

#[test]
fn a_names_have_two_forms() {
    case("The names of the members", |case| {
        let json = to_json(&star());
        if json.get("catalogueId").is_none() {
            let advice = match json.get("catalogue_id") {
                Some(_) => {
                    "The field is `catalogue_id` in the .proto file, and its member is `catalogueId` in JSON."
                }
                None => "A star is an object of JSON, with a member for each field.",
            };
            case.differ("a member `catalogueId`", json.to_string(), advice);
        }
        let json = json!({"catalogue_id": "7"});
        let usual = from_json(&json!({"catalogueId": "7"}));
        let advice = match usual.is_ok_and(|star| star.catalogue_id == 7) {
            true => {
                "Both names are read: a sender may have copied this one out of the .proto file."
            }
            false => "This member is not read, and `catalogueId` is not read either.",
        };
        reads(case, &json, |star| star.catalogue_id, &7, advice);
    });
}

#[test]
fn b_not_every_double_is_a_number() {
    for (value, name) in [
        (f64::INFINITY, "Infinity"),
        (f64::NEG_INFINITY, "-Infinity"),
        (f64::NAN, "NaN"),
    ] {
        case(&format!("A star of magnitude {name}"), |case| {
            let json = to_json(&Star {
                magnitude: value,
                ..star()
            });
            let got = json.get("magnitude").cloned().unwrap_or(Value::Null);
            if got != json!(name) {
                let advice = match to_json(&star())["magnitude"].is_number() {
                    true => {
                        "JSON has no such number, and serde_json writes `null` for it. That is read as the default, 0. The \
                         mapping has a string for it."
                    }
                    false => "A magnitude of 9.5 is not written as a number either.",
                };
                case.differ(format!("\"{name}\""), got.to_string(), advice);
            }
            let json = json!({"magnitude": name});
            let advice = "The string is read as the same double: `read_double` does it.";
            let same = |star: &Star| star.magnitude.to_bits() == value.to_bits();
            reads(case, &json, same, &true, advice);
        });
    }
    case("A star of magnitude 9.5", |case| {
        let json = to_json(&star());
        let got = json
            .get("magnitude")
            .map_or("no member".to_string(), Value::to_string);
        let advice = "JSON has this number.";
        case.expect_eq("9.5", got.as_str(), advice);
        let json = json!({"magnitude": 3});
        reads(
            case,
            &json,
            |star| star.magnitude,
            &3.0,
            "3 is a double as well.",
        );
        refuses(
            case,
            &json!({"magnitude": "bright"}),
            "magnitude",
            "`read_double` refuses it, and its error is the result.",
        );
    });
}

#[test]
fn c_enums_by_name() {
    case("The class of a star", |case| {
        let json = to_json(&star());
        let got = json
            .get("class")
            .map_or("no member".to_string(), Value::to_string);
        let advice = match got.as_str() {
            "2" => "A value of an enum is written as its name: a page need not know the number.",
            _ => "The class of this star is 2, and the name of 2 is GIANT.",
        };
        case.expect_eq("\"GIANT\"", got.as_str(), advice);
        let class = |star: &Star| star.class;
        for (right, name) in (0..).zip(CLASSES) {
            reads(
                case,
                &json!({ "class": name }),
                class,
                &right,
                "`read_class` reads names.",
            );
        }
        reads(
            case,
            &json!({"class": 2}),
            class,
            &2,
            "`read_class` reads numbers as well.",
        );
        let json = json!({"class": "COMET"});
        let advice =
            "There is no such class. As 0 it would be another value than the one that was sent.";
        refuses(case, &json, "class", advice);
    });
    case(
        "A class that was added after this program was built",
        |case| {
            let json = to_json(&Star { class: 9, ..star() });
            let got = json
                .get("class")
                .map_or("no member".to_string(), Value::to_string);
            let advice = "Enums are open: 9 has no name here, and is a value all the same. Write the number.";
            case.expect_eq("9", got.as_str(), advice);
            let class = |star: &Star| star.class;
            reads(
                case,
                &json!({"class": 9}),
                class,
                &9,
                "`read_class` reads it.",
            );
        },
    );
}

#[test]
fn d_unknown_members() {
    case("Members that are missing, `null` or misspelt", |case| {
        let name = |star: &Star| star.name.clone();
        let none = String::new();
        let advice = "A field without a member has its default.";
        reads(case, &json!({}), name, &none, advice);
        let advice = "`null` is the same as no member.";
        reads(case, &json!({"name": null}), name, &none, advice);
        let advice = match from_json(&json!({"magnitud": 3})) {
            Ok(_) => {
                "`magnitud` is a typing error. Skipped, the magnitude would be 0, and the sender would not learn of its error. \
                 The result is an error that names the member."
            }
            Err(_) => "The error names the member: that is its `field`.",
        };
        refuses(case, &json!({"magnitud": 3}), "magnitud", advice);
        let advice = "A name is a string. `read_string` returns the error.";
        refuses(case, &json!({"name": 3}), "name", advice);
        let advice = "`read_integer` refuses it, and its error is the result.";
        refuses(
            case,
            &json!({"catalogueId": "seven"}),
            "catalogueId",
            advice,
        );
        refuses(case, &json!({"photons": -1}), "photons", advice);
        let advice = "An array has no members: the error names none.";
        refuses(case, &json!([1, 2]), "", advice);
    });
    case("What was written is read again", |case| {
        let star = star();
        let advice = "`from_json` reads what `to_json` has written.";
        reads(case, &to_json(&star), Star::clone, &star, advice);
    });
}
