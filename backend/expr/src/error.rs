//! What can go wrong, where in the expression, and whether a fact would help.

use std::fmt;

/// A stretch of the expression's text, in bytes from its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The line and column of the start in `text`, both from 1, the column in characters.
    #[must_use]
    pub fn position(self, text: &str) -> (usize, usize) {
        let before = text.get(..self.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        let column = before.get(line_start..).unwrap_or("").chars().count() + 1;
        (line, column)
    }
}

/// Which sort of mistake an [`Error`] is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// The text is not an expression.
    Syntax,
    /// A variable, function, field or method that does not exist.
    Name,
    /// An operator or function was given a value of the wrong type.
    Type,
    /// A function was given a value of the right type that it cannot take.
    Argument,
    /// A number became too large, or was divided by zero.
    Arithmetic,
    /// The expression is too large, too deep, or takes too long.
    Limit,
    /// A function of the host could not answer.
    Failed,
    /// A function of the host must be told this first; fetch it and evaluate again.
    Needs(Box<serde_json::Value>),
}

/// A mistake whose place is not known yet. Functions answer with it; the evaluator adds the place.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Which sort of mistake.
    pub kind: Kind,
    /// One sentence for people, lower case, without the place.
    pub message: String,
}

impl Fault {
    /// A mistake of a sort, told in `message`.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// The function could not answer.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message)
    }

    /// The function cannot answer before the caller has fetched `fact`, which only the two of them understand.
    #[must_use]
    pub fn needs(fact: serde_json::Value) -> Self {
        Self::new(
            Kind::Needs(Box::new(fact)),
            "a value has to be fetched first",
        )
    }

    /// An argument has the wrong type.
    pub fn wrong_type(message: impl Into<String>) -> Self {
        Self::new(Kind::Type, message)
    }

    /// An argument has the right type and cannot be taken all the same.
    pub fn wrong_argument(message: impl Into<String>) -> Self {
        Self::new(Kind::Argument, message)
    }

    pub(crate) fn name(message: impl Into<String>) -> Self {
        Self::new(Kind::Name, message)
    }

    pub(crate) fn arithmetic(message: impl Into<String>) -> Self {
        Self::new(Kind::Arithmetic, message)
    }

    pub(crate) fn limit(message: impl Into<String>) -> Self {
        Self::new(Kind::Limit, message)
    }

    pub(crate) fn at(self, span: Span) -> Error {
        Error {
            kind: self.kind,
            message: self.message,
            span,
            line: 0,
            column: 0,
        }
    }
}

/// A mistake and its place. `line` and `column` count from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// Which sort of mistake.
    pub kind: Kind,
    /// One sentence for people, lower case, without the place.
    pub message: String,
    /// Where, in bytes of the expression.
    pub span: Span,
    /// The line of the expression where `span` starts.
    pub line: usize,
    /// The character of that line.
    pub column: usize,
}

impl Error {
    /// Fills in line and column, which the parts of the evaluator leave open.
    pub(crate) fn located(mut self, text: &str) -> Self {
        (self.line, self.column) = self.span.position(text);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} (line {}, column {})",
            self.message, self.line, self.column
        )
    }
}

impl std::error::Error for Error {}
