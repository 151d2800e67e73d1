//! Makes sure that an edit changed what it was meant to change.

use std::collections::BTreeMap;

use serde_json::Value;

use super::key::Path;
use super::read::parse;
use super::tree::{Document, Node, Scalar};

/// Compares the text after an edit with the documents before it. The values at the paths must be
/// the given ones, everything else must be as it was.
pub(super) fn only_changed(
    before: &[Document],
    after: &str,
    values: &BTreeMap<Path, &Value>,
) -> Result<(), &'static str> {
    let after = parse(after).map_err(|_| "the result would not be YAML")?;
    if before.len() != after.len() {
        return Err("documents would be joined or split");
    }
    let roots = before.iter().zip(&after).enumerate();
    let mut checks = roots.map(|(number, (before, after))| {
        let mut path = vec![number];
        as_wanted(&before.root, &after.root, &mut path, values)
    });
    if checks.all(|same| same) {
        Ok(())
    } else {
        Err("other values would change")
    }
}

/// Whether both nodes say the same in the same manner.
pub fn same(before: &Node, after: &Node) -> bool {
    as_wanted(before, after, &mut Path::new(), &BTreeMap::new())
}

fn as_wanted(
    before: &Node,
    after: &Node,
    path: &mut Path,
    values: &BTreeMap<Path, &Value>,
) -> bool {
    if let Some(value) = values.get(path) {
        return says(after, value);
    }
    let mut below = |at, before, after| {
        path.push(at);
        let same = as_wanted(before, after, path, values);
        path.pop();
        same
    };
    match (before, after) {
        (Node::Scalar(a), Node::Scalar(b)) => same_scalar(a, b),
        (Node::Alias { anchor: a, .. }, Node::Alias { anchor: b, .. }) => a == b,
        (
            Node::List {
                items: a,
                properties: p,
                ..
            },
            Node::List {
                items: b,
                properties: q,
                ..
            },
        ) => {
            let mut pairs = a.iter().zip(b).enumerate();
            p == q && a.len() == b.len() && pairs.all(|(at, (a, b))| below(at, a, b))
        }
        (
            Node::Map {
                entries: a,
                properties: p,
                ..
            },
            Node::Map {
                entries: b,
                properties: q,
                ..
            },
        ) => {
            let mut keys = a.iter().zip(b);
            let mut pairs = a.iter().zip(b).enumerate();
            p == q
                && a.len() == b.len()
                && keys.all(|((a, _), (b, _))| same(a, b))
                && pairs.all(|(at, ((_, a), (_, b)))| below(at, a, b))
        }
        (Node::Scalar(_) | Node::Alias { .. } | Node::List { .. } | Node::Map { .. }, _) => false,
    }
}

fn same_scalar(a: &Scalar, b: &Scalar) -> bool {
    (&a.text, a.style, &a.properties) == (&b.text, b.style, &b.properties)
}

/// Whether the node is this list or mapping.
pub(super) fn is_list_or_map(node: &Node, value: &Value) -> bool {
    (value.is_array() || value.is_object()) && says(node, value)
}

/// Whether the node is this value.
fn says(node: &Node, value: &Value) -> bool {
    match (node, value) {
        (Node::Scalar(scalar), value) => match (scalar.value(), value) {
            (Value::Number(a), Value::Number(b)) => {
                a == *b || a.as_f64().is_some_and(|a| b.as_f64() == Some(a))
            }
            (a, b) => a == *b,
        },
        (Node::List { items, .. }, Value::Array(values)) => {
            items.len() == values.len() && items.iter().zip(values).all(|(a, b)| says(a, b))
        }
        (Node::Map { entries, .. }, Value::Object(fields)) => {
            entries.len() == fields.len()
                && entries
                    .iter()
                    .zip(fields)
                    .all(|((a, node), (b, value))| a.is(b) && says(node, value))
        }
        (Node::List { .. } | Node::Map { .. } | Node::Alias { .. }, _) => false,
    }
}
