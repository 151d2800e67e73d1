//! Names, numbers, strings, arrays and maps.

use std::sync::Arc;

use super::{Parsed, Parser, syntax};
use crate::ast::{Expr, Node};
use crate::error::{Error, Fault, Span};
use crate::lexer::{Kind, Token};
use crate::number;

impl Parser {
    pub(super) fn literal_or_name(&mut self, token: Token) -> Parsed {
        let span = token.span;
        let node = match token.kind {
            Kind::Identifier => {
                self.advance();
                match token.text.as_str() {
                    // A literal has no members, so nothing may follow it.
                    "true" => return self.node(Expr::Bool(true), span),
                    "false" => return self.node(Expr::Bool(false), span),
                    "nil" => return self.node(Expr::Nil, span),
                    "$env" if !self.is(Kind::Bracket, "(") => self.node(Expr::Env, span)?,
                    _ if self.is(Kind::Bracket, "(") => self.call(token, None)?,
                    _ => self.node(Expr::Name(Arc::from(token.text)), span)?,
                }
            }
            Kind::Number => {
                self.advance();
                let expr = number_literal(&token.text, span)?;
                return self.node(expr, span);
            }
            Kind::String => {
                self.advance();
                self.node(Expr::String(Arc::from(token.text)), span)?
            }
            Kind::Bytes => {
                self.advance();
                self.node(Expr::Bytes(Arc::from(token.bytes)), span)?
            }
            Kind::Bracket if token.text == "[" => self.array(span)?,
            Kind::Bracket if token.text == "{" => self.map(span)?,
            Kind::Bracket | Kind::Operator | Kind::End => return Err(self.unexpected()),
        };
        self.postfix(node)
    }

    fn array(&mut self, span: Span) -> Parsed {
        self.expect(Kind::Bracket, "[")?;
        let mut nodes = Vec::new();
        while !self.accept(Kind::Bracket, "]") {
            if !nodes.is_empty() {
                self.expect(Kind::Operator, ",")?;
                if self.accept(Kind::Bracket, "]") {
                    break;
                }
            }
            nodes.push(self.expression(0)?);
        }
        self.node(Expr::Array(nodes), span)
    }

    fn map(&mut self, span: Span) -> Parsed {
        self.expect(Kind::Bracket, "{")?;
        let mut pairs: Vec<(Node, Node)> = Vec::new();
        while !self.accept(Kind::Bracket, "}") {
            if !pairs.is_empty() {
                self.expect(Kind::Operator, ",")?;
                if self.accept(Kind::Bracket, "}") {
                    break;
                }
            }
            let key = self.key()?;
            self.expect(Kind::Operator, ":")?;
            pairs.push((key, self.expression(0)?));
        }
        self.node(Expr::Map(pairs), span)
    }

    /// A name, a string or a number as it is written, or an expression in parentheses.
    fn key(&mut self) -> Parsed {
        let token = self.peek().clone();
        match token.kind {
            Kind::Number | Kind::String | Kind::Identifier => {
                self.advance();
                self.node(Expr::String(Arc::from(token.text)), token.span)
            }
            Kind::Bracket if token.text == "(" => self.expression(0),
            Kind::Bracket | Kind::Operator | Kind::Bytes | Kind::End => Err(syntax(
                token.span,
                format!(
                    "a key is a name, a string, a number or an expression in parentheses, not {}",
                    token.describe()
                ),
            )),
        }
    }
}

fn number_literal(written: &str, span: Span) -> Result<Expr, Error> {
    let digits = written.replace('_', "");
    let lower = digits.to_ascii_lowercase();
    let radix = match lower.get(..2) {
        Some("0x") => 16,
        Some("0o") => 8,
        Some("0b") => 2,
        _ => 10,
    };
    if radix == 10 && lower.contains(['.', 'e']) {
        return match number::parse_float(&digits) {
            Some(value) if value.is_finite() => Ok(Expr::Float(value)),
            _ => Err(syntax(span, format!("{written} is not a number"))),
        };
    }
    let digits = if radix == 10 {
        lower.as_str()
    } else {
        lower.get(2..).unwrap_or("")
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Err(syntax(span, format!("{written} is not a number")));
    }
    i64::from_str_radix(digits, radix)
        .map(Expr::Int)
        .map_err(|_| Fault::arithmetic(format!("{written} is too large for an integer")).at(span))
}
