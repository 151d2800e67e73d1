//! Regular expressions as Go means them.
//!
//! Both dialects come from RE2. The differences that people meet are spelt out here: in Go `\d`, `\w`,
//! `\s` and `\b` are ASCII, `[` inside a class and a lone `{` are themselves, `\Q…\E` quotes.

use std::iter::Peekable;
use std::str::Chars;

use regex::RegexBuilder;

use crate::error::Fault;

/// How much memory a compiled pattern may take, in bytes.
const SIZE_LIMIT: usize = 1 << 20;

#[derive(Clone, Debug)]
pub(crate) struct Pattern(regex::Regex);

impl Pattern {
    pub(crate) fn compile(pattern: &str) -> Result<Self, Fault> {
        let wrong =
            |why: String| Fault::wrong_argument(format!("{pattern:?} is not a pattern: {why}"));
        RegexBuilder::new(&translate(pattern))
            .size_limit(SIZE_LIMIT)
            .dfa_size_limit(SIZE_LIMIT)
            .build()
            .map(Self)
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => wrong("it is too large".to_owned()),
                // The last line of a syntax error names the problem, the others draw it.
                other => wrong(other.to_string().lines().last().unwrap_or("").to_owned()),
            })
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => escape(&mut rest, false, &mut out),
            '[' => class(&mut rest, &mut out),
            '{' if !repeats(&rest) => out.push_str("\\{"),
            c => out.push(c),
        }
    }
    out
}

/// Whether what follows `{` is the rest of a repetition, `3}`, `3,}` or `3,5}`.
fn repeats(rest: &Peekable<Chars<'_>>) -> bool {
    let inside: String = rest.clone().take_while(|c| *c != '}').collect();
    let closed = rest.clone().any(|c| c == '}');
    let (least, most) = inside.split_once(',').unwrap_or((&inside, ""));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    closed && !least.is_empty() && digits(least) && digits(most)
}

fn escape(rest: &mut Peekable<Chars<'_>>, in_class: bool, out: &mut String) {
    let Some(c) = rest.next() else {
        out.push('\\');
        return;
    };
    let ascii = match c {
        'd' => "0-9",
        'w' => "0-9A-Za-z_",
        's' => "\\t\\n\\f\\r ",
        'D' => return out.push_str("[^0-9]"),
        'W' => return out.push_str("[^0-9A-Za-z_]"),
        'S' => return out.push_str("[^\\t\\n\\f\\r ]"),
        'b' | 'B' if !in_class => {
            out.push_str("(?-u:\\");
            out.push(c);
            return out.push(')');
        }
        'Q' if !in_class => return quoted(rest, out),
        c if c.is_ascii_punctuation() => {
            return out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
        }
        c => {
            out.push('\\');
            return out.push(c);
        }
    };
    if in_class {
        out.push_str(ascii);
    } else {
        out.push('[');
        out.push_str(ascii);
        out.push(']');
    }
}

/// `\Q…\E`, where everything is itself.
fn quoted(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    while let Some(c) = rest.next() {
        if c == '\\' && rest.peek() == Some(&'E') {
            rest.next();
            return;
        }
        out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
    }
}

fn class(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    // A bracket right at the start is itself.
    if rest.next_if_eq(&']').is_some() {
        out.push_str("\\]");
    }
    while let Some(c) = rest.next() {
        match c {
            ']' => return out.push(']'),
            '\\' => escape(rest, true, out),
            '[' if rest.peek() == Some(&':') => out.push('['),
            '[' => out.push_str("\\["),
            // These are operators on classes if doubled.
            '&' | '~' => {
                out.push('\\');
                out.push(c);
            }
            '-' if rest.peek() == Some(&'-') => out.push_str("\\-"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, text: &str, wanted: bool) {
        assert_eq!(
            Pattern::compile(pattern).unwrap().matches(text),
            wanted,
            "{pattern} on {text}"
        );
    }

    #[test]
    fn short_classes_are_ascii() {
        check(r"^\d+$", "123", true);
        check(r"^\d+$", "٣", false);
        check(r"^\w$", "é", false);
        check(r"^[\w-]+$", "a-b_1", true);
        check(r"^\D$", "x", true);
        check(r"\bcat\b", "a cat", true);
    }

    #[test]
    fn what_only_one_dialect_knows_is_translated() {
        check(r"^[[]a]$", "[a]", true);
        check(r"a{,3}", "a{,3}", true);
        check(r"^a{2,3}$", "aaa", true);
        check(r"{}", "{}", true);
        check(r"^\Qa.b\E+$", "a.bb", true);
        check(r"^[a&&b]$", "&", true);
        check(r"\<\>", "<>", true);
        check(r"^[[:alpha:]]+$", "abc", true);
        check(r"^v?\d+\.\d+$", "v1.2", true);
    }

    #[test]
    fn a_wrong_pattern_says_why() {
        let fault = Pattern::compile("(a").unwrap_err();
        assert!(
            fault.message.contains("unclosed group"),
            "{}",
            fault.message
        );
        assert!(Pattern::compile("(a{1000}){1000}").is_err());
    }
}
