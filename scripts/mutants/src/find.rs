//! Walks a file and notes each place where a small change makes another program of it.
//!
//! Layout: this file visits expressions and functions, `statements` what is deleted, ignored or held longer, `ops` says
//! which operator, method or number takes the place of which, `select` reads the inside of macros.

use std::collections::HashMap;
use std::ops::Range;

use serde::Serialize;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Lit, ReturnType, Type};

use crate::{ops, select};

/// The longest text of a change that is shown whole, in characters.
const SHOWN: usize = 90;

/// One small wrong program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mutation {
    /// The function or constant that it is in.
    pub function: String,
    /// The line that it begins in, from 1.
    pub line: usize,
    /// What is changed into what, in one line; unique in its function.
    pub change: String,
    /// First byte of the text that is replaced.
    pub start: usize,
    /// The byte after it.
    pub end: usize,
    /// What takes its place.
    pub text: String,
    /// First byte and end of the function or constant, without its comments: what stands in the stub as well is given.
    pub item: (usize, usize),
}

/// All mutations of a Rust file, in the order of their places. Tests in it are left out.
///
/// # Errors
/// What syn says when the text is no Rust file.
pub fn mutations(text: &str) -> syn::Result<Vec<Mutation>> {
    let file = syn::parse_file(text)?;
    let mut finder = Finder {
        text,
        function: Vec::new(),
        found: Vec::new(),
        ignored: Vec::new(),
    };
    finder.visit_file(&file);
    let mut found = finder.found;
    found.sort_by_key(|mutation| (mutation.start, mutation.end));
    found.dedup_by(|a, b| (a.start, a.end, &a.text) == (b.start, b.end, &b.text));
    let mut seen: HashMap<(String, String), usize> = HashMap::new();
    for mutation in &mut found {
        let name = (mutation.function.clone(), mutation.change.clone());
        let times = seen.entry(name).or_default();
        *times += 1;
        if *times > 1 {
            mutation.change += &format!(" ({times})");
        }
    }
    Ok(found)
}

/// What has been found so far, and where the walk is.
pub struct Finder<'a> {
    /// The file.
    text: &'a str,
    /// The functions around this place, from the outside, and where they stand.
    function: Vec<(String, Range<usize>)>,
    found: Vec<Mutation>,
    /// Where a statement is one expression with `?`: its error is ignored as a statement, which needs no default.
    pub ignored: Vec<Range<usize>>,
}

