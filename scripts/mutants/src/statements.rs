//! What can be done to a statement: leave it out, ignore its error, hold its lock longer.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Block, Expr, Local, Pat, Stmt};

use crate::find::{Finder, short};

/// Macros whose loss changes nothing that a check looks at.
const SILENT: [&str; 12] = [
    "print",
    "println",
    "eprint",
    "eprintln",
    "assert",
    "assert_eq",
    "debug_assert",
    "trace",
    "debug",
    "info",
    "warn",
    "error",
];

impl Finder<'_> {
    /// Notes what can be done to `statement`, apart from its expressions.
    pub fn statement(&mut self, statement: &Stmt) {
        match statement {
            Stmt::Local(local) => self.local(local),
            Stmt::Expr(expr, semicolon) => {
                // Without one it is a value, unless it ends with a block.
                if semicolon.is_some() || ends_with_block(expr) {
                    self.delete(statement);
                }
                self.hold_longer(statement, expr);
                match expr {
                    Expr::Try(item) if semicolon.is_some() => {
                        self.ignored.push(item.span().byte_range());
                        let text = format!("let _ = {};", self.source(&item.expr));
                        self.replace(statement, &text);
                    }
                    Expr::Block(block) if block.label.is_none() => {
                        self.open(statement, &block.block);
                    }
                    _ => {}
                }
            }
            Stmt::Macro(call) => {
                let name = call.mac.path.segments.last();
                if !name.is_some_and(|name| SILENT.iter().any(|silent| name.ident == silent)) {
                    self.delete(statement);
                }
            }
            Stmt::Item(_) => {}
        }
    }

    fn delete(&mut self, statement: &Stmt) {
        let change = format!("delete {}", short(self.source(statement)));
        self.note(statement.span().byte_range(), "", change);
    }

    /// A block that ends before its function does is opened: what it holds is held longer.
    fn open(&mut self, statement: &Stmt, block: &Block) {
        if self.source(block).contains("lock(") {
            let text = self.inside(block);
            let change = format!("hold the lock longer: {}", short(self.source(statement)));
            self.note(statement.span().byte_range(), &text, change);
        }
    }

    /// The statements of a block, without its braces.
    fn inside(&self, block: &Block) -> String {
        let text = self.source(block).trim();
        let text = text.strip_prefix('{').unwrap_or(text);
        text.strip_suffix('}').unwrap_or(text).to_owned()
    }

    fn local(&mut self, local: &Local) {
        let Some(init) = &local.init else { return };
        let statement = Stmt::Local(local.clone());
        let unused = match &local.pat {
            Pat::Wild(_) => true,
            Pat::Ident(name) => name.ident.to_string().starts_with('_'),
            _ => false,
        };
        if unused {
            self.delete(&statement);
        }
        if let Expr::Block(block) = &*init.expr
            && let Some((Stmt::Expr(tail, None), before)) = block.block.stmts.split_last()
            && self.source(block).contains("lock(")
        {
            let before: Vec<&str> = before.iter().map(|stmt| self.source(stmt)).collect();
            let (name, tail) = (self.source(&local.pat), self.source(tail));
            let text = format!("{} let {name} = {tail};", before.join(" "));
            let change = format!("hold the lock longer: {}", short(self.source(local)));
            self.note(local.span().byte_range(), &text, change);
        }
        self.hold_longer(&statement, &init.expr);
    }

    /// A lock that is taken for one expression gets a name, and is held to the end of the block.
    fn hold_longer(&mut self, statement: &Stmt, expr: &Expr) {
        if matches!(expr, Expr::While(_)) {
            return;
        }
        let mut locks = Locks::default();
        locks.visit_expr(expr);
        for lock in locks.found {
            let at = statement.span().byte_range();
            if lock == expr.span().byte_range() {
                continue;
            }
            let whole = self.source(statement);
            let (from, to) = (lock.start - at.start, lock.end - at.start);
            let text = format!(
                "let mut held_longer = {}; {}held_longer{}",
                &whole[from..to],
                &whole[..from],
                &whole[to..]
            );
            let change = format!("hold the lock longer: {}", short(whole));
            self.note(at, &text, change);
        }
    }
}

/// Whether an expression is a statement without a semicolon.
fn ends_with_block(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::If(_)
            | Expr::While(_)
            | Expr::ForLoop(_)
            | Expr::Loop(_)
            | Expr::Match(_)
            | Expr::Block(_)
    )
}

/// The places of the locks that are taken in an expression, not in the blocks of it.
#[derive(Default)]
struct Locks {
    found: Vec<std::ops::Range<usize>>,
}

impl<'ast> Visit<'ast> for Locks {
    fn visit_block(&mut self, _: &'ast Block) {}
    fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}

    fn visit_expr(&mut self, expr: &'ast Expr) {
        if is_lock(expr) {
            self.found.push(expr.span().byte_range());
        } else {
            visit::visit_expr(self, expr);
        }
    }
}

/// `x.lock()` and what makes a guard of it: `.unwrap()`, `.expect(..)`, `.await`, `?`.
fn is_lock(expr: &Expr) -> bool {
    match expr {
        Expr::MethodCall(call) => {
            let name = call.method.to_string();
            match name.as_str() {
                "lock" => call.args.is_empty(),
                "unwrap" | "expect" | "unwrap_or_else" => is_lock(&call.receiver),
                _ => false,
            }
        }
        Expr::Await(item) => is_lock(&item.base),
        Expr::Try(item) => is_lock(&item.expr),
        _ => false,
    }
}
