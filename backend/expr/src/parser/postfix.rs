//! What may follow a value: `.name`, `?.name`, `[index]`, `?.[index]`, `[from:to]`, `.method(…)`.

use std::sync::Arc;

use super::{Parsed, Parser, syntax};
use crate::ast::{Expr, Node};
use crate::error::Span;
use crate::lexer::{Kind, is_name_char};

impl Parser {
    pub(super) fn postfix(&mut self, mut node: Node) -> Parsed {
        loop {
            let token = self.peek().clone();
            let optional = token.is(Kind::Operator, "?.");
            if optional && self.ahead(1).is(Kind::Bracket, "[") {
                self.advance();
                node = self.brackets(node, true)?;
            } else if optional || token.is(Kind::Operator, ".") {
                self.advance();
                node = self.member(node, optional)?;
            } else if token.is(Kind::Bracket, "[") {
                node = self.brackets(node, false)?;
            } else {
                return Ok(node);
            }
        }
    }

    fn member(&mut self, node: Node, optional: bool) -> Parsed {
        let token = self.advance();
        // Words like `not` and `matches` are fine as names of members.
        let named = match token.kind {
            Kind::Identifier => true,
            Kind::Operator => token.text.starts_with(is_name_char),
            Kind::Number | Kind::String | Kind::Bytes | Kind::Bracket | Kind::End => false,
        };
        if !named {
            let message = format!("expected a name after the dot, found {}", token.describe());
            return Err(syntax(token.span, message));
        }
        let span = token.span;
        let name: Arc<str> = Arc::from(token.text);
        // A `?.` stops everything that follows it in the same chain of dots.
        let (node, chained) = match node.expr {
            Expr::Chain(inside) => (*inside, true),
            _ => (node, false),
        };
        let base = Box::new(node);
        let expr = if self.is(Kind::Bracket, "(") {
            let args = self.arguments(None)?;
            Expr::Method {
                base,
                name,
                optional,
                args,
            }
        } else {
            let property = Box::new(self.node(Expr::String(name), span)?);
            Expr::Member {
                base,
                property,
                optional,
            }
        };
        let node = self.node(expr, span)?;
        if chained || optional {
            self.chain(node, span)
        } else {
            Ok(node)
        }
    }

    fn chain(&mut self, node: Node, span: Span) -> Parsed {
        self.node(Expr::Chain(Box::new(node)), span)
    }

    /// An index or a slice at its opening bracket.
    fn brackets(&mut self, node: Node, optional: bool) -> Parsed {
        let span = self.expect(Kind::Bracket, "[")?.span;
        let base = Box::new(node);
        let from = if self.is(Kind::Operator, ":") {
            None
        } else {
            Some(self.expression(0)?)
        };
        if self.accept(Kind::Operator, ":") {
            let to = if self.is(Kind::Bracket, "]") {
                None
            } else {
                Some(self.expression(0)?)
            };
            self.expect(Kind::Bracket, "]")?;
            let (from, to) = (from.map(Box::new), to.map(Box::new));
            return self.node(Expr::Slice { base, from, to }, span);
        }
        self.expect(Kind::Bracket, "]")?;
        let Some(index) = from else {
            return Err(syntax(span, "the brackets are empty"));
        };
        let member = Expr::Member {
            base,
            property: Box::new(index),
            optional,
        };
        let node = self.node(member, span)?;
        if optional {
            self.chain(node, span)
        } else {
            Ok(node)
        }
    }
}
