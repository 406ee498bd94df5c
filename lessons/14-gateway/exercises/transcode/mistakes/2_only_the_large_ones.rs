//! belief: only-the-large-ones
//! words: Only numbers that are too large need to be strings.
//! check: a_the_last_digit
//! says: has to know the type before he sees the value

use serde_json::{Number, Value, json};

/// A star, as an observatory keeps it:
///
/// ```proto
/// message Star {
///   int64 catalogue_id = 1;
///   uint64 photons = 2;
///   double magnitude = 3;
///   Class class = 4;
///   string name = 5;
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Star {
    pub catalogue_id: i64,
    pub photons: u64,
    pub magnitude: f64,
    /// A [`Class`], or a number that this program does not know yet.
    pub class: i32,
    pub name: String,
}

/// `enum Class { UNKNOWN = 0; DWARF = 1; GIANT = 2; }`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Unknown,
    Dwarf,
    Giant,
}

impl Class {
    pub const ALL: [(Class, &'static str); 3] = [
        (Class::Unknown, "UNKNOWN"),
        (Class::Dwarf, "DWARF"),
        (Class::Giant, "GIANT"),
    ];
}

/// What is wrong with some JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The name of the member as it was sent. Empty if it is no object at all.
    pub field: String,
    /// In words.
    pub why: String,
}

/// A star as JSON.
pub fn to_json(star: &Star) -> Value {
    json!({
        "catalogueId": star.catalogue_id.to_string(),
        "photons": small(star.photons),
        "magnitude": double(star.magnitude),
        "class": class(star.class),
        "name": star.name,
    })
}

fn small(number: u64) -> Value {
    if number < 1 << 53 {
        json!(number)
    } else {
        json!(number.to_string())
    }
}

fn double(value: f64) -> Value {
    if value.is_nan() {
        json!("NaN")
    } else if value.is_infinite() {
        json!(if value > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        json!(value)
    }
}

fn class(number: i32) -> Value {
    let known = Class::ALL.iter().find(|(class, _)| *class as i32 == number);
    known.map_or(json!(number), |(_, name)| json!(name))
}

/// The other direction.
pub fn from_json(json: &Value) -> Result<Star, Wrong> {
    let members = json.as_object();
    let members = members.ok_or_else(|| wrong("", "a star is an object"))?;
    let mut star = Star::default();
    for (field, value) in members.iter().filter(|(_, value)| !value.is_null()) {
        match field.as_str() {
            "catalogueId" | "catalogue_id" => star.catalogue_id = whole(field, value)?,
            "photons" => star.photons = whole(field, value)?,
            "magnitude" => star.magnitude = read_double(field, value)?,
            "class" => star.class = read_class(field, value)?,
            "name" => {
                let text = value.as_str().ok_or_else(|| wrong(field, "not a text"))?;
                star.name = text.to_string();
            }
            _ => return Err(wrong(field, "a star has no such field")),
        }
    }
    Ok(star)
}

/// An integer, from a text or a number, if it fits.
fn whole<T: TryFrom<i128>>(field: &str, value: &Value) -> Result<T, Wrong> {
    let whole = match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => exact(number),
        _ => None,
    };
    let whole: i128 = whole.ok_or_else(|| wrong(field, "not an integer"))?;
    T::try_from(whole).map_err(|_| wrong(field, "does not fit"))
}

/// An integer without a way through a double, unless it was written as one.
fn exact(number: &Number) -> Option<i128> {
    let signed = number.as_i64().map(i128::from);
    let whole = signed.or(number.as_u64().map(i128::from));
    whole.or_else(|| {
        let text = format!("{:.0}", number.as_f64().filter(|f| f.fract() == 0.0)?);
        text.parse().ok()
    })
}

fn read_double(field: &str, value: &Value) -> Result<f64, Wrong> {
    let double = match value {
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            text => text.parse().ok().filter(|double: &f64| double.is_finite()),
        },
        number => number.as_f64(),
    };
    double.ok_or_else(|| wrong(field, "not a number"))
}

fn read_class(field: &str, value: &Value) -> Result<i32, Wrong> {
    let Some(name) = value.as_str() else {
        return whole(field, value);
    };
    let known = Class::ALL.iter().find(|(_, its_name)| *its_name == name);
    let known = known.map(|(class, _)| *class as i32);
    known.ok_or_else(|| wrong(field, "no such class"))
}

fn wrong(field: &str, why: &str) -> Wrong {
    Wrong {
        field: field.to_string(),
        why: why.to_string(),
    }
}
