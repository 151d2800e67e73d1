//! Looks at the text of YAML between what the parser names: indicators, comments, properties.

use std::ops::Range;

/// A reader over the bytes of a text. All that it stops at is ASCII, so its positions are always
/// between characters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    text: &'a str,
    pub(super) at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, at: usize) -> Self {
        Self {
            text,
            at: at.min(text.len()),
        }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(super) fn skip(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&wanted) {
            self.at += 1;
        }
    }

    /// Skips spaces, line ends and comments.
    pub(super) fn skip_blank(&mut self) {
        loop {
            self.skip(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'));
            let before = self
                .at
                .checked_sub(1)
                .and_then(|at| self.text.as_bytes().get(at));
            let starts = before.is_none_or(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'));
            if self.peek() != Some(b'#') || !starts {
                return;
            }
            self.skip(|b| b != b'\n');
        }
    }

    /// Reads an anchor or a tag.
    pub(super) fn property(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        match self.peek() {
            Some(b'&') => self.skip(ends_no_property),
            Some(b'!') if self.text[start..].starts_with("!<") => {
                self.skip(|b| b != b'>' && b != b'\n');
                self.at += usize::from(self.peek() == Some(b'>'));
            }
            Some(b'!') => self.skip(ends_no_property),
            Some(_) | None => return None,
        }
        Some(start..self.at)
    }

    /// Reads a scalar in quotes.
    pub(super) fn quoted(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        let quote = self.peek().filter(|b| matches!(b, b'"' | b'\''))?;
        self.at += 1;
        loop {
            let b = self.peek()?;
            self.at += 1;
            if b == b'\\' && quote == b'"' {
                self.peek()?;
                self.at += 1;
            } else if b == quote {
                if quote == b'\'' && self.peek() == Some(b'\'') {
                    self.at += 1;
                } else {
                    return Some(start..self.at);
                }
            }
        }
    }

    /// Goes to the `|` or `>` of the next block scalar.
    pub(super) fn seek_block(&mut self) -> Option<Vec<Range<usize>>> {
        let mut properties = Vec::new();
        loop {
            self.skip_blank();
            match self.peek()? {
                b'|' | b'>' => return Some(properties),
                b'&' | b'!' => properties.extend(self.property()),
                b':' | b'-' | b'?' => self.at += 1,
                _ => return None,
            }
        }
    }

    /// The end of the line, before its line end.
    pub(super) fn line_end(&self) -> usize {
        let rest = &self.text.as_bytes()[self.at..];
        let length = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
        let carriage = 0 < length && rest.get(length - 1) == Some(&b'\r');
        self.at + length - usize::from(carriage)
    }

    /// The beginning of the next line, if there is one.
    pub(super) fn next_line(&self) -> Option<usize> {
        let rest = &self.text.as_bytes()[self.at..];
        rest.iter()
            .position(|b| *b == b'\n')
            .map(|length| self.at + length + 1)
    }
}

fn ends_no_property(b: u8) -> bool {
    !matches!(
        b,
        b' ' | b'\t' | b'\r' | b'\n' | b',' | b'[' | b']' | b'{' | b'}'
    )
}
