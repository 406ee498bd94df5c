//! The check of `transcode`. It reads what is written as a browser does, where every number is a double.

mod exercise;
mod given;

use exercise::{Class, Star, Wrong, from_json, to_json};
use serde_json::{Value, json};
use services::testkit::{Case, case};

fn star() -> Star {
    Star {
        catalogue_id: 9_007_199_254_740_993,
        photons: 12,
        magnitude: 9.5,
        class: Class::Giant as i32,
        name: "Barnard".to_string(),
    }
}

/// What a page in a browser sees: there, a number is a double.
fn in_a_browser(value: &Value) -> String {
    match value {
        Value::Number(number) => number
            .as_f64()
            .map_or("nothing".to_string(), |f| format!("{f}")),
        Value::String(text) => text.clone(),
        other => other.to_string(),
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

// The belief of this exercise. JSON has one kind of number, and most who read it have only doubles.
#[test]
fn a_the_last_digit() {
    case("A star is sent to a page", |case| {
        let json = to_json(&star());
        let id = json.get("catalogueId").or(json.get("catalogue_id"));
        let seen = id.map_or("nothing".to_string(), in_a_browser);
        if seen != "9007199254740993" {
            let advice = "9007199254740993 lost its last digit: the page asks for another star from now on. A page \
                          reads every number of JSON as a double, which has 53 bits for digits. Send a string.";
            case.differ("9007199254740993 in the page", seen, advice);
        }
        let many = Star {
            photons: u64::MAX,
            ..star()
        };
        let seen = to_json(&many);
        let seen = seen
            .get("photons")
            .map_or("nothing".to_string(), in_a_browser);
        let advice = "A uint64 is no better off: send a string as well.";
        case.expect_eq(u64::MAX.to_string().as_str(), seen.as_str(), advice);
        let few = to_json(&star());
        if few.get("photons") != Some(&json!("12")) {
            let advice = "12 would fit. But who reads this has to know the type before he sees the value: a 64-bit \
                          integer is always a string.";
            let got = few
                .get("photons")
                .map_or("nothing".to_string(), Value::to_string);
            case.differ("\"12\"", got, advice);
        }
    });
}

#[test]
fn b_numbers_come_either_way() {
    case("Pages, scripts and curl send stars", |case| {
        let advice = "This is what you send yourself.";
        let id = |star: &Star| star.catalogue_id;
        let right = 9_007_199_254_740_993;
        let text = json!({"catalogueId": "9007199254740993"});
        reads(case, &text, id, &right, advice);
        let advice = "Somebody has written a number. What it says is exact in JSON: take it as an integer, and not by \
                      way of a double.";
        let number = json!({"catalogueId": 9_007_199_254_740_993_u64});
        reads(case, &number, id, &right, advice);
        let advice = "5.0 is the integer 5: some languages write all their numbers so.";
        reads(case, &json!({"catalogueId": 5.0}), id, &5, advice);
        let photons = |star: &Star| star.photons;
        let json = json!({"photons": u64::MAX.to_string()});
        reads(case, &json, photons, &u64::MAX, "The largest uint64.");
    });
    case("Numbers that do not fit", |case| {
        let advice = "One and a half is no integer. Who cuts it has changed what was said.";
        refuses(case, &json!({"photons": 1.5}), "photons", advice);
        let advice = "There are no fewer than no photons: a uint64 has no sign.";
        refuses(case, &json!({"photons": -1}), "photons", advice);
        let json = json!({"catalogueId": "9223372036854775808"});
        let advice = "This is 2 to the power of 63, one more than an int64 holds.";
        refuses(case, &json, "catalogueId", advice);
        refuses(
            case,
            &json!({"photons": true}),
            "photons",
            "`true` is no number.",
        );
    });
}

#[test]
fn c_names_have_two_forms() {
    case("The names of fields", |case| {
        let json = to_json(&star());
        if json.get("catalogueId").is_none() {
            let advice = "In the .proto file it is `catalogue_id`, in JSON `catalogueId`: each side has the form that \
                          its language expects.";
            case.differ("a member `catalogueId`", json.to_string(), advice);
        }
        let json = json!({"catalogue_id": "7"});
        let advice = "Both forms are read: people copy names out of the .proto file.";
        reads(case, &json, |star| star.catalogue_id, &7, advice);
    });
}

#[test]
fn d_not_every_double_is_a_number() {
    for (value, name) in [
        (f64::INFINITY, "Infinity"),
        (f64::NEG_INFINITY, "-Infinity"),
        (f64::NAN, "NaN"),
    ] {
        case(&format!("A star whose magnitude is {name}"), |case| {
            let json = to_json(&Star {
                magnitude: value,
                ..star()
            });
            let got = json.get("magnitude").cloned().unwrap_or(Value::Null);
            if got != json!(name) {
                let advice = "JSON has no such number, and serde_json writes `null` for it, which is read as \"not \
                              set\", so as 0. The mapping has a string for it.";
                case.differ(format!("\"{name}\""), got.to_string(), advice);
            }
            let json = json!({"magnitude": name});
            let advice = "And the string is read again.";
            let same = |star: &Star| star.magnitude.to_bits() == value.to_bits();
            reads(case, &json, same, &true, advice);
        });
    }
    case("A star of magnitude 9.5", |case| {
        let json = to_json(&star());
        let got = json
            .get("magnitude")
            .map_or("nothing".to_string(), Value::to_string);
        let advice = "A double that is a number is a number in JSON too.";
        case.expect_eq("9.5", got.as_str(), advice);
        let json = json!({"magnitude": 3});
        reads(
            case,
            &json,
            |star| star.magnitude,
            &3.0,
            "3 is a double too.",
        );
        refuses(
            case,
            &json!({"magnitude": "bright"}),
            "magnitude",
            "No number.",
        );
    });
}

#[test]
fn e_enums_by_name() {
    case("The class of a star", |case| {
        let json = to_json(&star());
        let got = json
            .get("class")
            .map_or("nothing".to_string(), Value::to_string);
        let advice =
            "A value of an enum is sent by its name: a page should not have to know numbers.";
        case.expect_eq("\"GIANT\"", got.as_str(), advice);
        let class = |star: &Star| star.class;
        for (known, name) in Class::ALL {
            let right = known as i32;
            reads(case, &json!({ "class": name }), class, &right, "By name.");
        }
        reads(
            case,
            &json!({"class": 2}),
            class,
            &2,
            "Numbers are read as well.",
        );
        let json = json!({"class": "COMET"});
        let advice = "There is no such class. Who takes it for 0 has invented an answer.";
        refuses(case, &json, "class", advice);
    });
    case(
        "A class that was added after this program was built",
        |case| {
            let json = to_json(&Star { class: 9, ..star() });
            let got = json
                .get("class")
                .map_or("nothing".to_string(), Value::to_string);
            let advice =
                "Enums are open: 9 has no name here and is a value all the same. Send the number.";
            case.expect_eq("9", got.as_str(), advice);
            let class = |star: &Star| star.class;
            reads(case, &json!({"class": 9}), class, &9, "And it is read.");
        },
    );
}

#[test]
fn f_what_nobody_knows() {
    case("What was left out, and what was misspelt", |case| {
        let name = |star: &Star| star.name.clone();
        let none = String::new();
        let advice = "A field that is not there has its default.";
        reads(case, &json!({}), name, &none, advice);
        let advice = "`null` says the same as leaving it out.";
        reads(case, &json!({"name": null}), name, &none, advice);
        let advice = "`magnitud` was meant to be something. Who ignores it answers a question that nobody has asked, and \
                      the sender never learns of it. Name the field.";
        refuses(case, &json!({"magnitud": 3}), "magnitud", advice);
        let advice = "A name is a text.";
        refuses(case, &json!({"name": 3}), "name", advice);
        let advice = "A star is an object, with members. There is no field to name, so name none.";
        refuses(case, &json!([1, 2]), "", advice);
    });
    case("There and back", |case| {
        let star = star();
        let advice = "What you write, you read.";
        reads(case, &to_json(&star), Star::clone, &star, advice);
    });
}
