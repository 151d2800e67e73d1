//! The tree that the parser builds and the evaluator walks.

use std::sync::Arc;

use crate::builtins::Builtin;
use crate::error::Span;
use crate::pattern::Pattern;

/// How deep a tree may be. Walking it uses the stack, and the stack of a worker thread is small.
pub(crate) const MAX_DEPTH: usize = 128;

/// How many expressions may enclose one another. Parsing takes more of the stack than walking.
pub(crate) const MAX_NESTING: usize = 64;

/// How many nodes an expression may have.
pub(crate) const MAX_NODES: usize = 10_000;

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub expr: Expr,
    pub span: Span,
    /// Levels of nodes below and including this one.
    pub depth: usize,
}

#[derive(Clone, Debug)]
pub(crate) enum Expr {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    String(Arc<str>),
    Bytes(Arc<[u8]>),
    /// A variable of the environment or of an enclosing `let`.
    Name(Arc<str>),
    /// `$env`
    Env,
    /// `#`, `#index`, `#acc`
    Pointer(Pointer),
    Unary(Unary, Box<Node>),
    Binary(Binary, Box<Node>, Box<Node>),
    /// `a < b <= c`: true if each holds. The one in the middle is evaluated once.
    Compare(Box<Node>, Vec<(Binary, Node)>),
    /// `x matches "constant"`
    Matches(Box<Node>, Pattern),
    /// Where a `?.` inside stops and gives nil.
    Chain(Box<Node>),
    Member {
        base: Box<Node>,
        property: Box<Node>,
        optional: bool,
    },
    Slice {
        base: Box<Node>,
        from: Option<Box<Node>>,
        to: Option<Box<Node>>,
    },
    /// A function of the host.
    Call {
        name: Arc<str>,
        args: Vec<Node>,
    },
    /// A method of a value.
    Method {
        base: Box<Node>,
        name: Arc<str>,
        optional: bool,
        args: Vec<Node>,
    },
    Builtin(&'static Builtin, Vec<Node>),
    /// A built-in function that takes a predicate.
    Each {
        each: Each,
        over: Box<Node>,
        /// Absent only for `count` and `sum`.
        predicate: Option<Box<Node>>,
        /// `sortBy`'s order, `reduce`'s start.
        extra: Option<Box<Node>>,
    },
    Let {
        name: Arc<str>,
        value: Box<Node>,
        body: Box<Node>,
    },
    Sequence(Vec<Node>),
    If {
        condition: Box<Node>,
        then: Box<Node>,
        otherwise: Box<Node>,
    },
    Array(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pointer {
    Item,
    Index,
    Accumulator,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unary {
    Not,
    Minus,
    Plus,
}

impl Unary {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Not => "not",
            Self::Minus => "-",
            Self::Plus => "+",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binary {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Matches,
    Contains,
    StartsWith,
    EndsWith,
    Range,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
    Coalesce,
}

/// The built-in functions that evaluate an expression for each item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Each {
    All,
    None,
    Any,
    One,
    Filter,
    Map,
    Count,
    Sum,
    Find,
    FindIndex,
    FindLast,
    FindLastIndex,
    GroupBy,
    SortBy,
    Reduce,
}

/// Every [`Each`] with its name and the number of arguments that it takes at least and at most.
pub(crate) const EACH: &[(&str, Each, usize, usize)] = &[
    ("all", Each::All, 2, 2),
    ("none", Each::None, 2, 2),
    ("any", Each::Any, 2, 2),
    ("one", Each::One, 2, 2),
    ("filter", Each::Filter, 2, 2),
    ("map", Each::Map, 2, 2),
    ("count", Each::Count, 1, 2),
    ("sum", Each::Sum, 1, 2),
    ("find", Each::Find, 2, 2),
    ("findIndex", Each::FindIndex, 2, 2),
    ("findLast", Each::FindLast, 2, 2),
    ("findLastIndex", Each::FindLastIndex, 2, 2),
    ("groupBy", Each::GroupBy, 2, 2),
    ("sortBy", Each::SortBy, 2, 3),
    ("reduce", Each::Reduce, 2, 3),
];

impl Each {
    pub(crate) fn name(self) -> &'static str {
        EACH.iter()
            .find(|(_, each, ..)| *each == self)
            .map_or("", |(name, ..)| name)
    }
}

impl Node {
    /// The children, in the order in which they are written.
    pub(crate) fn children(&self) -> Vec<&Self> {
        match &self.expr {
            Expr::Nil
            | Expr::Bool(_)
            | Expr::Int(_)
            | Expr::Float(_)
            | Expr::String(_)
            | Expr::Bytes(_)
            | Expr::Name(_)
            | Expr::Env
            | Expr::Pointer(_) => Vec::new(),
            Expr::Unary(_, node) | Expr::Matches(node, _) | Expr::Chain(node) => vec![node],
            Expr::Binary(_, left, right) => vec![left, right],
            Expr::Compare(first, rest) => std::iter::once(&**first)
                .chain(rest.iter().map(|(_, node)| node))
                .collect(),
            Expr::Member { base, property, .. } => vec![base, property],
            Expr::Slice { base, from, to } => [Some(base), from.as_ref(), to.as_ref()]
                .into_iter()
                .flatten()
                .map(|n| &**n)
                .collect(),
            Expr::Call { args, .. } | Expr::Builtin(_, args) => args.iter().collect(),
            Expr::Method { base, args, .. } => std::iter::once(&**base).chain(args).collect(),
            Expr::Each {
                over,
                predicate,
                extra,
                ..
            } => [Some(over), predicate.as_ref(), extra.as_ref()]
                .into_iter()
                .flatten()
                .map(|n| &**n)
                .collect(),
            Expr::Let { value, body, .. } => vec![value, body],
            Expr::Sequence(nodes) | Expr::Array(nodes) => nodes.iter().collect(),
            Expr::If {
                condition,
                then,
                otherwise,
            } => vec![condition, then, otherwise],
            Expr::Map(pairs) => pairs.iter().flat_map(|(key, value)| [key, value]).collect(),
        }
    }

    pub(crate) fn new(expr: Expr, span: Span) -> Self {
        let mut node = Self {
            expr,
            span,
            depth: 0,
        };
        node.depth = 1 + node
            .children()
            .iter()
            .map(|child| child.depth)
            .max()
            .unwrap_or(0);
        node
    }
}

impl Binary {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
            Self::Matches => "matches",
            Self::Contains => "contains",
            Self::StartsWith => "startsWith",
            Self::EndsWith => "endsWith",
            Self::Range => "..",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Power => "**",
            Self::Coalesce => "??",
        }
    }

    pub(crate) fn compares(self) -> bool {
        matches!(
            self,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual
        )
    }
}
