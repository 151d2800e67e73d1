//! Writes the list of images.

use std::ops::Range;

use serde_json::Value;

use crate::edit::yaml::{Around, Node, Splice, apply, plain_or_quoted, splices, written};

use super::ImageEntry;

/// The text with the images set and as little else changed as can be, or none if the text is of a
/// form that this does not know.
pub(super) fn careful(
    text: &str,
    list: Option<&Node>,
    before: &[ImageEntry],
    wanted: &[ImageEntry],
) -> Option<String> {
    let Some(Node::List {
        items,
        bracketed: false,
        ..
    }) = list
    else {
        return None;
    };
    let line_end = line_end(text);
    let mut chunks = Vec::new();
    let mut region: Option<Range<usize>> = None;
    let mut indent = 0;
    for (item, entry) in items.iter().zip(before) {
        let dash = dash_of(text, item)?;
        let dash_line = line_start(text, dash);
        // Comments above an element belong to it, but above the first one to the list.
        let start = region.as_ref().map_or(dash_line, |region| region.end);
        let end = next_line(text, item.span().end);
        if dash_line < start {
            return None;
        }
        indent = dash - dash_line;
        region = Some(region.map_or(start, |region| region.start)..end);
        let now = wanted.iter().find(|wanted| wanted.name == entry.name)?;
        let changes = field_changes(text, item, now)?;
        let shifted = changes.into_iter().map(|(range, new)| {
            Some((
                range.start.checked_sub(start)?..range.end.checked_sub(start)?,
                new,
            ))
        });
        let chunk = apply(text.get(start..end)?, shifted.collect::<Option<Vec<_>>>()?);
        chunks.push((entry.name.as_str(), chunk));
    }
    let region = region?;
    let old = |name: &str| before.iter().any(|entry| entry.name == name);
    for entry in wanted.iter().filter(|entry| !old(&entry.name)) {
        let lines = block(entry, indent, line_end, &[]);
        chunks.push((entry.name.as_str(), lines));
    }
    chunks.sort_by_key(|(name, _)| *name);
    let mut lines = String::new();
    for (_, chunk) in &chunks {
        lines.push_str(chunk);
        if !chunk.ends_with('\n') {
            lines.push_str(line_end);
        }
    }
    if !text.get(region.clone())?.ends_with('\n') {
        lines.truncate(lines.trim_end_matches(['\r', '\n']).len());
    }
    Some(apply(text, vec![(region, lines)]))
}

/// The text with the list written anew.
pub(super) fn anew(
    text: &str,
    root: &Node,
    list: Option<&Node>,
    wanted: &[ImageEntry],
) -> Option<String> {
    let Node::Map {
        entries,
        bracketed,
        span,
        ..
    } = root
    else {
        return None;
    };
    let others = |entry: &ImageEntry| other_fields(list, &entry.name);
    if *bracketed
        || matches!(list, Some(Node::List { items, bracketed: true, .. }) if !items.is_empty())
    {
        let flow: Option<Vec<String>> = wanted
            .iter()
            .map(|entry| Some(flow(entry, &others(entry)?)))
            .collect();
        let flow = format!("[{}]", flow?.join(", "));
        let splice = match list {
            Some(Node::List { .. }) => (list?.span(), flow),
            Some(Node::Scalar(_) | Node::Map { .. } | Node::Alias { .. }) => return None,
            None => {
                let comma = if entries.is_empty() { "" } else { ", " };
                let close = span.end.checked_sub(1)?;
                (close..close, format!("{comma}images: {flow}"))
            }
        };
        return Some(apply(text, vec![splice]));
    }
    let line_end = line_end(text);
    let indent = list_indent(text, list, entries);
    let blocks: Option<String> = wanted
        .iter()
        .map(|entry| Some(block(entry, indent, line_end, &others(entry)?)))
        .collect();
    let blocks = blocks?;
    let mut splices = Vec::new();
    match list {
        Some(
            list @ Node::List {
                bracketed: false, ..
            },
        ) => {
            let range = line_start(text, list.span().start)..next_line(text, list.span().end);
            splices.push((range, blocks));
        }
        Some(list) => {
            // What stands after the colon goes, a comment at the end of the line stays.
            let (key, _) = entries.iter().find(|(key, _)| key.is("images"))?;
            let colon = text.get(key.span().end..)?.find(':')? + key.span().end + 1;
            splices.push((colon..list.span().end.max(colon), String::new()));
            let end = end_of_line(text, list.span().end.max(colon));
            splices.push((end..end, format!("{line_end}{}", blocks.trim_end())));
        }
        None => {
            let end = end_of_document(text, root);
            let new_line = if text.get(..end)?.ends_with('\n') {
                ""
            } else {
                line_end
            };
            let pad = " ".repeat(root_indent(text, root));
            splices.push((
                end..end,
                format!("{new_line}{pad}images:{line_end}{blocks}"),
            ));
        }
    }
    Some(apply(text, splices))
}

