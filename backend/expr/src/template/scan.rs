//! Where the expressions of a text begin and end.

use crate::error::{Error, Fault, Kind, Span};

pub(super) enum Part<'a> {
    Literal(&'a str),
    Expression { start: usize, inside: &'a str },
}

const DELIMITERS: [(&str, &str); 2] = [("${{", "}}"), ("${%", "%}")];

pub(super) fn parts(text: &str) -> Result<Vec<Part<'_>>, Error> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some((open, close)) = next_open(text, at) {
        if at < open {
            parts.push(Part::Literal(text.get(at..open).unwrap_or("")));
        }
        let start = open + 3;
        let rest = text.get(start..).unwrap_or("");
        let Some(length) = length(rest, close) else {
            let message = format!("the expression is not closed, `{close}` is missing");
            return Err(Fault::new(Kind::Syntax, message).at(Span::new(open, text.len())));
        };
        let inside = rest.get(..length).unwrap_or("");
        if inside.trim().is_empty() {
            let end = start + length + close.len();
            return Err(
                Fault::new(Kind::Syntax, "the expression is empty").at(Span::new(open, end))
            );
        }
        parts.push(Part::Expression { start, inside });
        at = start + length + close.len();
    }
    if at < text.len() {
        parts.push(Part::Literal(text.get(at..).unwrap_or("")));
    }
    Ok(parts)
}

fn next_open(text: &str, from: usize) -> Option<(usize, &'static str)> {
    let rest = text.get(from..)?;
    let found = DELIMITERS
        .iter()
        .filter_map(|(open, close)| Some((rest.find(open)? + from, *close)));
    found.min_by_key(|(at, _)| *at)
}

/// How long the expression is that `rest` begins with. A delimiter in a string or a comment, or one that
/// closes a map, does not count; if that leaves none, the first one counts after all.
fn length(rest: &str, close: &str) -> Option<usize> {
    balanced(rest, close).or_else(|| rest.find(close))
}

fn balanced(text: &str, close: &str) -> Option<usize> {
    let mut braces = 0_usize;
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        if braces == 0 && rest.starts_with(close) {
            return Some(at);
        }
        let c = rest.chars().next()?;
        at += match c {
            '"' | '\'' | '`' => string(rest, c)?,
            '/' if rest.starts_with("/*") => rest.find("*/")? + 2,
            // A comment ends with its line or with the expression.
            '/' if rest.starts_with("//") => {
                rest.find('\n').into_iter().chain(rest.find(close)).min()?
            }
            _ => c.len_utf8(),
        };
        match c {
            '{' => braces += 1,
            '}' => braces = braces.saturating_sub(1),
            _ => {}
        }
    }
}

/// The length of a string with its quotes.
fn string(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote != '`' => escaped = true,
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, wanted: &[&str]) {
        let found: Vec<String> = parts(text)
            .unwrap()
            .iter()
            .map(|part| match part {
                Part::Literal(literal) => (*literal).to_owned(),
                Part::Expression { inside, .. } => format!("<{inside}>"),
            })
            .collect();
        assert_eq!(found, wanted);
    }

    #[test]
    fn delimiters_in_strings_maps_and_comments_do_not_close() {
        check("a ${{ b }} c ${% d %}", &["a ", "< b >", " c ", "< d >"]);
        check(
            r#"${{ "}}" + '\'}}' + `}}` }}"#,
            &[r#"< "}}" + '\'}}' + `}}` >"#],
        );
        check("${{ {a: {b: 1}} }}.", &["< {a: {b: 1}} >", "."]);
        check("${{ {a: 1}}}", &["< {a: 1}>"]);
        check("${{ 1 /* }} */ }}", &["< 1 /* }} */ >"]);
        check("${{ 1 // it's }}!", &["< 1 // it's >", "!"]);
        check("${% '${{ 1 }}' %}", &["< '${{ 1 }}' >"]);
    }

    #[test]
    fn a_wrong_expression_ends_at_the_first_delimiter() {
        check("${{ it's }} ${{ 2 }}", &["< it's >", " ", "< 2 >"]);
        check("${{ { }}", &["< { >"]);
    }

    #[test]
    fn what_is_not_closed_or_empty_is_refused() {
        for text in ["${{ 1", "${% 1 }}", "x${{ }}", "${{}}"] {
            assert!(parts(text).is_err(), "{text}");
        }
        check("$ {{ 1 }} $${", &["$ {{ 1 }} $${"]);
    }
}
