//! What is put in the place of what: operators, methods, numbers.

use syn::BinOp;

/// What stands in the place of a binary operator: its edge, its opposite, its neighbour. Nothing for the others.
pub fn binary(op: &BinOp) -> &'static [&'static str] {
    match op {
        BinOp::Lt(_) => &["<=", ">="],
        BinOp::Le(_) => &["<", ">"],
        BinOp::Gt(_) => &[">=", "<="],
        BinOp::Ge(_) => &[">", "<"],
        BinOp::Eq(_) => &["!="],
        BinOp::Ne(_) => &["=="],
        BinOp::And(_) => &["||"],
        BinOp::Or(_) => &["&&"],
        BinOp::Add(_) | BinOp::Mul(_) => &["-"],
        BinOp::Sub(_) | BinOp::Div(_) => &["+"],
        BinOp::Rem(_) => &["/"],
        BinOp::BitAnd(_) => &["|"],
        BinOp::BitOr(_) => &["&"],
        BinOp::Shl(_) => &[">>"],
        BinOp::Shr(_) => &["<<"],
        BinOp::AddAssign(_) => &["-=", "="],
        BinOp::SubAssign(_) => &["+=", "="],
        BinOp::MulAssign(_) => &["+="],
        BinOp::BitOrAssign(_) => &["&="],
        BinOp::ShlAssign(_) => &[">>="],
        _ => &[],
    }
}

/// Methods that are taken for each other.
const METHODS: &[(&str, &str)] = &[
    ("all", "any"),
    ("checked_add", "checked_sub"),
    ("ends_with", "starts_with"),
    ("first", "last"),
    ("is_err", "is_ok"),
    ("is_none", "is_some"),
    ("max", "min"),
    ("max_by_key", "min_by_key"),
    ("pop_back", "pop_front"),
    ("push_back", "push_front"),
    ("saturating_add", "saturating_sub"),
    ("skip", "take"),
];

/// Methods that do only a part of what the other one does; the other way round is no mistake.
const LESS: &[(&str, &str)] = &[
    ("read_exact", "read"),
    ("read_until", "read_line"),
    ("write_all", "write"),
    ("saturating_sub", "wrapping_sub"),
    ("saturating_add", "wrapping_add"),
];

/// What `method` is taken for.
pub fn methods(method: &str) -> Vec<&'static str> {
    let both = METHODS.iter().filter_map(|(a, b)| match method {
        m if m == *a => Some(*b),
        m if m == *b => Some(*a),
        _ => None,
    });
    let less = LESS.iter().filter(|(a, _)| *a == method).map(|(_, b)| *b);
    both.chain(less).collect()
}

/// An integer one more, one less, doubled and halved, each with the suffix of the literal and none of them twice.
pub fn integers(value: u128, suffix: &str) -> Vec<String> {
    let mut found = Vec::new();
    let near = [value.checked_add(1), value.checked_sub(1)];
    let far = [value.checked_mul(2), Some(value / 2)];
    // The double and the half of 0, 1 and 2 are neighbours already.
    let far = far.into_iter().filter(|_| value > 2);
    for other in near.into_iter().chain(far).flatten() {
        if other != value && !found.contains(&other) {
            found.push(other);
        }
    }
    (found.into_iter().map(|n| format!("{n}{suffix}"))).collect()
}
