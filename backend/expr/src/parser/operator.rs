//! The operators with their precedences. The table is the specification.

use crate::ast::{Binary, Unary};
use crate::lexer::{Kind, Token};

#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    Left,
    Right,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Operator {
    symbols: &'static [&'static str],
    pub precedence: u16,
    pub side: Side,
    /// Whether `not` may stand before it.
    pub negatable: bool,
    /// Absent for the pipe, which becomes a call.
    pub binary: Option<Binary>,
}

pub(super) const COMPARISON: u16 = 20;

const fn left(symbols: &'static [&'static str], precedence: u16, binary: Binary) -> Operator {
    Operator {
        symbols,
        precedence,
        side: Side::Left,
        negatable: false,
        binary: Some(binary),
    }
}

const fn negatable(symbols: &'static [&'static str], binary: Binary) -> Operator {
    Operator {
        negatable: true,
        ..left(symbols, COMPARISON, binary)
    }
}

/// Weakest first.
const BINARY: &[Operator] = &[
    Operator {
        symbols: &["|"],
        precedence: 0,
        side: Side::Left,
        negatable: false,
        binary: None,
    },
    left(&["or", "||"], 10, Binary::Or),
    left(&["and", "&&"], 15, Binary::And),
    left(&["=="], COMPARISON, Binary::Equal),
    left(&["!="], COMPARISON, Binary::NotEqual),
    left(&["<"], COMPARISON, Binary::Less),
    left(&["<="], COMPARISON, Binary::LessOrEqual),
    left(&[">"], COMPARISON, Binary::Greater),
    left(&[">="], COMPARISON, Binary::GreaterOrEqual),
    negatable(&["in"], Binary::In),
    negatable(&["matches"], Binary::Matches),
    negatable(&["contains"], Binary::Contains),
    negatable(&["startsWith"], Binary::StartsWith),
    negatable(&["endsWith"], Binary::EndsWith),
    left(&[".."], 25, Binary::Range),
    left(&["+"], 30, Binary::Add),
    left(&["-"], 30, Binary::Subtract),
    left(&["*"], 60, Binary::Multiply),
    left(&["/"], 60, Binary::Divide),
    left(&["%"], 60, Binary::Remainder),
    Operator {
        side: Side::Right,
        ..left(&["**", "^"], 100, Binary::Power)
    },
    left(&["??"], 500, Binary::Coalesce),
];

/// The binary operator that a token is.
pub(super) fn binary(token: &Token) -> Option<Operator> {
    if token.kind != Kind::Operator {
        return None;
    }
    BINARY
        .iter()
        .find(|operator| operator.symbols.contains(&token.text.as_str()))
        .copied()
}

/// The unary operator that a token is, and how strongly it binds.
pub(super) fn unary(token: &Token) -> Option<(Unary, u16)> {
    if token.kind != Kind::Operator {
        return None;
    }
    match token.text.as_str() {
        "not" | "!" => Some((Unary::Not, 50)),
        "-" => Some((Unary::Minus, 90)),
        "+" => Some((Unary::Plus, 90)),
        _ => None,
    }
}
