//! Keys that lead to values: `image.tag`, `containers.0.image`, `annotations.example\.org/a`.

use std::fmt;
use std::str::FromStr;

use super::YamlError;
use super::tree::{Document, Node, Scalar};

/// The way to a value, from the top of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    text: String,
    parts: Vec<String>,
}

impl FromStr for Key {
    type Err = std::convert::Infallible;

    /// Splits at dots that have no `\` before them.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = vec![String::new()];
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let escaped = c == '\\' && chars.next_if_eq(&'.').is_some();
            match parts.last_mut() {
                Some(_) if c == '.' => parts.push(String::new()),
                Some(part) => part.push(if escaped { '.' } else { c }),
                None => {}
            }
        }
        Ok(Self {
            text: text.to_owned(),
            parts,
        })
    }
}

/// The key as it was written.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Key {
    /// The beginning of the key, as it would be written.
    fn beginning(&self, length: usize) -> String {
        let parts = self.parts.iter().take(length);
        parts
            .map(|part| part.replace('.', "\\."))
            .collect::<Vec<_>>()
            .join(".")
    }
}

/// The place of a node: the number of its document, then of each child on the way.
pub(super) type Path = Vec<usize>;

/// Finds the value that the key leads to, in the first document that has it.
pub(super) fn find(documents: &[Document], key: &Key) -> Result<Path, YamlError> {
    let mut first_error = None;
    for (number, document) in documents.iter().enumerate() {
        match find_in(document, key) {
            Ok(path) => return Ok([vec![number], path].concat()),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    Err(first_error.unwrap_or_else(|| YamlError::Missing {
        key: key.to_string(),
        found: "the file is empty".to_owned(),
    }))
}

/// The node at a path that was found.
pub(super) fn node<'a>(documents: &'a [Document], path: &[usize]) -> Option<&'a Node> {
    let (document, children) = path.split_first()?;
    let root = documents.get(*document).map(|document| &document.root);
    children
        .iter()
        .fold(root, |node, child| node.and_then(|node| node.child(*child)))
}

/// The scalar that the node is.
pub(super) fn scalar<'a>(node: Option<&'a Node>, key: &Key) -> Result<&'a Scalar, YamlError> {
    let not_scalar = |what| {
        Err(YamlError::NotScalar {
            key: key.to_string(),
            what,
        })
    };
    match node {
        Some(Node::Scalar(scalar)) => Ok(scalar),
        Some(Node::Alias { .. }) => Err(YamlError::Alias {
            key: key.to_string(),
        }),
        Some(Node::List { .. }) => not_scalar("a list"),
        Some(Node::Map { .. }) | None => not_scalar("a mapping"),
    }
}

fn find_in(document: &Document, key: &Key) -> Result<Path, YamlError> {
    let mut path = Path::new();
    let mut node = &document.root;
    for (depth, part) in key.parts.iter().enumerate() {
        let child = match node {
            Node::Map { entries, .. } => {
                let mut same = entries
                    .iter()
                    .enumerate()
                    .filter(|(_, (name, _))| name.is(part));
                let first = same.next();
                if same.next().is_some() {
                    let part = part.clone();
                    return Err(YamlError::Twice {
                        key: key.to_string(),
                        part,
                    });
                }
                let (at, (_, value)) = first.ok_or_else(|| missing(key, depth, node))?;
                (at, value)
            }
            Node::List { items, .. } => {
                let index = part.parse::<usize>().ok();
                let item = index.and_then(|at| items.get(at).map(|item| (at, item)));
                item.ok_or_else(|| no_element(key, depth, part, items.len()))?
            }
            Node::Alias { .. } => {
                return Err(YamlError::Alias {
                    key: key.to_string(),
                });
            }
            Node::Scalar(_) => return Err(missing(key, depth, node)),
        };
        path.push(child.0);
        node = child.1;
    }
    Ok(path)
}

fn no_element(key: &Key, depth: usize, part: &str, length: usize) -> YamlError {
    let list = format!("{:?}", key.beginning(depth));
    if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
        let found = format!("{list} is a list, and {part:?} is not a number");
        return YamlError::Missing {
            key: key.to_string(),
            found,
        };
    }
    YamlError::OutOfRange {
        key: key.to_string(),
        list,
        index: part.to_owned(),
        length,
    }
}

fn missing(key: &Key, depth: usize, node: &Node) -> YamlError {
    let parent = key.beginning(depth);
    let part = key.parts.get(depth).map(String::as_str).unwrap_or_default();
    let dotted = key.parts.get(depth..).unwrap_or_default().join(".");
    let shown = if depth == 0 {
        "the document".to_owned()
    } else {
        format!("{parent:?}")
    };
    let found = match node {
        Node::Map { entries, .. } if entries.iter().any(|(name, _)| name.is(&dotted)) => {
            format!("{shown} has the key {dotted:?}, whose dots must be written as \\.")
        }
        Node::Map { .. } => format!("{shown} has no key {part:?}"),
        Node::List { .. } | Node::Scalar(_) | Node::Alias { .. } => {
            format!("{shown} is a single value")
        }
    };
    YamlError::Missing {
        key: key.to_string(),
        found,
    }
}
