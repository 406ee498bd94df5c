//! `?filter=`: a small language in which a caller says which entries it wants.
//!
//! `Service.Meta.version == "2" and "grpc" in Service.Tags`. The names are those of the answer itself,
//! so an expression is judged on the JSON that would be sent. The real one checks the names against Go's
//! types before it looks at anything; here an unknown name is found out at the first entry.

use serde_json::Value;

use crate::refused::Refused;

/// An expression, read.
#[derive(Debug, PartialEq)]
pub enum Filter {
    /// Both.
    And(Box<Filter>, Box<Filter>),
    /// At least one.
    Or(Box<Filter>, Box<Filter>),
    /// Not this.
    Not(Box<Filter>),
    /// One comparison: where to look, how, and with what.
    Match(Vec<String>, Op, String),
}

/// The comparisons.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names are those of the language")]
pub enum Op {
    Equal,
    Contains,
    Empty,
}

/// These are left out of an answer when they are empty: absent is no mistake.
const OPTIONAL: [&str; 4] = ["Kind", "TaggedAddresses", "ServiceTaggedAddresses", "Meta"];
/// Deeper than this nobody means it.
const DEEP: usize = 100;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(&'static str),
}

impl Filter {
    /// Reads an expression.
    pub fn read(text: &str) -> Result<Filter, Refused> {
        let wrong = |(at, expected): (usize, &str)| {
            Refused::internal(format!(
                "Failed to create boolean expression evaluator: 1:{} ({at}): no match found, \
                 expected: {expected}",
                at + 1
            ))
        };
        let mut parser = Parser {
            tokens: tokens(text).map_err(wrong)?,
            at: 0,
            end: text.len(),
        };
        let filter = parser.any(0).map_err(wrong)?;
        match parser.tokens.get(parser.at) {
            None => Ok(filter),
            Some((at, _)) => Err(wrong((*at, "\"and\", \"or\" or the end"))),
        }
    }

    /// Whether an entry is wanted.
    pub fn wants(&self, entry: &Value) -> Result<bool, Refused> {
        Ok(match self {
            Filter::And(left, right) => left.wants(entry)? && right.wants(entry)?,
            Filter::Or(left, right) => left.wants(entry)? || right.wants(entry)?,
            Filter::Not(filter) => !filter.wants(entry)?,
            Filter::Match(selector, op, value) => look(entry, selector, 0, *op, value)?,
        })
    }
}