impl Finder<'_> {
    /// The text of `node` as it stands in the file.
    pub fn source(&self, node: &impl Spanned) -> &str {
        &self.text[node.span().byte_range()]
    }

    /// Notes that `node` becomes `text`.
    pub fn replace(&mut self, node: &impl Spanned, text: &str) {
        let change = format!("{} -> {}", short(self.source(node)), short(text));
        self.note(node.span().byte_range(), text, change);
    }

    /// Notes that `node` becomes `text`; the change shows the line that it is in, for it says little alone.
    fn replace_here(&mut self, node: &impl Spanned, text: &str) {
        let at = node.span().byte_range();
        let start = self.text[..at.start].rfind('\n').map_or(0, |end| end + 1);
        let line = self.text[start..].lines().next().unwrap_or_default();
        let change = format!("{} -> {text} in {}", self.source(node), short(line));
        self.note(at, text, change);
    }

    /// Notes that `part` of `whole` becomes `text`; the change shows the whole.
    fn replace_in(&mut self, whole: &impl Spanned, part: &impl Spanned, text: &str) {
        let (all, cut) = (whole.span().byte_range(), part.span().byte_range());
        let new = format!(
            "{}{text}{}",
            &self.text[all.start..cut.start],
            &self.text[cut.end..all.end]
        );
        let change = format!("{} -> {}", short(self.source(whole)), short(&new));
        self.note(cut, text, change);
    }

    /// Notes that the bytes `at` become `text`.
    pub fn note(&mut self, at: Range<usize>, text: &str, change: String) {
        if &self.text[at.clone()] == text {
            return;
        }
        let whole = (String::new(), 0..self.text.len());
        let (function, item) = self.function.last().cloned().unwrap_or(whole);
        self.found.push(Mutation {
            function,
            item: (item.start, item.end),
            line: self.text[..at.start].matches('\n').count() + 1,
            change,
            start: at.start,
            end: at.end,
            text: text.to_owned(),
        });
    }

    /// Walks the parts of a function, whose body may as well be a default.
    fn function(
        &mut self,
        signature: &syn::Signature,
        block: &syn::Block,
        walk: impl FnOnce(&mut Self),
    ) {
        let item = signature.span().byte_range().start..block.span().byte_range().end;
        self.function.push((signature.ident.to_string(), item));
        if !block.stmts.is_empty() {
            for text in defaults(&signature.output) {
                let at = block.span().byte_range();
                let change = format!("the body -> {text}");
                self.note(at, &format!("{{ {text} }}"), change);
            }
        }
        walk(self);
        self.function.pop();
    }

    /// A condition turned round, unless its operator is changed anyway.
    fn condition(&mut self, condition: &Expr) {
        let is_negated = matches!(condition, Expr::Unary(_));
        let compares =
            matches!(condition, Expr::Binary(binary) if !ops::binary(&binary.op).is_empty());
        if !is_negated && !compares && !has_let(condition) {
            let text = format!("!({})", self.source(condition));
            self.replace(condition, &text);
        }
    }

    /// Neighbours in a list of arguments, swapped: the compiler says whether they are of one type.
    fn arguments<'e>(&mut self, arguments: impl Iterator<Item = &'e Expr>) {
        let arguments: Vec<&Expr> = arguments.collect();
        for pair in arguments.windows(2) {
            let (a, b) = (pair[0].span().byte_range(), pair[1].span().byte_range());
            let (first, second) = (self.source(pair[0]), self.source(pair[1]));
            let between = &self.text[a.end..b.start];
            let text = format!("{second}{between}{first}");
            let change = format!("{} -> {}", short(&self.text[a.start..b.end]), short(&text));
            if first != second {
                self.note(a.start..b.end, &text, change);
            }
        }
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_test(&item.attrs) {
            self.function(&item.sig, &item.block, |finder| {
                visit::visit_item_fn(finder, item);
            });
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block, |finder| {
            visit::visit_impl_item_fn(finder, item);
        });
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        let place = item.const_token.span().byte_range().start..item.span().byte_range().end;
        self.function.push((item.ident.to_string(), place));
        visit::visit_item_const(self, item);
        self.function.pop();
    }

    fn visit_block(&mut self, block: &'ast syn::Block) {
        for statement in &block.stmts {
            self.statement(statement);
        }
        visit::visit_block(self, block);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        for part in select::parts(call) {
            Visit::visit_expr(self, &part);
        }
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        for text in ops::binary(&binary.op) {
            self.replace_in(binary, &binary.op, text);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast syn::ExprUnary) {
        if !matches!(unary.op, syn::UnOp::Deref(_)) {
            let text = self.source(&unary.expr).to_owned();
            self.replace(unary, &text);
        }
        visit::visit_expr_unary(self, unary);
    }

    fn visit_expr_lit(&mut self, literal: &'ast syn::ExprLit) {
        match &literal.lit {
            Lit::Bool(value) => self.replace_here(literal, &(!value.value).to_string()),
            Lit::Int(value) => {
                if let Ok(number) = value.base10_parse() {
                    for text in ops::integers(number, value.suffix()) {
                        self.replace_here(literal, &text);
                    }
                }
            }
            Lit::Float(value) => {
                if let Ok(number) = value.base10_parse::<f64>() {
                    for other in [number * 2.0, number / 2.0] {
                        self.replace_here(literal, &format!("{other:?}{}", value.suffix()));
                    }
                }
            }
            _ => {}
        }
    }

    fn visit_expr_if(&mut self, item: &'ast syn::ExprIf) {
        self.condition(&item.cond);
        visit::visit_expr_if(self, item);
    }

    fn visit_expr_while(&mut self, item: &'ast syn::ExprWhile) {
        self.condition(&item.cond);
        visit::visit_expr_while(self, item);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if let Some((_, guard)) = &arm.guard {
            self.replace(guard, "true");
            self.replace(guard, "false");
        }
        visit::visit_arm(self, arm);
    }

    fn visit_expr_match(&mut self, item: &'ast syn::ExprMatch) {
        if let Some((last, others)) = item.arms.split_last()
            && matches!(last.pat, syn::Pat::Wild(_) | syn::Pat::Ident(_))
        {
            for arm in others {
                let change = format!("delete the arm {}", short(self.source(arm)));
                self.note(arm.span().byte_range(), "", change);
            }
        }
        visit::visit_expr_match(self, item);
    }

    fn visit_expr_range(&mut self, range: &'ast syn::ExprRange) {
        if range.end.is_some() {
            let text = match range.limits {
                syn::RangeLimits::HalfOpen(_) => "..=",
                syn::RangeLimits::Closed(_) => "..",
            };
            self.replace_in(range, &range.limits, text);
        }
        visit::visit_expr_range(self, range);
    }

    fn visit_expr_break(&mut self, item: &'ast syn::ExprBreak) {
        if item.label.is_none() && item.expr.is_none() {
            self.replace_here(item, "continue");
        }
        visit::visit_expr_break(self, item);
    }

    fn visit_expr_continue(&mut self, item: &'ast syn::ExprContinue) {
        if item.label.is_none() {
            self.replace_here(item, "break");
        }
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        self.arguments(call.args.iter());
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        for text in ops::methods(&call.method.to_string()) {
            self.replace_in(call, &call.method, text);
        }
        self.arguments(call.args.iter());
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_try(&mut self, item: &'ast syn::ExprTry) {
        if !self.ignored.contains(&item.span().byte_range()) {
            let text = format!("{}.unwrap_or_default()", self.source(&item.expr));
            let change = format!("{} -> a default for an error", short(self.source(item)));
            self.note(item.span().byte_range(), &text, change);
        }
        visit::visit_expr_try(self, item);
    }

    fn visit_expr_await(&mut self, item: &'ast syn::ExprAwait) {
        if let Expr::Call(call) = &*item.base
            && let Expr::Path(path) = &*call.func
            && let Some(name) = path.path.segments.last()
            && (name.ident == "timeout" || name.ident == "timeout_at")
            && let Some(inner) = call.args.iter().nth(1)
        {
            let inner = self.source(inner);
            let text = format!("Ok::<_, tokio::time::error::Elapsed>(({inner}).await)");
            let change = format!("{} -> no time limit", short(self.source(item)));
            self.note(item.span().byte_range(), &text, change);
        }
        visit::visit_expr_await(self, item);
    }
}

/// What a function that returns `output` may say without doing anything.
fn defaults(output: &ReturnType) -> &'static [&'static str] {
    let ReturnType::Type(_, output) = output else {
        return &[""];
    };
    let Type::Path(path) = &**output else {
        return match &**output {
            Type::ImplTrait(_) | Type::Never(_) | Type::Reference(_) => &[],
            _ => &["Default::default()"],
        };
    };
    let Some(last) = path.path.segments.last() else {
        return &[];
    };
    match last.ident.to_string().as_str() {
        "Result" => &["Ok(Default::default())"],
        "Option" => &["None", "Some(Default::default())"],
        "bool" => &["true", "false"],
        _ => &["Default::default()"],
    }
}

/// Whether these attributes make a test of it, or something that is there in tests only.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let last = attribute.path().segments.last();
        last.is_some_and(|last| last.ident == "test")
            || (attribute.path().is_ident("cfg")
                && attribute
                    .parse_args::<syn::Path>()
                    .is_ok_and(|path| path.is_ident("test")))
    })
}

/// Whether a condition binds names: it cannot be turned round.
fn has_let(condition: &Expr) -> bool {
    match condition {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

/// A text in one line, the middle left out if it is long.
pub fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let letters: Vec<char> = line.chars().collect();
    if letters.len() <= SHOWN {
        return line;
    }
    let (head, tail) = (&letters[..SHOWN - 30], &letters[letters.len() - 25..]);
    format!(
        "{} ... {}",
        head.iter().collect::<String>(),
        tail.iter().collect::<String>()
    )
}

#[cfg(test)]
mod tests;
