//! From tokens to a tree: a Pratt parser with expr-lang's precedences.

mod call;
mod literal;
mod operator;
mod postfix;

use std::sync::Arc;

use crate::ast::{Binary, Expr, MAX_DEPTH, MAX_NESTING, MAX_NODES, Node, Pointer, Unary};
use crate::error::{Error, Fault, Kind as ErrorKind, Span};
use crate::lexer::{self, Kind, Token};
use crate::pattern::Pattern;
use operator::{COMPARISON, Side};

/// The tree of a whole expression.
pub(crate) fn parse(text: &str) -> Result<Node, Error> {
    let tokens = lexer::tokens(text)?;
    let mut parser = Parser {
        tokens,
        at: 0,
        predicates: 0,
        level: 0,
        nodes: 0,
    };
    let node = parser.sequence()?;
    match parser.peek().kind {
        Kind::End => Ok(node),
        _ => Err(parser.unexpected()),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    /// How many predicates enclose the current token: `#` and `.field` mean something inside only.
    predicates: usize,
    /// How many expressions enclose the current token.
    level: usize,
    nodes: usize,
}

type Parsed = Result<Node, Error>;

impl Parser {
    fn peek(&self) -> &Token {
        self.ahead(0)
    }

    fn ahead(&self, by: usize) -> &Token {
        // The last token is always the end, and nobody goes past it.
        &self.tokens[(self.at + by).min(self.tokens.len() - 1)]
    }

    fn advance(&mut self) -> Token {
        let token = self.peek().clone();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    fn is(&self, kind: Kind, text: &str) -> bool {
        self.peek().is(kind, text)
    }

    /// Goes past the token if it is this one.
    fn accept(&mut self, kind: Kind, text: &str) -> bool {
        let found = self.is(kind, text);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, kind: Kind, text: &str) -> Result<Token, Error> {
        if self.is(kind, text) {
            return Ok(self.advance());
        }
        let found = self.peek();
        Err(syntax(
            found.span,
            format!("expected `{text}`, found {}", found.describe()),
        ))
    }

    fn identifier(&mut self) -> Result<Token, Error> {
        match self.peek().kind {
            Kind::Identifier => Ok(self.advance()),
            _ => Err(self.unexpected()),
        }
    }

    fn unexpected(&self) -> Error {
        let token = self.peek();
        match token.kind {
            Kind::End => syntax(token.span, "the expression ends too early"),
            _ => syntax(token.span, format!("unexpected {}", token.describe())),
        }
    }

    /// Makes a node, within the limits that keep later walks over the tree safe.
    fn node(&mut self, expr: Expr, span: Span) -> Parsed {
        self.nodes += 1;
        let node = Node::new(expr, span);
        if MAX_NODES < self.nodes {
            return Err(Fault::limit("the expression has too many parts").at(span));
        }
        if MAX_DEPTH < node.depth {
            return Err(Fault::limit("the expression is nested too deeply").at(span));
        }
        Ok(node)
    }

    fn sequence(&mut self) -> Parsed {
        let first = self.expression(0)?;
        let span = first.span;
        let mut nodes = vec![first];
        while self.accept(Kind::Operator, ";") {
            if self.peek().kind == Kind::End {
                break;
            }
            nodes.push(self.expression(0)?);
        }
        if nodes.len() == 1 {
            return nodes.pop().ok_or_else(|| self.unexpected());
        }
        self.node(Expr::Sequence(nodes), span)
    }

    fn expression(&mut self, precedence: u16) -> Parsed {
        self.level += 1;
        if MAX_NESTING < self.level {
            return Err(Fault::limit("the expression is nested too deeply").at(self.peek().span));
        }
        let parsed = self.expression_inside(precedence);
        self.level -= 1;
        parsed
    }

    fn expression_inside(&mut self, precedence: u16) -> Parsed {
        if precedence == 0 && self.is(Kind::Operator, "let") {
            return self.declaration();
        }
        if precedence == 0 && self.is(Kind::Operator, "if") {
            return self.if_else();
        }
        let node = self.primary()?;
        let node = self.operators(node, precedence)?;
        if precedence == 0 {
            self.ternary(node)
        } else {
            Ok(node)
        }
    }

    /// The binary operators after `left` that bind at least as strongly as `precedence`.
    fn operators(&mut self, mut left: Node, precedence: u16) -> Parsed {
        let mut after_coalesce = false;
        loop {
            let negated = self.is(Kind::Operator, "not");
            let token = self.ahead(usize::from(negated)).clone();
            let found = operator::binary(&token);
            if negated && !found.is_some_and(|found| found.negatable) {
                self.advance();
                return Err(self.unexpected());
            }
            let Some(operator) = found.filter(|found| precedence <= found.precedence) else {
                return Ok(left);
            };
            if negated {
                self.advance();
            }
            self.advance();
            let Some(binary) = operator.binary else {
                let name = self.identifier()?;
                left = self.call(name, Some(left))?;
                after_coalesce = false;
                continue;
            };
            if after_coalesce && binary != Binary::Coalesce {
                let message = format!(
                    "`{}` after `??` needs parentheses around one of them",
                    binary.symbol()
                );
                return Err(syntax(token.span, message));
            }
            left = if binary.compares() {
                self.comparison(left, binary, token.span)?
            } else {
                let right = self.expression(match operator.side {
                    Side::Left => operator.precedence + 1,
                    Side::Right => operator.precedence,
                })?;
                self.binary(binary, left, right, token.span)?
            };
            if negated {
                left = self.node(Expr::Unary(Unary::Not, Box::new(left)), token.span)?;
            }
            after_coalesce = binary == Binary::Coalesce;
        }
    }

    /// `a < b < c` means `a < b and b < c`.
    fn comparison(&mut self, first: Node, mut binary: Binary, span: Span) -> Parsed {
        let mut rest = Vec::new();
        loop {
            rest.push((binary, self.expression(COMPARISON + 1)?));
            let next = operator::binary(self.peek()).and_then(|operator| operator.binary);
            let Some(next) = next.filter(|next| next.compares()) else {
                return self.node(Expr::Compare(Box::new(first), rest), span);
            };
            self.advance();
            binary = next;
        }
    }

    fn binary(&mut self, binary: Binary, left: Node, right: Node, span: Span) -> Parsed {
        if let (Binary::Matches, Expr::String(pattern)) = (binary, &right.expr) {
            let pattern = Pattern::compile(pattern).map_err(|fault| fault.at(right.span))?;
            return self.node(Expr::Matches(Box::new(left), pattern), span);
        }
        self.node(Expr::Binary(binary, Box::new(left), Box::new(right)), span)
    }

    fn declaration(&mut self) -> Parsed {
        self.expect(Kind::Operator, "let")?;
        let name = self.identifier()?;
        self.expect(Kind::Operator, "=")?;
        let value = self.expression(0)?;
        self.expect(Kind::Operator, ";")?;
        let body = self.sequence()?;
        let (value, body) = (Box::new(value), Box::new(body));
        self.node(
            Expr::Let {
                name: Arc::from(name.text),
                value,
                body,
            },
            name.span,
        )
    }

    fn if_else(&mut self) -> Parsed {
        let start = self.expect(Kind::Operator, "if")?.span;
        let condition = self.expression(0)?;
        let then = self.block()?;
        self.expect(Kind::Operator, "else")?;
        let otherwise = if self.is(Kind::Operator, "if") {
            self.expression(0)?
        } else {
            self.block()?
        };
        self.conditional(condition, then, otherwise, start)
    }

    fn block(&mut self) -> Parsed {
        self.expect(Kind::Bracket, "{")?;
        let inside = self.sequence()?;
        self.expect(Kind::Bracket, "}")?;
        Ok(inside)
    }

    fn ternary(&mut self, mut node: Node) -> Parsed {
        while self.is(Kind::Operator, "?") {
            let span = self.advance().span;
            // `a ?: b` gives `a` if it is true, so it gives `true`.
            let then = if self.is(Kind::Operator, ":") {
                self.node(Expr::Bool(true), span)?
            } else {
                self.expression(0)?
            };
            self.expect(Kind::Operator, ":")?;
            let otherwise = self.expression(0)?;
            node = self.conditional(node, then, otherwise, span)?;
        }
        Ok(node)
    }

    fn conditional(&mut self, condition: Node, then: Node, otherwise: Node, span: Span) -> Parsed {
        let [condition, then, otherwise] = [condition, then, otherwise].map(Box::new);
        self.node(
            Expr::If {
                condition,
                then,
                otherwise,
            },
            span,
        )
    }

    fn primary(&mut self) -> Parsed {
        let token = self.peek().clone();
        if let Some((unary, precedence)) = operator::unary(&token) {
            self.advance();
            let operand = self.expression(precedence)?;
            let node = self.node(Expr::Unary(unary, Box::new(operand)), token.span)?;
            return self.postfix(node);
        }
        if self.accept(Kind::Bracket, "(") {
            let inside = self.sequence()?;
            self.expect(Kind::Bracket, ")")?;
            return self.postfix(inside);
        }
        if 0 < self.predicates && (token.is(Kind::Operator, "#") || token.is(Kind::Operator, ".")) {
            let pointer = self.pointer(&token)?;
            let node = self.node(Expr::Pointer(pointer), token.span)?;
            return self.postfix(node);
        }
        if self.accept(Kind::Operator, "::") {
            let name = self.identifier()?;
            let node = self.call(name, None)?;
            return self.postfix(node);
        }
        self.literal_or_name(token)
    }

    /// `#`, `#index`, `#acc`; a leading `.` is left for the member access that follows.
    fn pointer(&mut self, token: &Token) -> Result<Pointer, Error> {
        if token.text == "." {
            return Ok(Pointer::Item);
        }
        self.advance();
        let next = self.peek().clone();
        if next.kind != Kind::Identifier || next.span.start != token.span.end {
            return Ok(Pointer::Item);
        }
        self.advance();
        match next.text.as_str() {
            "index" => Ok(Pointer::Index),
            "acc" => Ok(Pointer::Accumulator),
            other => Err(
                Fault::name(format!("`#{other}` is none of `#`, `#index`, `#acc`")).at(next.span),
            ),
        }
    }
}

fn syntax(span: Span, message: impl Into<String>) -> Error {
    Fault::new(ErrorKind::Syntax, message).at(span)
}
