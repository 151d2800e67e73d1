//! The escape sequences of quoted literals.

/// What the inside of a quoted string means. CRLF counts as LF.
pub(super) fn string(content: &str, quote: char) -> Result<String, String> {
    let content = content.replace("\r\n", "\n").replace('\r', "\n");
    let mut out = String::with_capacity(content.len());
    let mut rest = content.as_str();
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or("");
        if c != '\\' {
            out.push(c);
            continue;
        }
        let (value, after) = match rest.chars().next() {
            Some('u') if rest.starts_with("u{") => braced(rest)?,
            Some('u') => digits(rest, 1, 4, 16)?,
            Some('U') => digits(rest, 1, 8, 16)?,
            _ => byte_or_simple(rest, quote)?,
        };
        out.push(char::from_u32(value).ok_or_else(|| wrong(rest))?);
        rest = after;
    }
    Ok(out)
}

/// What the inside of a bytes literal means: `\x` and octal escapes are single bytes.
pub(super) fn bytes(content: &str, quote: char) -> Result<Vec<u8>, String> {
    let content = content.replace("\r\n", "\n").replace('\r', "\n");
    let mut out = Vec::with_capacity(content.len());
    let mut rest = content.as_str();
    while let Some(c) = rest.chars().next() {
        if c == '\\' {
            let escape = rest.get(1..).unwrap_or("");
            let (value, after) = byte_or_simple(escape, quote)?;
            out.push(u8::try_from(value).map_err(|_| wrong(escape))?);
            rest = after;
        } else {
            let (character, after) = rest.split_at(c.len_utf8());
            out.extend_from_slice(character.as_bytes());
            rest = after;
        }
    }
    Ok(out)
}

fn wrong(escape: &str) -> String {
    format!(
        "`\\{}` is not an escape sequence",
        escape.chars().take(1).collect::<String>()
    )
}

/// The escapes that strings and bytes share. `escape` starts after the backslash.
fn byte_or_simple(escape: &str, quote: char) -> Result<(u32, &str), String> {
    let first = escape.chars().next().ok_or_else(|| wrong(escape))?;
    let simple = match first {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        '\\' => '\\',
        c if c == quote => c,
        'x' => return digits(escape, 1, 2, 16),
        '0'..='3' => return digits(escape, 0, 3, 8),
        _ => return Err(wrong(escape)),
    };
    Ok((
        u32::from(simple),
        escape.get(first.len_utf8()..).unwrap_or(""),
    ))
}

/// Exactly `count` digits of `radix` after the first `skip` bytes.
fn digits(escape: &str, skip: usize, count: usize, radix: u32) -> Result<(u32, &str), String> {
    let number = escape
        .get(skip..skip + count)
        .ok_or_else(|| wrong(escape))?;
    if !number.chars().all(|c| c.is_digit(radix)) {
        return Err(wrong(escape));
    }
    let value = u32::from_str_radix(number, radix).map_err(|_| wrong(escape))?;
    Ok((value, escape.get(skip + count..).unwrap_or("")))
}

/// `u{…}` with one to six digits.
fn braced(escape: &str) -> Result<(u32, &str), String> {
    let inside = escape.get(2..).unwrap_or("");
    let end = inside.find('}').ok_or_else(|| wrong(escape))?;
    if end == 0 || 6 < end {
        return Err(wrong(escape));
    }
    let (value, after) = digits(inside, 0, end, 16)?;
    Ok((value, after.get(1..).unwrap_or("")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_all_widths_are_understood() {
        assert_eq!(
            string(r"\u00e9\x41\101\u{1F600}\U0001F600\n", '"').unwrap(),
            "éAA😀😀\n"
        );
        assert_eq!(bytes(r"\xff\101é", '"').unwrap(), [255, 65, 0xc3, 0xa9]);
    }

    #[test]
    fn unknown_and_cut_escapes_are_refused() {
        for content in [
            r"\q",
            r"\u12",
            r"\477",
            r"\u{}",
            r"\u{1234567}",
            r"\ud800",
            "\\",
            r"\'",
        ] {
            assert!(string(content, '"').is_err(), "{content}");
        }
        assert!(bytes(r"\u00e9", '"').is_err());
    }
}