fn look(at: &Value, path: &[String], depth: usize, op: Op, wanted: &str) -> Result<bool, Refused> {
    let Some(name) = path.get(depth) else {
        return Ok(compare(at, op, wanted));
    };
    match at {
        Value::Object(members) => match members.get(name) {
            Some(member) => look(member, path, depth + 1, op, wanted),
            // Inside `Meta` and its like any name may be there or not.
            None if depth > 0 && path[depth - 1].ends_with("Meta") => Ok(false),
            None if OPTIONAL.contains(&name.as_str()) => Ok(op == Op::Empty),
            None => {
                let selector = path.join(".");
                Err(Refused::internal(format!(
                    "Failed to create boolean expression evaluator: Selector {selector:?} is not valid"
                )))
            }
        },
        // Of a list, one is enough.
        Value::Array(list) => {
            for item in list {
                if look(item, path, depth, op, wanted)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        _ => Ok(false),
    }
}

fn compare(found: &Value, op: Op, wanted: &str) -> bool {
    match (op, found) {
        (Op::Equal, Value::String(text)) => text == wanted,
        (Op::Equal, Value::Number(number)) => number.to_string() == wanted,
        (Op::Equal, Value::Bool(flag)) => flag.to_string() == wanted,
        (Op::Contains, Value::Array(list)) => list.iter().any(|item| item == wanted),
        (Op::Contains, Value::Object(members)) => members.contains_key(wanted),
        (Op::Contains, Value::String(text)) => text.contains(wanted),
        (Op::Empty, Value::Array(list)) => list.is_empty(),
        (Op::Empty, Value::Object(members)) => members.is_empty(),
        (Op::Empty, Value::Null) => true,
        _ => false,
    }
}

type Wrong = (usize, &'static str);

fn tokens(text: &str) -> Result<Vec<(usize, Token)>, Wrong> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let sign = ["==", "!=", "(", ")", "[", "]"]
            .into_iter()
            .find(|sign| rest.starts_with(sign));
        let length = if c.is_whitespace() {
            c.len_utf8()
        } else if let Some(sign) = sign {
            tokens.push((at, Token::Sign(sign)));
            sign.len()
        } else if c == '"' || c == '`' {
            let end = rest[1..].find(c).ok_or((text.len(), "a closing quote"))?;
            tokens.push((at, Token::Text(rest[1..=end].to_owned())));
            end + 2
        } else {
            let inside = |c: char| c.is_alphanumeric() || "_.-/:".contains(c);
            let end = rest.find(|c| !inside(c)).unwrap_or(rest.len());
            if end == 0 {
                return Err((at, "\"!=\", \"==\", \"in\", \"contains\" or a name"));
            }
            tokens.push((at, Token::Word(rest[..end].to_owned())));
            end
        };
        at += length;
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
    end: usize,
}

impl Parser {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).map(|(_, token)| token.clone());
        self.at += 1;
        token
    }

    /// Goes on if these words stand here.
    fn words(&mut self, words: &[&str]) -> bool {
        let here = self.tokens.iter().skip(self.at).map(|(_, token)| token);
        let count = here
            .zip(words)
            .filter(|(token, word)| **token == Token::Word((**word).into()));
        let found = count.count() == words.len();
        self.at += if found { words.len() } else { 0 };
        found
    }

    fn sign(&mut self, sign: &'static str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some((_, Token::Sign(own))) if *own == sign);
        self.at += usize::from(found);
        found
    }

    fn wrong<T>(&self, expected: &'static str) -> Result<T, Wrong> {
        let here = self.tokens.get(self.at).map_or(self.end, |(at, _)| *at);
        Err((here, expected))
    }

    fn any(&mut self, depth: usize) -> Result<Filter, Wrong> {
        let mut left = self.all(depth)?;
        while self.words(&["or"]) {
            left = Filter::Or(Box::new(left), Box::new(self.all(depth)?));
        }
        Ok(left)
    }

    fn all(&mut self, depth: usize) -> Result<Filter, Wrong> {
        let mut left = self.one(depth)?;
        while self.words(&["and"]) {
            left = Filter::And(Box::new(left), Box::new(self.one(depth)?));
        }
        Ok(left)
    }

    fn one(&mut self, depth: usize) -> Result<Filter, Wrong> {
        if depth > DEEP {
            return self.wrong("less depth");
        }
        if self.words(&["not"]) {
            return Ok(Filter::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.sign("(") {
            let inside = self.any(depth + 1)?;
            return if self.sign(")") {
                Ok(inside)
            } else {
                self.wrong("\")\"")
            };
        }
        let Some(Token::Word(left) | Token::Text(left)) = self.next() else {
            self.at -= 1;
            return self.wrong("a name or a value");
        };
        // `"value" in List`: the value comes first.
        for (words, not) in [(&["in"][..], false), (&["not", "in"], true)] {
            if self.words(words) {
                let name = self.value()?;
                let selector = self.selector(&name)?;
                return Ok(negate(not, Filter::Match(selector, Op::Contains, left)));
            }
        }
        let selector = self.selector(&left)?;
        for (words, not) in [
            (&["is", "empty"][..], false),
            (&["is", "not", "empty"], true),
        ] {
            if self.words(words) {
                return Ok(negate(
                    not,
                    Filter::Match(selector, Op::Empty, String::new()),
                ));
            }
        }
        let (op, not) = if self.sign("==") {
            (Op::Equal, false)
        } else if self.sign("!=") {
            (Op::Equal, true)
        } else if self.words(&["contains"]) {
            (Op::Contains, false)
        } else if self.words(&["not", "contains"]) {
            (Op::Contains, true)
        } else {
            return self.wrong("\"!=\", \".\", \"==\", \"[\", \"contains\", \"in\" or \"is\"");
        };
        let value = self.value()?;
        Ok(negate(not, Filter::Match(selector, op, value)))
    }

    fn value(&mut self) -> Result<String, Wrong> {
        match self.next() {
            Some(Token::Word(value) | Token::Text(value)) => Ok(value),
            _ => {
                self.at -= 1;
                self.wrong("a value")
            }
        }
    }

    /// `A.B`, and `A["b"]` for names that are no words.
    fn selector(&mut self, first: &str) -> Result<Vec<String>, Wrong> {
        let mut selector: Vec<_> = first.split('.').map(str::to_owned).collect();
        while self.sign("[") {
            selector.push(self.value()?);
            if !self.sign("]") {
                return self.wrong("\"]\"");
            }
        }
        Ok(selector)
    }
}

fn negate(not: bool, filter: Filter) -> Filter {
    if not {
        Filter::Not(Box::new(filter))
    } else {
        filter
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wants(filter: &str) -> bool {
        let entry = json!({
            "Service": {"ID": "web1", "Port": 80, "Tags": ["a", "b"], "Meta": {"a-b": "1"}},
            "Checks": [{"Status": "passing"}, {"Status": "warning"}],
        });
        Filter::read(filter).unwrap().wants(&entry).unwrap()
    }

    #[test]
    fn what_it_says_is_what_is_wanted() {
        assert!(wants(r#"Service.ID == "web1" and Service.Port == 80"#));
        assert!(wants("Service.ID != web2"));
        assert!(wants(r#""a" in Service.Tags and c not in Service.Tags"#));
        assert!(wants("Service.Tags contains b"));
        assert!(wants(
            r#"Service.Meta["a-b"] == "1" and not Service.Meta.none == 1"#
        ));
        assert!(wants("Service.Tags is not empty"));
        assert!(wants("Checks.Status == warning"));
        assert!(wants(
            "(Service.Port == 1 or Service.Port == 80) and not (Service.ID == x)"
        ));
        assert!(!wants("Service.Port == 1 or Service.ID == x"));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "nonsense", "Port>99", "(A == 1", "A ==", "== 1", "\"open", "A == 1 B", "",
        ] {
            let words = Filter::read(text).unwrap_err().words;
            assert!(
                words.starts_with("Failed to create boolean expression"),
                "{text}: {words}"
            );
        }
        assert!(Filter::read(&"not ".repeat(100_000)).is_err());
        let filter = Filter::read("Foo == 1").unwrap();
        assert!(
            filter
                .wants(&json!({"ID": "x"}))
                .unwrap_err()
                .words
                .contains("\"Foo\"")
        );
    }
}
