//! Sets values in YAML text by changing their own characters and no others.
//!
//! Comments, order, anchors, line ends and the way a value is quoted stay. The text is never
//! written anew, and after an edit it is read again: if anything but the wanted values differs,
//! there is an error and no new text.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

mod compare;
mod key;
mod lines;
mod meaning;
mod read;
mod tree;
mod write;

pub use compare::same;
pub use key::Key;
pub use meaning::Around;
pub use read::parse;
pub use tree::{Document, Node, Place, Properties, Scalar, Style};
pub use write::{flow as written, plain_or_quoted, splices};

/// A value to set.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    /// Which value.
    pub key: Key,
    /// The new value.
    pub value: Value,
}

/// Why a text cannot be changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum YamlError {
    /// The text is not YAML.
    #[error("not valid YAML: {message} at line {line}, column {column}")]
    Syntax {
        /// Line, from one.
        line: usize,
        /// Column, from one.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// There is no such value.
    #[error("key {key:?} not found: {found}")]
    Missing {
        /// The key that was asked for.
        key: String,
        /// How far it leads.
        found: String,
    },
    /// The list is shorter.
    #[error("key {key:?}: list {list} has {length} elements, there is no element {index}")]
    OutOfRange {
        /// The key that was asked for.
        key: String,
        /// The key of the list.
        list: String,
        /// The element that was asked for, from zero.
        index: String,
        /// How many elements there are.
        length: usize,
    },
    /// The value has values in it.
    #[error("key {key:?} leads to {what}, not to a single value")]
    NotScalar {
        /// The key that was asked for.
        key: String,
        /// What it leads to.
        what: &'static str,
    },
    /// The value stands elsewhere in the text.
    #[error("key {key:?} leads through an alias: set the value where its anchor is")]
    Alias {
        /// The key that was asked for.
        key: String,
    },
    /// The mapping has the key more than once.
    #[error("key {key:?}: {part:?} is there more than once")]
    Twice {
        /// The key that was asked for.
        key: String,
        /// The part of it that is there more than once.
        part: String,
    },
    /// The text is of a form that cannot be changed without touching the rest of it.
    #[error("cannot set key {key:?} without changing anything else: {reason}")]
    Unsafe {
        /// The key that was asked for.
        key: String,
        /// What is in the way.
        reason: &'static str,
    },
}

/// The text with the values set. All of them, or an error; of two values for one key the later
/// counts. If a text has several documents, the first one that has the key is changed.
///
/// # Errors
/// The first thing that keeps a value from being set.
pub fn update(text: &str, updates: &[Update]) -> Result<String, YamlError> {
    let documents = parse(text)?;
    let mut targets = BTreeMap::new();
    for update in updates {
        targets.insert(key::find(&documents, &update.key)?, update);
    }
    let mut splices = Vec::new();
    for (path, update) in &targets {
        let node = key::node(&documents, path);
        if node.is_some_and(|node| compare::is_list_or_map(node, &update.value)) {
            // A step that is repeated finds its list in the place of the value.
            continue;
        }
        let scalar = key::scalar(node, &update.key)?;
        let written = write::splices(text, scalar, &update.value);
        splices.extend(written.map_err(|reason| unsafe_edit(&update.key, reason))?);
    }
    let changed = apply(text, splices);
    let values = targets
        .iter()
        .map(|(path, update)| (path.clone(), &update.value))
        .collect();
    compare::only_changed(&documents, &changed, &values).map_err(|reason| {
        let key = updates.first().map(|update| &update.key);
        key.map_or_else(
            || YamlError::Unsafe {
                key: String::new(),
                reason,
            },
            |key| unsafe_edit(key, reason),
        )
    })?;
    Ok(changed)
}

/// A change of the text: this range becomes that.
pub type Splice = (Range<usize>, String);

/// The text with all changes made. They do not overlap.
pub fn apply(text: &str, mut splices: Vec<Splice>) -> String {
    splices.sort_by_key(|(range, _)| (range.start, range.end));
    let mut changed = String::with_capacity(text.len());
    let mut at = 0;
    for (range, replacement) in splices {
        changed.push_str(text.get(at..range.start).unwrap_or_default());
        changed.push_str(&replacement);
        at = at.max(range.end);
    }
    changed.push_str(text.get(at..).unwrap_or_default());
    changed
}

fn unsafe_edit(key: &Key, reason: &'static str) -> YamlError {
    YamlError::Unsafe {
        key: key.to_string(),
        reason,
    }
}

#[cfg(test)]
mod tests;
