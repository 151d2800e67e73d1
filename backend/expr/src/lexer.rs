//! From text to tokens. Comments and white space end here.

mod escape;

use crate::error::{Error, Fault, Kind as ErrorKind, Span};

/// The longest text, in bytes, that is taken for an expression.
pub(crate) const MAX_TEXT: usize = 256 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Number,
    String,
    Bytes,
    Identifier,
    Operator,
    Bracket,
    End,
}

#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub kind: Kind,
    /// What is written, or for strings what it means.
    pub text: String,
    /// What a bytes literal means.
    pub bytes: Vec<u8>,
    pub span: Span,
}

impl Token {
    pub(crate) fn is(&self, kind: Kind, text: &str) -> bool {
        self.kind == kind && self.text == text
    }

    /// How the token is called in a message.
    pub(crate) fn describe(&self) -> String {
        match self.kind {
            Kind::End => "the end of the expression".to_owned(),
            Kind::String => format!("{:?}", self.text),
            Kind::Bytes => "a bytes literal".to_owned(),
            Kind::Number | Kind::Identifier | Kind::Operator | Kind::Bracket => {
                format!("`{}`", self.text)
            }
        }
    }
}

/// Words that are operators and so cannot name a variable.
const WORDS: &[&str] = &[
    "not",
    "in",
    "or",
    "and",
    "matches",
    "contains",
    "startsWith",
    "endsWith",
    "let",
    "if",
    "else",
];

/// Whether a character may stand in a name (a digit not at its start).
pub(crate) fn is_name_char(c: char) -> bool {
    c == '_' || c == '$' || c.is_alphabetic() || c.is_numeric()
}