/// The changes of one element's fields.
fn field_changes(text: &str, item: &Node, now: &ImageEntry) -> Option<Vec<Splice>> {
    let Node::Map {
        entries,
        bracketed: false,
        ..
    } = item
    else {
        return None;
    };
    let column = item.span().start - line_start(text, item.span().start);
    let place = |field: &str| entries.iter().position(|(key, _)| key.is(field));
    let mut changes = Vec::new();
    let mut after = entries.get(place("name")?)?.1.span().end;
    for (field, value) in fields(now).into_iter().skip(1) {
        match (place(field), value) {
            (Some(at), Some(value)) => {
                let Node::Scalar(scalar) = &entries.get(at)?.1 else {
                    return None;
                };
                if scalar.text != value {
                    changes.extend(splices(text, scalar, &Value::from(value)).ok()?);
                }
                after = entries.get(at)?.1.span().end;
            }
            (Some(0), None) => {
                let (first, second) = (entries.first()?, entries.get(1)?);
                changes.push((first.0.span().start..second.0.span().start, String::new()));
            }
            (Some(at), None) => {
                let (key, value) = entries.get(at)?;
                let start = line_start(text, key.span().start);
                changes.push((start..next_line(text, value.span().end), String::new()));
            }
            (None, Some(value)) => {
                let end = end_of_line(text, after);
                let pad = " ".repeat(column);
                let line = format!(
                    "{}{pad}{field}: {}",
                    line_end(text),
                    plain_or_quoted(value, Around::Block)
                );
                changes.push((end..end, line));
            }
            (None, None) => {}
        }
    }
    Some(changes)
}

fn fields(entry: &ImageEntry) -> [(&'static str, Option<&str>); 4] {
    [
        ("name", Some(entry.name.as_str())),
        ("newName", entry.new_name.as_deref()),
        ("newTag", entry.new_tag.as_deref()),
        ("digest", entry.digest.as_deref()),
    ]
}

/// An element in lines of its own.
fn block(entry: &ImageEntry, indent: usize, line_end: &str, others: &[(String, Value)]) -> String {
    let pad = " ".repeat(indent);
    let lines = written_fields(entry, others, Around::Block)
        .into_iter()
        .enumerate();
    let line = |(at, line)| {
        let dash = if at == 0 { "- " } else { "  " };
        format!("{pad}{dash}{line}{line_end}")
    };
    lines.map(line).collect()
}

/// An element in braces.
fn flow(entry: &ImageEntry, others: &[(String, Value)]) -> String {
    format!(
        "{{{}}}",
        written_fields(entry, others, Around::Flow).join(", ")
    )
}

fn written_fields(entry: &ImageEntry, others: &[(String, Value)], around: Around) -> Vec<String> {
    let text = |text: &str| plain_or_quoted(text, around);
    let ours = fields(entry)
        .into_iter()
        .filter_map(|(field, value)| Some((field, text(value?))));
    let others = others.iter().map(|(field, value)| {
        (
            field.as_str(),
            value.as_str().map_or_else(|| written(value), text),
        )
    });
    ours.chain(others)
        .map(|(field, value)| format!("{}: {value}", text(field)))
        .collect()
}

/// The fields of an image that are not ours, or none if they cannot be written anew.
fn other_fields(list: Option<&Node>, name: &str) -> Option<Vec<(String, Value)>> {
    let Some(Node::List { items, .. }) = list else {
        return Some(Vec::new());
    };
    let item = items
        .iter()
        .find(|item| item.get("name").is_some_and(|n| n.is(name)));
    let Some(Node::Map { entries, .. }) = item else {
        return Some(Vec::new());
    };
    let ours = fields(&ImageEntry::default()).map(|(field, _)| field);
    let others = entries
        .iter()
        .filter(|(key, _)| !ours.iter().any(|ours| key.is(ours)));
    let field = |(key, value): &(Node, Node)| {
        let Node::Scalar(key) = key else { return None };
        Some((key.text.clone(), value.value()?))
    };
    others.map(field).collect()
}

/// How far the dashes of lists stand in, as the other lists of the file have it.
fn list_indent(text: &str, list: Option<&Node>, entries: &[(Node, Node)]) -> usize {
    let others = entries.iter().map(|(_, value)| value);
    let mut lists = list.into_iter().chain(others);
    let first = lists.find_map(|node| match node {
        Node::List {
            bracketed: false,
            items,
            ..
        } => dash_of(text, items.first()?),
        Node::List { .. } | Node::Map { .. } | Node::Scalar(_) | Node::Alias { .. } => None,
    });
    first.map_or(0, |dash| dash - line_start(text, dash))
}

/// Where the dash of an element is.
fn dash_of(text: &str, item: &Node) -> Option<usize> {
    let dash = text
        .get(..item.span().start)?
        .trim_end()
        .len()
        .checked_sub(1)?;
    (text.as_bytes().get(dash) == Some(&b'-')).then_some(dash)
}

fn root_indent(text: &str, root: &Node) -> usize {
    root.span().start - line_start(text, root.span().start)
}

/// Where lines can be added to the first document.
fn end_of_document(text: &str, root: &Node) -> usize {
    let end = root.span().end;
    let rest = text.get(end..).unwrap_or_default();
    let marker = rest.match_indices('\n').map(|(at, _)| at + 1).find(|at| {
        rest.get(*at..)
            .is_some_and(|rest| rest.starts_with("---") || rest.starts_with("..."))
    });
    marker.map_or(text.len(), |at| end + at)
}

fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |newline| newline + 1)
}

fn end_of_line(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let line = rest.split('\n').next().unwrap_or_default();
    at + line.strip_suffix('\r').unwrap_or(line).len()
}

fn next_line(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.find('\n')
        .map_or(text.len(), |newline| at + newline + 1)
}
