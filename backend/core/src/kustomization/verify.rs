//! Makes sure that only the images changed.

use crate::edit::yaml::{self, Document, Node, same};

use super::{ImageEntry, entry};

/// Fields of an image that are ours to change.
const OURS: [&str; 4] = ["name", "newName", "newTag", "digest"];

/// Whether the text has these images and otherwise says what it said before.
pub(super) fn is_sound(before: &[Document], changed: &str, images: &[ImageEntry]) -> bool {
    let Ok(after) = yaml::parse(changed) else {
        return false;
    };
    let (Some((first, others)), Some((changed, changed_others))) =
        (before.split_first(), after.split_first())
    else {
        return false;
    };
    others.len() == changed_others.len()
        && others
            .iter()
            .zip(changed_others)
            .all(|(a, b)| same(&a.root, &b.root))
        && same_fields(&first.root, &changed.root)
        && has_images(first.root.get("images"), changed.root.get("images"), images)
}

/// Whether both have the same fields but for `images`, in the same order.
fn same_fields(before: &Node, after: &Node) -> bool {
    let (Node::Map { entries: a, .. }, Node::Map { entries: b, .. }) = (before, after) else {
        return false;
    };
    let others = |(key, _): &&(Node, Node)| !key.is("images");
    let (a, b): (Vec<_>, Vec<_>) = (
        a.iter().filter(others).collect(),
        b.iter().filter(others).collect(),
    );
    a.len() == b.len()
        && a.into_iter()
            .zip(b)
            .all(|((a_key, a), (b_key, b))| same(a_key, b_key) && same(a, b))
}

fn has_images(before: Option<&Node>, after: Option<&Node>, images: &[ImageEntry]) -> bool {
    let (before, after) = (items(before), items(after));
    after.len() == images.len()
        && after.iter().zip(images).all(|(item, image)| {
            let old = before
                .iter()
                .find(|old| old.get("name").is_some_and(|n| n.is(&image.name)));
            entry(item).as_ref() == Ok(image) && same_others(old.copied(), item)
        })
}

fn items(list: Option<&Node>) -> Vec<&Node> {
    match list {
        Some(Node::List { items, .. }) => items.iter().collect(),
        Some(Node::Scalar(_) | Node::Map { .. } | Node::Alias { .. }) | None => Vec::new(),
    }
}

/// Whether fields that are not ours have the same values in both.
fn same_others(old: Option<&Node>, new: &Node) -> bool {
    let (old, new) = (others(old), others(Some(new)));
    old.len() == new.len()
        && old.into_iter().zip(new).all(|((a_key, a), (b_key, b))| {
            (a_key.value(), a.value()) == (b_key.value(), b.value())
        })
}

fn others(item: Option<&Node>) -> Vec<&(Node, Node)> {
    let Some(Node::Map { entries, .. }) = item else {
        return Vec::new();
    };
    entries
        .iter()
        .filter(|(key, _)| !OURS.iter().any(|ours| key.is(ours)))
        .collect()
}