/// All tokens of `text`, the last of which is [`Kind::End`].
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, Error> {
    if MAX_TEXT < text.len() {
        let fault = Fault::limit(format!("the expression is longer than {MAX_TEXT} bytes"));
        return Err(fault.at(Span::default()));
    }
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blanks()?;
        let token = lexer.next()?;
        let end = token.kind == Kind::End;
        tokens.push(token);
        if end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Goes past the characters that `wanted` accepts.
    fn skip(&mut self, wanted: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|c| !wanted(c)).unwrap_or(rest.len());
    }

    /// Goes past one character if it is one of `any`.
    fn accept(&mut self, any: &str) -> bool {
        match self.peek() {
            Some(c) if any.contains(c) => {
                self.at += c.len_utf8();
                true
            }
            _ => false,
        }
    }

    fn error(&self, start: usize, message: impl Into<String>) -> Error {
        Fault::new(ErrorKind::Syntax, message).at(Span::new(start, self.at.max(start + 1)))
    }

    fn skip_blanks(&mut self) -> Result<(), Error> {
        loop {
            self.skip(char::is_whitespace);
            let rest = self.rest();
            if rest.starts_with("//") {
                self.skip(|c| c != '\n');
            } else if rest.starts_with("/*") {
                let Some(length) = rest.get(2..).and_then(|inside| inside.find("*/")) else {
                    return Err(self.error(self.at, "the comment is not closed"));
                };
                self.at += length + 4;
            } else {
                return Ok(());
            }
        }
    }

    fn token(&self, kind: Kind, start: usize) -> Token {
        let text = self.text.get(start..self.at).unwrap_or("").to_owned();
        Token {
            kind,
            text,
            bytes: Vec::new(),
            span: Span::new(start, self.at),
        }
    }

    fn next(&mut self) -> Result<Token, Error> {
        let start = self.at;
        let Some(first) = self.peek() else {
            return Ok(self.token(Kind::End, start));
        };
        match first {
            '"' | '\'' => self.string(start),
            '`' => self.raw_string(start),
            'b' | 'B'
                if self
                    .rest()
                    .get(1..)
                    .is_some_and(|r| r.starts_with(['"', '\''])) =>
            {
                self.bytes(start)
            }
            '0'..='9' => self.number(start),
            '.' if self
                .rest()
                .get(1..)
                .is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit())) =>
            {
                self.number(start)
            }
            '(' | ')' | '[' | ']' | '{' | '}' => {
                self.at += 1;
                Ok(self.token(Kind::Bracket, start))
            }
            c if is_name_char(c) => {
                self.skip(is_name_char);
                let token = self.token(Kind::Identifier, start);
                let word = WORDS.contains(&token.text.as_str());
                Ok(Token {
                    kind: if word {
                        Kind::Operator
                    } else {
                        Kind::Identifier
                    },
                    ..token
                })
            }
            c => {
                self.at += c.len_utf8();
                match c {
                    '?' => _ = self.accept(".?"),
                    '|' => _ = self.accept("|"),
                    ':' => _ = self.accept(":"),
                    '.' => _ = self.accept("."),
                    '&' | '!' | '=' | '*' | '<' | '>' => _ = self.accept("&=*"),
                    ',' | ';' | '%' | '+' | '-' | '^' | '/' | '#' => {}
                    _ => return Err(self.error(start, format!("unexpected character {c:?}"))),
                }
                Ok(self.token(Kind::Operator, start))
            }
        }
    }

    fn number(&mut self, start: usize) -> Result<Token, Error> {
        let mut digits = "0123456789_";
        if self.accept("0") {
            if self.accept("xX") {
                digits = "0123456789abcdefABCDEF_";
            } else if self.accept("oO") {
                digits = "01234567_";
            } else if self.accept("bB") {
                digits = "01_";
            }
        }
        self.skip(|c| digits.contains(c));
        // `1..3` is a range and no fraction.
        if self.rest().starts_with('.') && !self.rest().starts_with("..") {
            self.at += 1;
            self.skip(|c| digits.contains(c));
        }
        if !self.rest().starts_with("..") && self.accept("eE") {
            self.accept("+-");
            self.skip(|c| digits.contains(c));
        }
        if self.peek().is_some_and(is_name_char) {
            self.skip(is_name_char);
            return Err(self.error(
                start,
                format!("{:?} is not a number", self.token(Kind::Number, start).text),
            ));
        }
        Ok(self.token(Kind::Number, start))
    }

    /// The inside of a quoted literal that starts at `self.at`.
    fn quoted(&mut self, start: usize) -> Result<(char, &'a str), Error> {
        let quote = self.peek().unwrap_or('"');
        self.at += 1;
        let inside = self.at;
        loop {
            match self.peek() {
                None | Some('\n') => return Err(self.error(start, "the string is not closed")),
                Some(c) if c == quote => {
                    let content = self.text.get(inside..self.at).unwrap_or("");
                    self.at += 1;
                    return Ok((quote, content));
                }
                Some('\\') => {
                    self.at += 1;
                    self.at += self.peek().map_or(0, char::len_utf8);
                }
                Some(c) => self.at += c.len_utf8(),
            }
        }
    }

    fn string(&mut self, start: usize) -> Result<Token, Error> {
        let (quote, content) = self.quoted(start)?;
        let text = escape::string(content, quote).map_err(|message| self.error(start, message))?;
        Ok(Token {
            text,
            ..self.token(Kind::String, start)
        })
    }

    fn bytes(&mut self, start: usize) -> Result<Token, Error> {
        self.at += 1;
        let (quote, content) = self.quoted(start)?;
        let bytes = escape::bytes(content, quote).map_err(|message| self.error(start, message))?;
        Ok(Token {
            bytes,
            ..self.token(Kind::Bytes, start)
        })
    }

    /// A string in backticks: nothing is escaped but the backtick, by doubling it.
    fn raw_string(&mut self, start: usize) -> Result<Token, Error> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let Some(length) = rest.find('`') else {
                self.at = self.text.len();
                return Err(self.error(start, "the string is not closed"));
            };
            text.push_str(rest.get(..length).unwrap_or(""));
            self.at += length + 1;
            if !self.accept("`") {
                return Ok(Token {
                    text,
                    ..self.token(Kind::String, start)
                });
            }
            text.push('`');
        }
    }
}
