//! Codes, ids and questions: enough bits, no favourite, and what people type.

use std::collections::BTreeMap;

use l16_captcha::code::{self, DIGITS, tidy};
use l16_captcha::question::{self, Question};

#[test]
fn each_digit_is_as_likely_as_any_other_at_each_place() {
    let mut seen: BTreeMap<(usize, char), u32> = BTreeMap::new();
    let codes = 8000_u32;
    for _ in 0..codes {
        let code = code::fresh(4).unwrap();
        assert_eq!(code.len(), 4);
        for place in code.chars().enumerate() {
            *seen.entry(place).or_default() += 1;
        }
    }
    assert_eq!(seen.len(), 4 * DIGITS.len(), "{seen:?}");
    let each = codes / 8;
    for ((place, digit), count) in seen {
        assert!(DIGITS.map(char::from).contains(&digit), "{digit}");
        // Nine times the standard deviation, which is 30: no luck is as bad.
        assert!(
            count.abs_diff(each) < 270,
            "{digit} at place {place}: {count} times of {each}"
        );
    }
}

#[test]
fn a_code_has_as_many_digits_as_were_asked_for() {
    for digits in 0..=8 {
        assert_eq!(code::fresh(digits).unwrap().len(), digits);
    }
}

#[test]
fn ids_and_sessions_are_128_bits_and_do_not_come_twice() {
    let mut ids: Vec<String> = (0..500).map(|_| code::id().unwrap()).collect();
    ids.extend((0..500).map(|_| code::session().unwrap()));
    // Each of the 128 bits is sometimes set and sometimes not.
    let (mut always, mut ever) = (u128::MAX, 0);
    for id in &ids {
        assert_eq!(id.len(), 32, "{id}");
        let value = u128::from_str_radix(id, 16).unwrap();
        always &= value;
        ever |= value;
    }
    assert_eq!((always, ever), (0, u128::MAX));
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 1000);
    assert_ne!(code::seed().unwrap(), code::seed().unwrap());
}

#[test]
fn what_people_type_is_tidied() {
    for typed in [
        "3456",
        " 3456\n",
        "3 4 5 6",
        "3, 4, 5, 6",
        "34-56",
        "3.4.5.6.",
        "３４５６",
        "٣٤٥٦",
        "۳۴۵۶",
        "३४५६",
        "\u{200e}3456\u{200b}",
        "3\u{a0}456",
        "3\u{3000}4\t56",
    ] {
        assert_eq!(tidy(typed), "3456", "{typed:?}");
    }
}

#[test]
fn what_is_no_answer_does_not_become_one() {
    assert_eq!(tidy(""), "");
    assert_eq!(tidy(" \t,.-"), "");
    for typed in ["three", "345G", "+3456", "3456'", "³456", "Ⅲ"] {
        assert_eq!(tidy(typed), typed, "{typed:?}");
    }
    let long = "3".repeat(100_000);
    assert_eq!(tidy(&long).len(), long.len());
}

/// The words of a question as digits, by a table of ten words.
fn read(words: &str) -> String {
    let names = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    ];
    let (_, list) = words.split_once(": ").unwrap();
    list.trim_end_matches('.')
        .split(", ")
        .map(|word| {
            names
                .iter()
                .position(|name| *name == word)
                .unwrap()
                .to_string()
        })
        .collect()
}

#[test]
fn a_question_asks_for_its_answer() {
    let mut answers = Vec::new();
    for seed in 0..2000 {
        let Question { words, answer } = question::ask(seed);
        assert_eq!(read(&words), answer, "{words}");
        assert_eq!(answer.len(), code::LENGTH);
        // Read aloud as it is: no sign that a screen reader would spell, no digit that gives it away.
        let plain = |letter: char| letter.is_ascii_alphabetic() || " :,.".contains(letter);
        assert!(words.chars().all(plain), "{words}");
        answers.push(answer);
    }
    assert_eq!(question::ask(7), question::ask(7));
    // 2,000 of 10,000 answers: some 190 come twice, and no more.
    answers.sort_unstable();
    answers.dedup();
    assert!(answers.len() > 1700, "{} answers", answers.len());
}
