//! The expressions inside of a macro: arguments with commas, and the branches of `select!`.

use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Expr, Macro, Pat, Token};

/// Macros that only say something.
const SAYS: [&str; 12] = [
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "print",
    "println",
    "eprint",
    "eprintln",
    "panic",
    "todo",
    "unreachable",
    "unimplemented",
];

/// The expressions in `call`, or none where it has a language of its own.
pub fn parts(call: &Macro) -> Vec<Expr> {
    let Some(name) = call.path.segments.last() else {
        return Vec::new();
    };
    if SAYS.iter().any(|says| name.ident == says) {
        return Vec::new();
    }
    if name.ident == "select" {
        return call
            .parse_body::<Branches>()
            .map_or_else(|_| Vec::new(), |all| all.0);
    }
    call.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated)
        .map(|all| all.into_iter().collect())
        .or_else(|_| call.parse_body_with(repeated))
        .unwrap_or_default()
}

/// `[value; times]` without the brackets.
fn repeated(input: ParseStream<'_>) -> syn::Result<Vec<Expr>> {
    let value = input.parse()?;
    input.parse::<Token![;]>()?;
    Ok(vec![value, input.parse()?])
}

/// What `tokio::select!` is given: `pattern = future, if condition => body`, and `else => body`.
struct Branches(Vec<Expr>);

impl Parse for Branches {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut found = Vec::new();
        if input.peek(syn::Ident) && input.peek2(Token![;]) {
            input.parse::<syn::Ident>()?;
            input.parse::<Token![;]>()?;
        }
        while !input.is_empty() {
            if input.peek(Token![else]) {
                input.parse::<Token![else]>()?;
            } else {
                Pat::parse_multi_with_leading_vert(input)?;
                input.parse::<Token![=]>()?;
                found.push(input.parse()?);
                if input.peek(Token![,]) {
                    input.parse::<Token![,]>()?;
                    input.parse::<Token![if]>()?;
                    found.push(input.parse()?);
                }
            }
            input.parse::<Token![=>]>()?;
            if input.peek(syn::token::Brace) {
                found.push(Expr::Block(syn::ExprBlock {
                    attrs: Vec::new(),
                    label: None,
                    block: input.parse()?,
                }));
            } else {
                found.push(input.parse()?);
            }
            if input.peek(Token![,]) {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(Self(found))
    }
}
