//! Globs with `**`.

use std::fmt::Write as _;

use regex::Regex;

use super::PatternError;

/// A glob: `*` and `?` stay within a folder, `**` as a whole part of the path spans any number of
/// folders, `[a-z]` and `[^a-z]` are sets, `{a,b}` are alternatives, `\` takes the next character
/// as it is.
#[derive(Debug, Clone)]
pub struct Glob {
    regex: Regex,
}

impl Glob {
    /// Reads a glob.
    ///
    /// # Errors
    /// What is wrong with the pattern.
    pub fn new(pattern: &str) -> Result<Self, PatternError> {
        let refuse = |message: &str| PatternError::new(pattern, message);
        let translated = Translation::of(pattern).map_err(refuse)?;
        let regex = Regex::new(&translated).map_err(|_| refuse("it is too large"))?;
        Ok(Self { regex })
    }

    /// Whether the glob matches the whole path.
    pub fn matches(&self, path: &str) -> bool {
        self.regex.is_match(path)
    }
}

/// Writes the regular expression for a glob, character by character.
struct Translation {
    pattern: Vec<char>,
    at: usize,
    out: String,
    /// For each open brace, whether a part of the path could start there.
    braces: Vec<bool>,
    /// Whether a part of the path can start here.
    starts_part: bool,
}

impl Translation {
    fn of(pattern: &str) -> Result<String, &'static str> {
        let mut this = Self {
            pattern: pattern.chars().collect(),
            at: 0,
            out: "(?s)\\A".to_owned(),
            braces: Vec::new(),
            starts_part: true,
        };
        while let Some(c) = this.next() {
            this.character(c)?;
        }
        if !this.braces.is_empty() {
            return Err("a { is not closed");
        }
        this.out.push_str("\\z");
        Ok(this.out)
    }

    fn character(&mut self, c: char) -> Result<(), &'static str> {
        let starts_part = std::mem::replace(&mut self.starts_part, c == '/');
        match c {
            '*' => self.stars(starts_part),
            '?' => self.out.push_str("[^/]"),
            '[' => self.set()?,
            '\\' => {
                let escaped = self.next().ok_or("it ends with a \\")?;
                self.literal(escaped);
            }
            '{' => {
                self.out.push_str("(?:");
                self.braces.push(starts_part);
                self.starts_part = starts_part;
            }
            ',' if !self.braces.is_empty() => {
                self.out.push('|');
                self.starts_part = self.braces.last().copied().unwrap_or_default();
            }
            '}' => {
                self.braces.pop().ok_or("a } was not opened")?;
                self.out.push(')');
            }
            c => self.literal(c),
        }
        Ok(())
    }

    fn stars(&mut self, starts_part: bool) {
        let mut count = 1;
        while self.peek() == Some('*') {
            self.at += 1;
            count += 1;
        }
        let next = self.peek();
        let ends_part = match next {
            None => true,
            Some(',' | '}') => !self.braces.is_empty(),
            Some(_) => false,
        };
        if count != 2 || !starts_part || !(ends_part || next == Some('/')) {
            self.out.push_str("[^/]*");
        } else if next == Some('/') {
            self.at += 1;
            self.out.push_str("(?:.*/)?");
            self.starts_part = true;
        } else if self.out.ends_with('/') {
            self.out.pop();
            self.out.push_str("(?:/.*)?");
        } else {
            self.out.push_str(".*");
        }
    }

    fn set(&mut self) -> Result<(), &'static str> {
        let open = "a [ is not closed";
        let negated = matches!(self.peek(), Some('^' | '!'));
        self.at += usize::from(negated);
        let mut ranges = Vec::new();
        loop {
            let mut low = self.next().ok_or(open)?;
            if low == ']' {
                break;
            }
            if low == '\\' {
                low = self.next().ok_or(open)?;
            }
            let mut high = low;
            if self.peek() == Some('-') && self.pattern.get(self.at + 1).is_some_and(|c| *c != ']')
            {
                self.at += 1;
                high = self.next().ok_or(open)?;
                if high == '\\' {
                    high = self.next().ok_or(open)?;
                }
            }
            if high < low {
                return Err("a range ends before it begins");
            }
            ranges.push((low, high));
        }
        if ranges.is_empty() {
            return Err("a set is empty");
        }
        self.out.push_str(if negated { "[^/" } else { "[[" });
        for (low, high) in ranges {
            let _ = write!(
                self.out,
                "\\x{{{:x}}}-\\x{{{:x}}}",
                u32::from(low),
                u32::from(high)
            );
        }
        self.out.push_str(if negated { "]" } else { "]&&[^/]]" });
        Ok(())
    }

    fn literal(&mut self, c: char) {
        self.out
            .push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek();
        self.at += usize::from(c.is_some());
        c
    }

    fn peek(&self) -> Option<char> {
        self.pattern.get(self.at).copied()
    }
}
