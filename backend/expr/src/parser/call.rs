//! Calls: of built-in functions, of those that take a predicate, of the host's.

use std::sync::Arc;

use super::{Parsed, Parser, syntax};
use crate::ast::{EACH, Each, Expr, Node};
use crate::builtins;
use crate::error::Error;
use crate::lexer::{Kind, Token};

impl Parser {
    /// A call of `name` at its opening parenthesis. `piped` is what stood before a pipe.
    pub(super) fn call(&mut self, name: Token, piped: Option<Node>) -> Parsed {
        let each = EACH.iter().find(|(known, ..)| *known == name.text);
        if let Some((_, each, least, most)) = each {
            return self.each_call(&name, *each, (*least, *most), piped);
        }
        let args = self.arguments(piped)?;
        match builtins::find(&name.text) {
            Some(builtin) => self.node(Expr::Builtin(builtin, args), name.span),
            None => self.node(
                Expr::Call {
                    name: Arc::from(name.text),
                    args,
                },
                name.span,
            ),
        }
    }

    /// Arguments in parentheses, after the piped one.
    pub(super) fn arguments(&mut self, piped: Option<Node>) -> Result<Vec<Node>, Error> {
        let mut args: Vec<Node> = piped.into_iter().collect();
        self.expect(Kind::Bracket, "(")?;
        let mut first = true;
        while !self.accept(Kind::Bracket, ")") {
            if !first {
                self.expect(Kind::Operator, ",")?;
                if self.accept(Kind::Bracket, ")") {
                    break;
                }
            }
            first = false;
            args.push(self.expression(0)?);
        }
        Ok(args)
    }

    fn each_call(
        &mut self,
        name: &Token,
        each: Each,
        (least, most): (usize, usize),
        piped: Option<Node>,
    ) -> Parsed {
        self.expect(Kind::Bracket, "(")?;
        let mut args: Vec<Node> = piped.into_iter().collect();
        let piped = args.len();
        while args.len() < most {
            if self.is(Kind::Bracket, ")") {
                break;
            }
            if piped < args.len() {
                self.expect(Kind::Operator, ",")?;
                if least <= args.len() && self.is(Kind::Bracket, ")") {
                    break;
                }
            }
            // The second argument is always the predicate.
            args.push(if args.len() == 1 {
                self.predicate()?
            } else {
                self.expression(0)?
            });
        }
        if args.len() < least {
            let message = format!(
                "`{}` needs {least} arguments, not {}",
                name.text,
                args.len()
            );
            return Err(syntax(self.peek().span, message));
        }
        self.accept(Kind::Operator, ",");
        self.expect(Kind::Bracket, ")")?;
        let mut args = args.into_iter().map(Box::new);
        let Some(over) = args.next() else {
            return Err(syntax(name.span, format!("`{}` needs an array", name.text)));
        };
        let (predicate, extra) = (args.next(), args.next());
        self.node(
            Expr::Each {
                each,
                over,
                predicate,
                extra,
            },
            name.span,
        )
    }

    fn predicate(&mut self) -> Parsed {
        self.predicates += 1;
        let inside = if self.is(Kind::Bracket, "{") {
            self.block()
        } else {
            let inside = self.expression(0);
            if inside.is_ok() && self.is(Kind::Operator, ";") {
                return Err(syntax(
                    self.peek().span,
                    "a predicate with `;` needs braces around it",
                ));
            }
            inside
        };
        self.predicates -= 1;
        inside
    }
}
